"""What happens next: two winner trees (replicas; message lanes and timers), a small heap, and a timer wheel.

Time-outs rarely fire, so they wait in
the buckets of a wheel, from which a request that got its answer is unlinked; only those whose bucket comes up enter
the heap.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import Globals, LiveRequest, RareEvent
from sim.engines.compiled.state import MISC_LEAF, WHEEL, WHEEL_LEAF, Clock, Tree
from sim.engines.record import Rows

# kinds of entry in the heap, in their order at the same time
DELAYED_FAIL, TIME_OUT, RETRY, QUEUE_LOOK = 0, 1, 2, 3


class Rare(NamedTuple):
    """What an entry of the heap of rare events says."""

    kind: int
    ref: int  # slot of the request, or of the attempt that failed; or the router (look)
    stamp: int  # the request's stamp (time-out) or generation (retry): the entry is void if that has changed; or the
    #             attempt's number (delayed failure), or the model (look)
    failure: int  # kind of failure (delayed failure)


class Due(NamedTuple):
    """Which leaf of a tree is due first, and when."""

    leaf: int
    at_s: float


@inner(forceinline=True)
def first_of_two(a_s: float, b_s: float) -> float:
    """The earlier of two times: ``min`` would ask both whether they are numbers."""
    return a_s if a_s < b_s else b_s


@inner(forceinline=True)
def set_time(tree: Tree, leaf: int, at: float) -> None:
    """Give a leaf its next time and mend the tree above it.

    Each level plays the winner so far against the other half's winner, which does not depend on the level below:
    no loads wait for each other, and without an early end no branch is a coin flip. Times are compared as integers
    (the bits of a positive double are in the order of its value), which the processor selects without a branch.
    """
    winners, times = tree.winners, tree.times
    bits = np.float64(at).view(np.int64)
    times[leaf] = bits
    node = np.uint64(leaf + times.shape[0])
    winner = np.uint32(leaf)
    while node > np.uint64(1):
        rival = winners[node ^ np.uint64(1)]
        rival_bits = times[np.uint64(rival)]
        loses = rival_bits - np.int64(node & np.uint64(1)) < bits  # an odd node's rival is to its left: it wins ties
        winner = rival if loses else winner
        bits = min(bits, rival_bits)
        node >>= np.uint64(1)
        winners[node] = winner


@inner(forceinline=True)
def next_leaf(tree: Tree) -> Due:
    """The leaf that is due first, and when."""
    leaf = int(tree.winners[1])
    return Due(leaf, float(np.int64(tree.times[leaf]).view(np.float64)))


@inner(forceinline=True)
def is_contested(tree: Tree, leaf: int) -> bool:
    """True if another leaf is due at the same time as the one that is due first."""
    winners, times = tree.winners, tree.times
    at = times[leaf]
    node = np.uint64(leaf + times.shape[0])
    contested = False
    while node > np.uint64(1):  # a rival on the way up; what it had beaten itself is not due earlier
        contested |= times[np.uint64(winners[node ^ np.uint64(1)])] == at
        node >>= np.uint64(1)
    return contested


@inner(forceinline=True)
def earlier(a: RareEvent, b: RareEvent) -> bool:
    """Order of heap entries: by time, then as docs/semantics.md, section 10, has it; never by who was there first."""
    if a.due_s != b.due_s:
        return bool(a.due_s < b.due_s)
    if (a.kind == DELAYED_FAIL) != (b.kind == DELAYED_FAIL):
        return bool(a.kind == DELAYED_FAIL)  # a message to a router: before its timers
    if (a.kind == QUEUE_LOOK) != (b.kind == QUEUE_LOOK):
        return bool(b.kind == QUEUE_LOOK)  # after all timers
    if a.key != b.key:
        return bool(a.key < b.key)
    return bool(a.stamp < b.stamp if a.kind == DELAYED_FAIL else a.kind < b.kind)


@inner(forceinline=True)
def copy_timer(to: RareEvent, source: RareEvent) -> None:
    """Copy a heap entry."""
    to.due_s = source.due_s
    to.key = source.key
    to.kind = source.kind
    to.ref = source.ref
    to.stamp = source.stamp
    to.failure = source.failure


@inner(often=True)
def push_misc(g: Globals, clock: Clock, due_s: float, key: int, event: Rare) -> None:
    """Add an event of the request with ``key`` to the heap of rare events."""
    heap = clock.misc
    spare = heap[heap.shape[0] - 1]  # the last place is never used by the heap itself
    spare.due_s = due_s
    spare.key = key
    spare.kind = event.kind
    spare.ref = event.ref
    spare.stamp = event.stamp
    spare.failure = event.failure
    position = g.misc_count
    g.misc_count += 1
    while position > 0:
        parent = (position - 1) >> 1
        if not earlier(spare, heap[parent]):
            break
        copy_timer(heap[position], heap[parent])
        position = parent
    copy_timer(heap[position], spare)
    set_time(clock.front, MISC_LEAF, heap[0].due_s)


@inner()
def pop_misc(g: Globals, clock: Clock) -> None:
    """Move the earliest entry of the heap to its spare place and close the gap."""
    heap = clock.misc
    spare = heap[heap.shape[0] - 1]
    copy_timer(spare, heap[0])
    g.misc_count -= 1
    count = g.misc_count
    if count > 0:
        last = heap[count]
        position = 0
        child = 1
        while child < count:
            if child + 1 < count and earlier(heap[child + 1], heap[child]):
                child += 1
            if not earlier(heap[child], last):
                break
            copy_timer(heap[position], heap[child])
            position = child
            child = 2 * position + 1
        copy_timer(heap[position], last)
    at = heap[0].due_s if count > 0 else np.inf
    set_time(clock.front, MISC_LEAF, at)


@inner(forceinline=True)
def unlink_timer(clock: Clock, requests: Rows[LiveRequest], q: int) -> None:
    """Take a request off the wheel, if it is on it."""
    request = requests[q]
    if request.bucket < 0:
        return
    if request.timer_prev >= 0:
        requests[request.timer_prev].timer_next = request.timer_next
    else:
        clock.wheel[request.bucket] = request.timer_next
    if request.timer_next >= 0:
        requests[request.timer_next].timer_prev = request.timer_prev
    request.bucket = -1


@inner(forceinline=True)
def stop_timer(g: Globals, clock: Clock, requests: Rows[LiveRequest], q: int) -> None:
    """Cancel a request's timer, wherever it waits."""
    request = requests[q]
    # Entries are not searched for in the heap: one with an older stamp is void when it comes up.
    request.stamp += 1
    if request.bucket >= 0:
        unlink_timer(clock, requests, q)
        g.timers -= 1
        if g.timers == 0:
            set_time(clock.front, WHEEL_LEAF, np.inf)


@inner(forceinline=True)
def link_timer(g: Globals, clock: Clock, requests: Rows[LiveRequest], q: int) -> None:
    """Hang a timer in its bucket, or in the farthest one if it is more than a round away."""
    request = requests[q]
    # A bucket is opened when its time comes, so a timer never hangs in the one that is open: at least one ahead.
    ahead = min(max(request.timer_at / g.wheel_width - g.wheel_cursor, 1.0), WHEEL - 1.0)
    bucket = (g.wheel_cursor + int(ahead)) % WHEEL
    request.bucket = bucket
    request.timer_prev = -1
    request.timer_next = clock.wheel[bucket]
    if request.timer_next >= 0:
        requests[request.timer_next].timer_prev = q
    clock.wheel[bucket] = q
    g.timers += 1


@inner(often=True)
def start_timer(g: Globals, clock: Clock, requests: Rows[LiveRequest], q: int) -> None:
    """(Re)start a request's timer at its ``timer_at``; the old one is void."""
    stop_timer(g, clock, requests, q)
    request = requests[q]
    if request.timer_at == np.inf:
        return
    if g.timers == 0:
        g.wheel_cursor = int(g.now / g.wheel_width)
    # The bucket of the present is open already: what is due in it would wait a whole round.
    if request.timer_at < (g.wheel_cursor + 1) * g.wheel_width:
        push_misc(g, clock, max(request.timer_at, g.now), request.key, Rare(TIME_OUT, q, request.stamp, 0))
        return
    link_timer(g, clock, requests, q)
    if g.timers == 1:
        set_time(clock.front, WHEEL_LEAF, (g.wheel_cursor + 1) * g.wheel_width)


@inner()
def turn_wheel(g: Globals, clock: Clock, requests: Rows[LiveRequest]) -> None:
    """Open the next bucket: timers due in it enter the heap, those of later rounds go back on the wheel."""
    g.wheel_cursor += 1
    bucket = g.wheel_cursor % WHEEL
    q = clock.wheel[bucket]
    clock.wheel[bucket] = -1
    end_s = (g.wheel_cursor + 1) * g.wheel_width
    while q >= 0:
        request = requests[q]
        following = request.timer_next
        request.bucket = -1
        g.timers -= 1
        if request.timer_at < end_s:
            push_misc(g, clock, max(request.timer_at, g.now), request.key, Rare(TIME_OUT, q, request.stamp, 0))
        else:
            link_timer(g, clock, requests, q)
        q = following
    # An empty wheel does not turn: start_timer sets it going again from the present time.
    at = end_s if g.timers > 0 else np.inf
    set_time(clock.front, WHEEL_LEAF, at)
