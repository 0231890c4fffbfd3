"""A router: places requests and hears how they fare (docs/semantics.md, sections 2 to 4)."""

from typing import Any

import numpy as np

from sim.compiled import inner
from sim.draws import BACKOFF, derive, slot_of
from sim.engines.compiled import telemetry
from sim.engines.compiled.books import bill, measure, note, outcome_of
from sim.engines.compiled.clock import CANCEL, DISPATCH, RETRY, push_misc, send, start_timer, stop_timer
from sim.engines.compiled.state import HALF_OPEN, TRANSIT, Books, Clock, Desk, Market, State
from sim.engines.outcome import (
    ABANDONED,
    ATTEMPTS,
    CANCELLED,
    COMPLETED,
    ENDED_BY,
    MEASURED,
    PLACED,
    TIMED_OUT,
    WARMUP,
)
from sim.policy import MIDSTREAM
from sim.policy import TIMED_OUT as ATTEMPT_TIMED_OUT
from sim.view import IN_FLIGHT, OUTSTANDING_TOKENS, PUBLISHED_IN_FLIGHT, REQUESTS_THIS_MINUTE, TOKENS_THIS_MINUTE


@inner(forceinline=True)
def arrive(g: Any, clock: Clock, desk: Desk, books: Books, row: Any) -> int:
    """A request of the feed reaches its router; return its slot, to be placed now."""
    g.free_requests -= 1
    q = desk.free_requests[g.free_requests]
    g.live += 1
    request = desk.requests[q]
    router = desk.routers[row.router]
    request.born_s = row.born_s
    request.arrive_s = row.arrive_s
    request.key = row.key
    request.session = row.session
    request.client_class = row.client_class
    request.router = row.router
    request.model = row.model
    request.prompt = row.prompt
    request.prefix = row.prefix
    request.output = row.output
    request.expected = row.expected_output
    request.weight = row.prompt + int(np.floor(row.expected_output + 0.5))
    request.cohort = WARMUP if row.arrive_s < g.warmup_s else MEASURED
    request.patience_at = row.born_s + row.patience_s
    request.total_at = row.arrive_s + router.total_timeout_s
    request.attempt_at = np.inf
    request.dispatch_s = -1.0
    request.first_s = -1.0
    request.attempts = 0
    request.generation += 1  # an older tenant's back-off is void
    request.live = -1
    request.offer = -1
    request.failure = 0
    request.used = 0
    request.probe = 0
    request.waiting = 0
    request.bucket = -1
    books.born[request.client_class, request.cohort] += 1
    reset_timer(g, clock, desk, q)
    return int(q)


@inner(forceinline=True)
def reset_timer(g: Any, clock: Clock, desk: Desk, q: int) -> None:
    """Start the timer at the earliest deadline, if there is one or was one."""
    request = desk.requests[q]
    at = min(request.patience_at, request.total_at, request.attempt_at)
    if at == np.inf and request.bucket < 0:
        request.stamp += 1
        return
    request.timer_at = at
    start_timer(g, clock, desk.requests, q)


@inner(forceinline=True)
def end_request(g: Any, clock: Clock, desk: Desk, books: Books, q: int, outcome: int) -> None:
    """Give a request its outcome and free its slot."""
    request = desk.requests[q]
    note(g, books, request, outcome)
    stop_timer(g, clock, desk.requests, q)
    request.live = -1
    request.waiting = 0  # voids a back-off under way
    desk.free_requests[g.free_requests] = q
    g.free_requests += 1
    g.live -= 1


@inner(forceinline=True)
def dispatch(s: State, q: int, o: int) -> None:
    """Send a request to an offer."""
    g, clock, market, desk, books = s.globals[0], s.clock, s.market, s.desk, s.books
    request = desk.requests[q]
    r = request.router
    offer = market.offers[o]
    g.free_attempts -= 1
    a = market.free_attempts[g.free_attempts]
    attempt = market.attempts[a]
    attempt.key = request.key
    attempt.request = q
    attempt.router = r
    attempt.offer = o
    attempt.prompt = request.prompt
    attempt.output = request.output
    attempt.weight = request.weight
    attempt.emitted = 0
    attempt.place = TRANSIT
    attempt.cancelled = 0
    attempt.refs = 1
    desk.tried[q, request.used] = o
    request.used += 1
    request.attempts += 1
    request.waiting = 0
    request.live = a
    request.offer = o
    request.dispatch_s = g.now
    request.prompt_nano = (request.prompt - request.prefix) * offer.price_in + request.prefix * offer.price_cached
    request.price_out = offer.price_out
    view = desk.views[r, o]
    view[IN_FLIGHT] += 1.0
    view[OUTSTANDING_TOKENS] += request.weight
    view[REQUESTS_THIS_MINUTE] += 1.0
    view[TOKENS_THIS_MINUTE] += request.weight
    if desk.routers[r].mirrors != 0:
        view[PUBLISHED_IN_FLIGHT] = view[IN_FLIGHT]
    seat = desk.seats[r, o]
    request.probe = 1 if seat.breaker == HALF_OPEN else 0
    if request.probe == 1:
        seat.probing = 1
    books.offer_sums[o, request.cohort, PLACED] += 1
    books.class_sums[request.client_class, request.cohort, ATTEMPTS] += 1
    send(g, clock, desk.lane_of[r, o], (DISPATCH, a, 0), q)
    router = desk.routers[r]
    if router.first_token_timeout_s != np.inf:
        request.attempt_at = g.now + router.first_token_timeout_s
        reset_timer(g, clock, desk, q)


@inner(forceinline=True)
def let_go(desk: Desk, request: Any) -> None:
    """The live attempt is over for the router."""
    view = desk.views[request.router, request.offer]
    view[IN_FLIGHT] -= 1.0
    view[OUTSTANDING_TOKENS] -= request.weight
    if desk.routers[request.router].mirrors != 0:
        view[PUBLISHED_IN_FLIGHT] = view[IN_FLIGHT]
    request.live = -1
    request.attempt_at = np.inf


@inner(forceinline=True)
def heard_first_token(g: Any, clock: Clock, desk: Desk, q: int) -> None:
    """The first token reaches the router."""
    request = desk.requests[q]
    request.first_s = g.now
    telemetry.saw_first_token(g.now, desk, request.router, request.offer, g.now - request.dispatch_s)
    waiting = request.patience_at != np.inf or request.attempt_at != np.inf
    request.patience_at = np.inf
    request.attempt_at = np.inf
    if waiting:
        reset_timer(g, clock, desk, q)


@inner(forceinline=True)
def heard_done(g: Any, clock: Clock, desk: Desk, books: Books, q: int) -> None:
    """The last token reaches the router: bill, measure, forget."""
    request = desk.requests[q]
    r = request.router
    o = request.offer
    seat = desk.seats[r, o]
    let_go(desk, request)
    facts = (g.now - request.dispatch_s, g.now - request.first_s, request.output)
    telemetry.saw_done(g.now, desk, r, o, facts)
    telemetry.breaker_succeeded(desk.routers[r], seat, request.probe == 1)
    if request.session >= 0 and desk.routers[r].affinity_ttl_s > 0.0:
        entry = desk.sticky[r, slot_of(request.session, desk.routers[r].affinity_slots)]
        entry.session = request.session
        entry.offer = o
        entry.expires = g.now + desk.routers[r].affinity_ttl_s
    bill(books, request, desk.routers[r].fee_ppm)
    measure(books, request, desk.clients[request.client_class], g.now)
    end_request(g, clock, desk, books, q, COMPLETED)


@inner()
def book_failure(g: Any, desk: Desk, books: Books, q: int, failure: int) -> None:
    """The router learns that the live attempt failed."""
    request = desk.requests[q]
    r = request.router
    o = request.offer
    let_go(desk, request)
    request.failure = failure
    books.offer_sums[o, request.cohort, ENDED_BY + failure] += 1
    telemetry.saw_failure(g.now, desk, r, o, failure)
    telemetry.breaker_failed(g.now, desk.routers[r], desk.seats[r, o], failure, request.probe == 1)
    desk.guard_until[r, request.model] = max(
        desk.guard_until[r, request.model], telemetry.rests_until(desk.seats[r, o])
    )


@inner()
def fail_over(g: Any, clock: Clock, desk: Desk, books: Books, q: int) -> int:
    """Try again, now (return the slot) or later, or give up."""
    request = desk.requests[q]
    router = desk.routers[request.router]
    in_time = g.now - request.arrive_s < router.budget_s
    if request.failure == MIDSTREAM or request.attempts >= router.max_attempts or not in_time:
        end_request(g, clock, desk, books, q, outcome_of(request.failure))
        return -1
    if router.backoff_s == 0.0:
        return q
    reset_timer(g, clock, desk, q)  # the one that fired, if it was a time-out, watched the attempt
    request.waiting = 1
    wait_s = min(router.backoff_s * 2.0 ** (request.attempts - 1), router.backoff_cap_s)
    wait_s *= 1.0 + router.jitter * derive(request.key, BACKOFF, request.attempts)
    push_misc(g, clock, g.now + wait_s, (RETRY, q, request.generation, 0))
    return -1


@inner()
def cancel_live(g: Any, clock: Clock, market: Market, desk: Desk, q: int) -> None:
    """Tell the provider to stop working on the live attempt."""
    request = desk.requests[q]
    market.attempts[request.live].refs += 1
    send(g, clock, desk.lane_of[request.router, request.offer], (CANCEL, request.live, 0), q)


@inner()
def run_out(g: Any, clock: Clock, market: Market, desk: Desk, books: Books, q: int) -> tuple[int, int, int]:
    """A timer fired; return (slot to fail over or -1, what to observe, outcome or -1).

    To observe are a failure (1), a cancellation (2) or nothing (0).
    """
    request = desk.requests[q]
    impatient = g.now >= request.patience_at
    total = g.now >= request.total_at
    if not impatient and not total and g.now < request.attempt_at:
        reset_timer(g, clock, desk, q)
        return -1, 0, -1
    seen = 0
    if request.live >= 0:
        cancel_live(g, clock, market, desk, q)
        if impatient:
            seat = desk.seats[request.router, request.offer]
            if request.probe == 1:
                seat.probing = 0
            books.offer_sums[request.offer, request.cohort, CANCELLED] += 1
            let_go(desk, request)
            seen = 2
        else:
            book_failure(g, desk, books, q, ATTEMPT_TIMED_OUT)
            seen = 2 if total else 1
    if impatient:
        return -1, seen, ABANDONED
    if total:
        return -1, seen, TIMED_OUT
    return q, seen, -1
