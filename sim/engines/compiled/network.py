"""The network between routers and offers: five messages, each a one-way delay on its way.

Messages between a router and an offer all take the same time, so messages with equal delay leave a lane in the
order in which they entered it: a FIFO per delay replaces a heap of messages.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.clock import set_time
from sim.engines.compiled.prefetch import prefetch
from sim.engines.compiled.records import Attempt, Globals, LiveRequest
from sim.engines.compiled.state import FIRST_LANE, Clock
from sim.engines.record import Rows

# kinds of message
DISPATCH, CANCEL, FIRST_TOKEN, DONE, FAIL = 0, 1, 2, 3, 4


class Letter(NamedTuple):
    """What a message says."""

    kind: int
    attempt: int  # slot
    failure: int  # kind of failure (sim.policy); 0 unless it says FAIL


@inner(forceinline=True)
def send(g: Globals, clock: Clock, lane: int, letter: Letter, request: int) -> None:
    """Put a message about a request on a lane; it is due one delay from now."""
    g.free_messages -= 1
    slot = clock.free_messages[g.free_messages]
    message = clock.messages[slot]
    road = clock.lanes[lane]
    message.due_s = g.now + road.delay_s
    message.kind = letter.kind
    message.attempt = letter.attempt
    message.request = request
    message.failure = letter.failure
    message.next = -1
    # Only the first message of a lane stands in the tree: the others are due after it, in order.
    if road.head < 0:
        road.head = slot
        road.tail = slot
        set_time(clock.front, FIRST_LANE + lane, message.due_s)
    else:
        clock.messages[road.tail].next = slot
        road.tail = slot


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
        at = following.due_s
        prefetch(requests, following.request)
        prefetch(attempts, following.attempt)
    set_time(clock.front, FIRST_LANE + lane, at)
    clock.free_messages[g.free_messages] = slot
    g.free_messages += 1
    return int(slot)
