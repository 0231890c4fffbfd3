"""Who still holds an attempt: its provider, messages under way, and those over too early, for the books."""

from sim.compiled import inner
from sim.engines.compiled.records import Globals
from sim.engines.compiled.state import Supply


@inner(forceinline=True)
def owe(g: Globals, supply: Supply, a: int) -> None:
    """Keep an attempt; the loop settles it before it goes on (`sim.engines.compiled.books.settle`)."""
    supply.attempts[a].refs += 1
    supply.owed[g.owed] = a
    g.owed += 1


@inner(forceinline=True)
def release(g: Globals, supply: Supply, a: int) -> None:
    """Drop one reference to an attempt; its slot is free when none is left."""
    attempt = supply.attempts[a]
    # A message under way still names the slot: handed out before it arrives, the slot would answer for a stranger.
    attempt.refs -= 1
    if attempt.refs == 0:
        supply.free_attempts[g.free_attempts] = a
        g.free_attempts += 1
