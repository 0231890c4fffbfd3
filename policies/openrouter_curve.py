"""The curve by which OpenRouter's preference falls with an offer's distance from the best, as it is drawn.

Source: OpenRouterTeam/docs@3634e3c, the figures of guides/providers/traffic-routing.
"""

from typing import Final

from sim.compiled import rule

# Generalised cost over the best one's, less 1, at the corners of the drawn curve, and the preference there.
DISTANCES: Final = (0.0, 0.07, 0.11, 0.14, 0.17, 0.2, 0.22, 0.25, 0.31, 0.33, 0.35, 0.37, 0.39, 0.41, 0.44, 0.47, 0.5,
                    0.54, 0.59, 0.65, 0.72, 1.0)
PREFERENCES: Final = (1.0, 0.905, 0.846, 0.796, 0.736, 0.666, 0.612, 0.522, 0.331, 0.273, 0.221, 0.176, 0.138, 0.107,
                      0.073, 0.049, 0.033, 0.019, 0.010, 0.004, 0.002, 0.0)


@rule()
def preference(distance: float) -> float:
    """Weight of an offer at a distance from the best, on the drawn curve."""
    for corner in range(1, len(DISTANCES)):
        if distance < DISTANCES[corner]:
            before, after = DISTANCES[corner - 1], DISTANCES[corner]
            rise = (PREFERENCES[corner] - PREFERENCES[corner - 1]) / (after - before)
            return PREFERENCES[corner - 1] + rise * (distance - before)
    return 0.0
