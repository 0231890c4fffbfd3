"""Attempts that are over before their answer was complete, kept for the books, of which providers know nothing."""

from sim.compiled import inner
from sim.engines.compiled.records import Globals
from sim.engines.compiled.state import Supply


@inner(forceinline=True)
def owe(g: Globals, supply: Supply, a: int) -> None:
    """Keep an attempt; the loop settles it before it goes on (`sim.engines.compiled.books.settle`)."""
    supply.attempts[a].refs += 1
    supply.owed[g.owed] = a
    g.owed += 1
