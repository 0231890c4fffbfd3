"""The event loop: one compiled call from one calendar event to the next."""

from typing import Any

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.batch import boundary, release
from sim.engines.compiled.books import outcome_of
from sim.engines.compiled.clock import (
    CANCEL,
    DISPATCH,
    DONE,
    FIRST_TOKEN,
    RETRY,
    TIME_OUT,
    next_leaf,
    pop_misc,
    receive,
    turn_wheel,
)
from sim.engines.compiled.place import BAD_ROW, memory_of, pick, wide
from sim.engines.compiled.provider import cancel, knock
from sim.engines.compiled.router import (
    arrive,
    book_failure,
    dispatch,
    end_request,
    fail_over,
    heard_done,
    heard_first_token,
    run_out,
)
from sim.engines.compiled.state import FIRST_LANE, MISC_LEAF, SPARE, WHEEL_LEAF, Desk, State
from sim.engines.compiled.ticks import tick
from sim.policy import CANCELLED as SAW_CANCELLED
from sim.policy import DISPATCH as SAW_DISPATCH
from sim.policy import DONE as SAW_DONE
from sim.policy import FAILED as SAW_FAILED
from sim.policy import FIRST_TOKEN as SAW_FIRST_TOKEN
from sim.policy import TIMED_OUT as ATTEMPT_TIMED_OUT
from sim.policy import Event

# why the loop returned
REACHED, NEEDS_FEED, NEEDS_ROOM, BROKE_CONTRACT, ALL_DONE = 0, 1, 2, 3, 4


@inner(forceinline=True)
def crowded(s: State) -> bool:
    """True if a pool is nearly full, so that one more event might not fit."""
    g = s.globals[0]
    return bool(
        g.free_requests < SPARE
        or g.free_attempts < SPARE
        or g.free_messages < g.spare_messages
        or g.misc_count > s.clock.misc.shape[0] - SPARE - s.desk.requests.shape[0]
        or (g.sample_share > 0.0 and g.samples > s.books.samples.shape[0] - SPARE)
    )


@inner(forceinline=True)
def tell(g: Any, desk: Desk, observers: Any, q: int, kind: int, failure: int) -> None:
    """Let the policy of a request's router observe an event of its current attempt."""
    request = desk.requests[q]
    r = request.router
    if desk.routers[r].observes == 0:
        return
    row = request.offer - desk.model_first[request.model]
    ttft_s = 0.0
    if kind == SAW_FIRST_TOKEN or kind == SAW_DONE:
        ttft_s = request.first_s - request.dispatch_s
    tokens = wide(request.output) if kind == SAW_DONE else wide(0)
    event = Event(
        wide(kind), row, g.now, wide(request.prompt), tokens, ttft_s, g.now - request.dispatch_s, wide(failure)
    )
    observers[r](memory_of(desk, r, request.model), event)


@inner(forceinline=True)
def handle_message(s: State, observers: Any, lane: int) -> tuple[int, int]:
    """Deliver the next message of a lane; return (request to place now, replica to wake), -1 for none."""
    g = s.globals[0]
    message = s.clock.messages[receive(g, s.clock, lane, s.desk.requests, s.market.attempts)]
    a = message.attempt
    if message.kind == DISPATCH:
        return -1, knock(g, s.clock, s.market, s.desk.seats, s.desk.lane_of, a)
    if message.kind == CANCEL:
        cancel(g, s.clock, s.market, a)
        return -1, -1
    kind, failure = message.kind, message.failure
    q = message.request
    live = s.desk.requests[q].live == a
    release(g, s.market, a)
    if not live:
        return -1, -1
    if kind == FIRST_TOKEN:
        heard_first_token(g, s.clock, s.desk, q)
        tell(g, s.desk, observers, q, SAW_FIRST_TOKEN, 0)
        return -1, -1
    if kind == DONE:
        heard_done(g, s.clock, s.desk, s.books, q)
        tell(g, s.desk, observers, q, SAW_DONE, 0)
        return -1, -1
    return handle_failure(s, observers, q, failure), -1


@inner()
def handle_failure(s: State, observers: Any, q: int, failure: int) -> int:
    """The live attempt of a request failed; return the request if it must be placed again now, else -1."""
    g = s.globals[0]
    book_failure(g, s.desk, s.books, q, failure)
    tell(g, s.desk, observers, q, SAW_FAILED, failure)
    return fail_over(g, s.clock, s.desk, s.books, q)


@inner()
def handle_rare(s: State, observers: Any) -> int:
    """Take the earliest entry of the heap of rare events; return the request to place now, or -1."""
    g = s.globals[0]
    pop_misc(g, s.clock)
    entry = s.clock.misc[s.clock.misc.shape[0] - 1]
    kind, ref, stamp, failure = entry.kind, entry.ref, entry.stamp, entry.failure
    if kind == TIME_OUT:
        return handle_time_out(s, observers, ref, stamp)
    if kind == RETRY:
        request = s.desk.requests[ref]
        return ref if request.generation == stamp and request.waiting == 1 else -1
    q = s.market.attempts[ref].request
    live = s.desk.requests[q].live == ref
    release(g, s.market, ref)
    return handle_failure(s, observers, q, failure) if live else -1


@inner()
def handle_time_out(s: State, observers: Any, q: int, stamp: int) -> int:
    """A timer fired, unless it was stopped since; return the request to place now, or -1."""
    request = s.desk.requests[q]
    if request.stamp != stamp:
        return -1
    g = s.globals[0]
    again, seen, outcome = run_out(g, s.clock, s.market, s.desk, s.books, q)
    if seen == 1:
        tell(g, s.desk, observers, q, SAW_FAILED, ATTEMPT_TIMED_OUT)
    elif seen == 2:
        tell(g, s.desk, observers, q, SAW_CANCELLED, 0)
    if outcome >= 0:
        end_request(g, s.clock, s.desk, s.books, q, outcome)
    if again >= 0:
        return fail_over(g, s.clock, s.desk, s.books, q)
    return -1


@inner(forceinline=True)
def place(s: State, choosers: Any, observers: Any, q: int) -> bool:
    """Place a request, or end it if nobody can take it; False if the policy broke its contract."""
    g = s.globals[0]
    o = pick(g, s.market, s.desk, choosers, q)
    request = s.desk.requests[q]
    if o == BAD_ROW:
        return False
    if o < 0:
        end_request(g, s.clock, s.desk, s.books, q, outcome_of(request.failure))
        return True
    dispatch(s, q, o)
    tell(g, s.desk, observers, q, SAW_DISPATCH, 0)
    return True


def advance(
    s: State, feed: np.ndarray, feed_ends: bool, until_s: float, choosers: Any, observers: Any
) -> int:
    """Process every event before ``until_s``; return why it stopped."""
    g = s.globals[0]
    work, lane_of = s.books.offer_work, s.desk.lane_of
    while True:
        if crowded(s):
            return NEEDS_ROOM
        leaf, at = next_leaf(s.clock.front)
        replica, step_ends = next_leaf(s.clock.fleet)
        if step_ends < at:
            at = step_ends
            leaf = -1
        to_place = -1
        wake = -1
        if g.feed_next < feed.shape[0]:
            arrive_s = feed[g.feed_next].arrive_s
        elif feed_ends:
            arrive_s = np.inf
            if g.live == 0 and g.free_attempts == s.market.attempts.shape[0]:
                return ALL_DONE
        else:
            return NEEDS_FEED
        if min(at, arrive_s) >= until_s:
            g.now = until_s
            return REACHED
        g.events += 1
        if arrive_s < at:
            g.now = arrive_s
            to_place = arrive(g, s.clock, s.desk, s.books, feed[g.feed_next])
            g.feed_next += 1
        else:
            g.now = at
            if leaf < 0:
                wake = replica
            elif leaf >= FIRST_LANE:
                to_place, wake = handle_message(s, observers, leaf - FIRST_LANE)
            elif leaf == MISC_LEAF:
                to_place = handle_rare(s, observers)
            elif leaf == WHEEL_LEAF:
                turn_wheel(g, s.clock, s.desk.requests)
            else:
                tick(g, s.clock, s.market, s.desk)
        if to_place >= 0 and not place(s, choosers, observers, to_place):
            return BROKE_CONTRACT
        if wake >= 0:
            boundary(g, s.clock, s.market, lane_of, work, wake)
