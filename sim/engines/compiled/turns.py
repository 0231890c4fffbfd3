"""Closed loops: the end of a turn begets the next one (docs/semantics.md, section 13).

A loop has a slot of a pool from its first turn to its last: there is the row of its present turn, or of the next one
while its customer thinks. Slots of those who think are in a binary heap by time and key of the arrival.
"""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import Globals
from sim.engines.compiled.state import SPARE, Chains, free_stack
from sim.engines.next_turn import ClosedLoops, next_turn, no_loops
from sim.engines.record import Rows, rows_of, table
from sim.engines.requests import REQUEST, ArrivingRequest


def new_chains(loops: ClosedLoops | None, classes: int) -> Chains:
    """Closed loops as a shard has them: what follows a turn is the same for all, those under way are its own.

    Without loops nothing follows in any of so many classes.
    """
    places = 2 * SPARE
    rows = table(np.zeros(places, REQUEST), ArrivingRequest)
    return Chains(loops or no_loops(classes), rows, free_stack(places), np.zeros(places, np.int32))


def with_room(chains: Chains, used: int) -> Chains:
    """The same with twice the places if nearly all are used; so many are."""
    places = len(chains.free)
    if used <= places - SPARE:
        return chains
    rows = np.zeros(2 * places, REQUEST)
    rows[:places] = rows_of(chains.rows)
    fresh = np.arange(2 * places - 1, places - 1, -1)
    free = np.concatenate([fresh, chains.free[: places - used], np.zeros(used)]).astype(np.int32)
    heap = np.concatenate([chains.heap, np.zeros_like(chains.heap)])
    return Chains(chains.loops, table(rows, ArrivingRequest), free, heap)


@inner()
def begin(g: Globals, chains: Chains, row: ArrivingRequest) -> int:
    """The first turn of a loop has arrived; return the slot that the loop gets."""
    slot = chains.free[chains.free.shape[0] - 1 - g.chains]
    g.chains += 1
    chains.rows[slot] = row
    return int(slot)


@inner()
def follow(g: Globals, chains: Chains, slot: int) -> None:
    """A turn has ended: let the next one come, if there is one before demand ends."""
    goes_on = next_turn(chains.loops, chains.rows, slot, g.now, g.per_s)
    if goes_on and chains.rows[slot].arrive_s < g.demand_ends_s:
        _push(g, chains, slot)
        g.live += 1  # its customer will be back
        return
    g.chains -= 1
    chains.free[chains.free.shape[0] - 1 - g.chains] = slot


@inner(forceinline=True)
def arrives_before(rows: Rows[ArrivingRequest], slot: int, row: ArrivingRequest) -> bool:
    """True if the turn of a slot reaches its router before another request."""
    turn = rows[slot]
    return bool(turn.key < row.key) if turn.arrive_s == row.arrive_s else bool(turn.arrive_s < row.arrive_s)


@inner(forceinline=True)
def next_turn_s(chains: Chains) -> float:
    """When the first turn of those whose customers think arrives, s; there must be one."""
    return chains.rows[chains.heap[0]].arrive_s


@inner()
def _push(g: Globals, chains: Chains, slot: int) -> None:
    heap, rows = chains.heap, chains.rows
    position = g.thinking
    g.thinking += 1
    while position > 0:
        parent = (position - 1) >> 1
        if not arrives_before(rows, slot, rows[heap[parent]]):
            break
        heap[position] = heap[parent]
        position = parent
    heap[position] = slot


@inner()
def pop(g: Globals, chains: Chains) -> int:
    """Take the slot of the turn that arrives first off the heap."""
    heap, rows = chains.heap, chains.rows
    first = heap[0]
    g.thinking -= 1
    count = g.thinking
    last = heap[count]
    position = 0
    child = 1
    while child < count:
        if child + 1 < count and arrives_before(rows, heap[child + 1], rows[heap[child]]):
            child += 1
        if not arrives_before(rows, heap[child], rows[last]):
            break
        heap[position] = heap[child]
        position = child
        child = 2 * position + 1
    heap[position] = last
    return int(first)
