"""Numbers that a scenario allows: none so small that its inverse overflows (`sim.scenario.base.SMALLEST`)."""

from hypothesis import strategies as st

from sim.scenario.base import SMALLEST


def sound(low, high):
    """Floats between two others, with zero in place of what is nearer to it than a field may be."""
    return st.floats(low, high).map(lambda value: value if abs(value) >= SMALLEST else 0.0)
