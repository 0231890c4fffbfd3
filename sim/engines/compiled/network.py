"""The network between routers and offers: five messages, each a one-way delay on its way.

Messages between a router and an offer all take the same time, so messages with equal delay leave a lane in the
order in which they entered it: a FIFO per delay replaces a heap of messages. Those that were sent at one time arrive at
one time, too, and stand on the lane in the order of `sim.engines.compiled.ties`.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.clock import set_time
from sim.engines.compiled.prefetch import prefetch
from sim.engines.compiled.records import Attempt, Globals, Lane, LiveRequest
from sim.engines.compiled.state import FIRST_LANE, Clock, wide
from sim.engines.record import Rows
from sim.engines.rules import AT_PROVIDER, AT_ROUTER, CANCEL, DISPATCH


class Letter(NamedTuple):
    """What a message says."""

    kind: int
    attempt: int  # slot
    failure: int  # kind of failure (sim.policy); 0 unless it says FAIL


class Rank(NamedTuple):
    """The place of a message or timer among those due at the same time (docs/semantics.md, section 10)."""

    end: int  # at a router, a timer, or at a provider (sim.engines.rules)
    key: int  # of the request
    number: int  # of the attempt
    kind: int


@inner(forceinline=True)
def ranks_before(a: Rank, b: Rank) -> bool:
    """True if ``a`` is handled first."""
    if a.end != b.end:
        return a.end < b.end
    if a.key != b.key:
        return a.key < b.key
    return a.number < b.number if a.number != b.number else a.kind < b.kind


@inner(forceinline=True)
def rank_of(attempts: Rows[Attempt], kind: int, a: int) -> Rank:
    """Rank of a message about an attempt."""
    attempt = attempts[a]
    end = AT_PROVIDER if kind == DISPATCH or kind == CANCEL else AT_ROUTER
    return Rank(end, attempt.key, wide(attempt.number), wide(kind))  # one type whoever asks


@inner(forceinline=True)
def send(g: Globals, clock: Clock, attempts: Rows[Attempt], lane: int, letter: Letter) -> None:
    """Put a message about an attempt on a lane; it is due one delay from now."""
    g.free_messages -= 1
    slot = clock.free_messages[g.free_messages]
    message = clock.messages[slot]
    road = clock.lanes[lane]
    message.due_s = g.now + road.delay_s
    message.kind = letter.kind
    message.attempt = letter.attempt
    message.request = attempts[letter.attempt].request
    message.failure = letter.failure
    message.next = -1
    message.prev = road.tail
    # Only the first message of a lane stands in the tree: the others are due after it, in order.
    if road.head < 0:
        road.head = slot
        road.tail = slot
        set_time(clock.front, FIRST_LANE + lane, message.due_s)
        return
    last = clock.messages[road.tail]
    last.next = slot
    road.tail = slot
    if last.due_s == message.due_s:
        sort_in(clock, attempts, road, slot)


@inner()
def sort_in(clock: Clock, attempts: Rows[Attempt], road: Lane, slot: int) -> None:
    """Move the newest message of a lane before those of the same time that it ranks before."""
    message = clock.messages[slot]
    rank = rank_of(attempts, message.kind, message.attempt)
    before = message.prev  # the message behind which it belongs
    while before >= 0:
        other = clock.messages[before]
        if other.due_s != message.due_s or not ranks_before(rank, rank_of(attempts, other.kind, other.attempt)):
            break
        before = other.prev
    if before == message.prev:
        return
    road.tail = message.prev
    clock.messages[road.tail].next = -1
    after = clock.messages[before].next if before >= 0 else road.head
    if before >= 0:
        clock.messages[before].next = slot
    else:
        road.head = slot
    clock.messages[after].prev = slot
    message.prev = before
    message.next = after


@inner(forceinline=True)
def receive(g: Globals, clock: Clock, lane: int, requests: Rows[LiveRequest], attempts: Rows[Attempt]) -> int:
    """Take the oldest message off a lane; its slot is already free but still holds the message.

    What the next message of the lane is about is fetched into the cache meanwhile.
    """
    road = clock.lanes[lane]
    slot = road.head
    road.head = clock.messages[slot].next
    at = np.inf
    if road.head >= 0:
        following = clock.messages[road.head]
        following.prev = -1
        at = following.due_s
        prefetch(requests, following.request)
        prefetch(attempts, following.attempt)
    else:
        road.tail = -1
    set_time(clock.front, FIRST_LANE + lane, at)
    clock.free_messages[g.free_messages] = slot
    g.free_messages += 1
    return int(wide(slot))


@inner(forceinline=True)
def put_back(g: Globals, clock: Clock, lane: int, slot: int) -> None:
    """Put the message that was received last back to the head of its lane."""
    road = clock.lanes[lane]
    g.free_messages -= 1  # its slot is on top of the stack
    if road.head >= 0:
        clock.messages[road.head].prev = slot
    else:
        road.tail = slot
    road.head = slot  # it still says which one is behind it
    set_time(clock.front, FIRST_LANE + lane, clock.messages[slot].due_s)
