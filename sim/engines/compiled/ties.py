"""Which of several lanes and timers goes first if they are due at the same time (docs/semantics.md, section 10)."""

from sim.compiled import inner
from sim.engines.compiled.clock import DELAYED_FAIL, QUEUE_LOOK
from sim.engines.compiled.network import Rank, rank_of, ranks_before
from sim.engines.compiled.state import FIRST_LANE, Clock, Supply, wide
from sim.engines.rules import AT_ROUTER, FAIL, LOOK, TIMER


@inner()
def first_of_ties(clock: Clock, supply: Supply, leaf: int) -> int:
    """The leaf, among those due at the time of ``leaf``, whose next message or timer ranks first."""
    times = clock.front.times
    at = times[leaf]
    best = leaf
    best_rank = rank_of_leaf(clock, supply, leaf)
    for other in range(leaf + 1, FIRST_LANE + clock.lanes.shape[0]):
        if times[other] != at:
            continue
        rank = rank_of_leaf(clock, supply, other)
        if ranks_before(rank, best_rank):
            best = other
            best_rank = rank
    return best


@inner()
def rank_of_leaf(clock: Clock, supply: Supply, leaf: int) -> Rank:
    """Rank of the next message of a lane, or of the next entry of the heap of rare events."""
    if leaf >= FIRST_LANE:
        message = clock.messages[clock.lanes[leaf - FIRST_LANE].head]
        return rank_of(supply.attempts, message.kind, message.attempt)
    entry = clock.misc[0]
    if entry.kind == DELAYED_FAIL:
        return Rank(AT_ROUTER, entry.key, wide(entry.stamp), FAIL)
    if entry.kind == QUEUE_LOOK:
        return Rank(LOOK, entry.key, 0, 0)
    return Rank(TIMER, entry.key, 0, wide(entry.kind))
