"""What happens next: two winner trees (replicas; message lanes and timers), a small heap, and a timer wheel.

Messages between a router and an offer all take the same time, so messages with equal delay leave a lane in the
order in which they entered it: a FIFO per delay replaces a heap of messages. Time-outs rarely fire, so they wait in
the buckets of a wheel, from which a request that got its answer is unlinked; only those whose bucket comes up enter
the heap.
"""

from typing import Any

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.prefetch import prefetch
from sim.engines.compiled.state import FIRST_LANE, MISC_LEAF, WHEEL, WHEEL_LEAF, Clock, Tree

# kinds of message
DISPATCH, CANCEL, FIRST_TOKEN, DONE, FAIL = 0, 1, 2, 3, 4
# kinds of entry in the heap
TIME_OUT, RETRY, DELAYED_FAIL = 0, 1, 2


@inner(forceinline=True)
def set_time(tree: Tree, leaf: int, at: float) -> None:
    """Give a leaf its next time and mend the tree above it.

    Each level plays the winner so far against the other half's winner, which does not depend on the level below:
    no loads wait for each other, and without an early end no branch is a coin flip. Times are compared as integers
    (the bits of a positive double are in the order of its value), which the processor selects without a branch.
    """
    winners, times = tree
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
def next_leaf(tree: Tree) -> tuple[Any, Any]:
    """The leaf that is due first, and when."""
    leaf = np.int64(tree.winners[1])
    return leaf, np.int64(tree.times[leaf]).view(np.float64)


@inner(forceinline=True)
def send(g: Any, clock: Clock, lane: int, letter: tuple[int, int, int], request: int) -> None:
    """Put a message (kind, attempt, failure) about a request on a lane; it is due one delay from now."""
    g.free_messages -= 1
    slot = clock.free_messages[g.free_messages]
    message = clock.messages[slot]
    road = clock.lanes[lane]
    message.due_s = g.now + road.delay_s
    message.kind = letter[0]
    message.attempt = letter[1]
    message.request = request
    message.failure = letter[2]
    message.next = -1
    if road.head < 0:
        road.head = slot
        road.tail = slot
        set_time(clock.front, FIRST_LANE + lane, message.due_s)
    else:
        clock.messages[road.tail].next = slot
        road.tail = slot


@inner(forceinline=True)
def receive(g: Any, clock: Clock, lane: int, requests: np.ndarray, attempts: np.ndarray) -> int:
    """Take the oldest message off a lane; its slot is already free but still holds the message.

    What the next message of the lane is about is fetched into the cache meanwhile.
    """
    road = clock.lanes[lane]
    slot = road.head
    road.head = clock.messages[slot].next
    at = np.inf
    if road.head >= 0:
        following = clock.messages[road.head]
        at = following.due_s
        prefetch(requests, following.request)
        prefetch(attempts, following.attempt)
    set_time(clock.front, FIRST_LANE + lane, at)
    clock.free_messages[g.free_messages] = slot
    g.free_messages += 1
    return int(slot)


@inner(forceinline=True)
def earlier(a: Any, b: Any) -> bool:
    """Order of heap entries: by time, then by the order in which they were made."""
    return bool(a.due_s < b.due_s or (a.due_s == b.due_s and a.seq < b.seq))


@inner(forceinline=True)
def copy_timer(to: Any, source: Any) -> None:
    """Copy a heap entry."""
    to.due_s = source.due_s
    to.seq = source.seq
    to.kind = source.kind
    to.ref = source.ref
    to.stamp = source.stamp
    to.failure = source.failure


@inner()
def push_misc(g: Any, clock: Clock, due_s: float, entry: tuple[int, int, int, int]) -> None:
    """Add (kind, ref, stamp, failure) to the heap of rare events."""
    heap = clock.misc
    g.seq += 1
    spare = heap[heap.shape[0] - 1]  # the last place is never used by the heap itself
    spare.due_s = due_s
    spare.seq = g.seq
    spare.kind = entry[0]
    spare.ref = entry[1]
    spare.stamp = entry[2]
    spare.failure = entry[3]
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
def pop_misc(g: Any, clock: Clock) -> None:
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
def unlink_timer(clock: Clock, requests: np.ndarray, q: int) -> None:
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
def stop_timer(g: Any, clock: Clock, requests: np.ndarray, q: int) -> None:
    """Cancel a request's timer, wherever it waits."""
    request = requests[q]
    request.stamp += 1  # an entry in the heap with an older stamp is void
    if request.bucket >= 0:
        unlink_timer(clock, requests, q)
        g.timers -= 1
        if g.timers == 0:
            set_time(clock.front, WHEEL_LEAF, np.inf)


@inner(forceinline=True)
def link_timer(g: Any, clock: Clock, requests: np.ndarray, q: int) -> None:
    """Hang a timer in its bucket, or in the farthest one if it is more than a round away."""
    request = requests[q]
    ahead = min(max(request.timer_at / g.wheel_width - g.wheel_cursor, 1.0), WHEEL - 1.0)
    bucket = (g.wheel_cursor + int(ahead)) % WHEEL
    request.bucket = bucket
    request.timer_prev = -1
    request.timer_next = clock.wheel[bucket]
    if request.timer_next >= 0:
        requests[request.timer_next].timer_prev = q
    clock.wheel[bucket] = q
    g.timers += 1


@inner()
def start_timer(g: Any, clock: Clock, requests: np.ndarray, q: int) -> None:
    """(Re)start a request's timer at its ``timer_at``; the old one is void."""
    stop_timer(g, clock, requests, q)
    request = requests[q]
    if request.timer_at == np.inf:
        return
    if g.timers == 0:
        g.wheel_cursor = int(g.now / g.wheel_width)
    if request.timer_at < (g.wheel_cursor + 1) * g.wheel_width:
        push_misc(g, clock, max(request.timer_at, g.now), (TIME_OUT, q, request.stamp, 0))
        return
    link_timer(g, clock, requests, q)
    if g.timers == 1:
        set_time(clock.front, WHEEL_LEAF, (g.wheel_cursor + 1) * g.wheel_width)


@inner()
def turn_wheel(g: Any, clock: Clock, requests: np.ndarray) -> None:
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
            push_misc(g, clock, max(request.timer_at, g.now), (TIME_OUT, q, request.stamp, 0))
        else:
            link_timer(g, clock, requests, q)
        q = following
    at = end_s if g.timers > 0 else np.inf
    set_time(clock.front, WHEEL_LEAF, at)
