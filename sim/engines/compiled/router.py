"""A router: places requests and hears how they fare (docs/semantics.md, sections 2 to 4)."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.compiled import inner
from sim.draws import BACKOFF, derive, slot_of
from sim.engines.answers import expected_tokens
from sim.engines.compiled import health, telemetry
from sim.engines.compiled.books import bill, count_outcome, count_rule, measure
from sim.engines.compiled.clock import RETRY, Rare, first_of_two, push_misc, start_timer, stop_timer
from sim.engines.compiled.hedge import hedge_time, swap
from sim.engines.compiled.network import Letter, send
from sim.engines.compiled.preferences import uses_own_key
from sim.engines.compiled.rates import within_own_limits
from sim.engines.compiled.records import Globals, LiveRequest
from sim.engines.compiled.sorted_models import note_kept_away
from sim.engines.compiled.state import (
    BACKING_OFF,
    BARE,
    HALF_OPEN,
    IN_QUEUE,
    TRANSIT,
    Books,
    Clock,
    Routing,
    State,
    Supply,
)
from sim.engines.compiled.terms import note_claim, note_terms
from sim.engines.compiled.turns import follow
from sim.engines.compiled.waiting import join_queue, leave_queue, look_at
from sim.engines.grid import on_grid
from sim.engines.outcome import (
    ABANDONED,
    ATTEMPTS,
    CANCELLED,
    COMPLETED,
    ENDED_BY,
    MEASURED,
    PLACED,
    REFUSED,
    TIMED_OUT,
    WARMUP,
)
from sim.engines.rules import CANCEL, DISPATCH, OUTCOME_OF_FAILURE
from sim.engines.stay import stay_s
from sim.policy import CANCELLED as SAW_CANCELLED
from sim.policy import FAILED as SAW_FAILED
from sim.policy import MIDSTREAM
from sim.policy import TIMED_OUT as ATTEMPT_TIMED_OUT

if TYPE_CHECKING:  # not at run time: a world's scenario would be part of the key of compiled code (sim.compiled)
    from sim.engines.requests import ArrivingRequest


@inner(forceinline=True)
def hear_request(
    g: Globals, clock: Clock, routing: Routing, books: Books, row: "ArrivingRequest", chain: int
) -> int:
    """A request, of a closed loop or none (-1), reaches its router; return its slot, to be placed, or -1 if refused."""
    g.free_requests -= 1
    q = routing.free_requests[g.free_requests]
    g.live += 1
    request = routing.requests[q]
    router = routing.routers[row.router]
    request.born_s = row.born_s
    request.arrive_s = row.arrive_s
    request.key = row.key
    request.session = row.session
    request.client_class = row.client_class
    request.router = row.router
    request.model = row.model
    request.prompt = row.prompt
    request.prefix = row.prefix
    request.document = row.document
    request.priority = row.priority
    request.pinned = row.pinned
    request.output = row.output
    request.max_tokens = row.max_tokens
    # Not the true output: neither routers nor rate limits can know how long an answer will be.
    answers = routing.answers[row.model, row.client_class]
    request.expected = expected_tokens(row.expected_output, row.max_tokens, answers[0], answers[1])
    request.weight = row.prompt + int(np.floor(request.expected + 0.5))
    request.cohort = WARMUP if row.arrive_s < g.warmup_s else MEASURED
    request.patience_at = on_grid(row.born_s + row.patience_s, g.per_s)
    request.total_at = on_grid(row.arrive_s + router.total_timeout_s, g.per_s)
    request.attempt_at = np.inf
    request.second_at = np.inf
    request.hedge_at = np.inf
    request.dispatch_s = -1.0
    request.first_s = -1.0
    request.attempts = request.earlier = request.asked = 0
    request.generation += 1  # an older tenant's back-off is void
    request.live = request.second = request.offer = -1
    request.failure = request.used = request.probe = request.waiting = 0
    request.bucket = -1
    request.chain = chain
    books.born[request.client_class, request.cohort] += 1
    if router.meter >= 0 and not within_own_limits(g, routing, request):
        end_early(g, clock, routing, books, q, REFUSED)
        return -1
    set_timer(g, clock, routing, q)
    return int(q)


@inner(forceinline=True)
def set_timer(g: Globals, clock: Clock, routing: Routing, q: int) -> None:
    """Start the timer at the earliest deadline, if there is one or was one."""
    request = routing.requests[q]
    at = first_of_two(request.patience_at, request.total_at)
    at = first_of_two(at, first_of_two(request.attempt_at, request.second_at))
    if request.second < 0 and request.live >= 0:
        at = first_of_two(at, request.hedge_at)
    # No deadline, and none on the wheel: all that is left to do is to void what may be in the heap.
    if at == np.inf and request.bucket < 0:
        request.stamp += 1
        return
    request.timer_at = at
    start_timer(g, clock, routing.requests, q)


@inner()
def reset_timer(g: Globals, clock: Clock, routing: Routing, q: int) -> None:
    """The same where it is rare: the loop need not hold another copy of it."""
    set_timer(g, clock, routing, q)


@inner(forceinline=True)
def end_request(g: Globals, clock: Clock, routing: Routing, books: Books, q: int, outcome: int) -> None:
    """Give a request its outcome and free its slot."""
    request = routing.requests[q]
    if request.waiting == IN_QUEUE:
        leave_queue(routing, q)
    count_outcome(g, books, request, outcome)
    stop_timer(g, clock, routing.requests, q)
    request.live = -1
    request.waiting = 0  # voids a back-off under way
    if request.chain >= 0:
        follow(g, routing.chains, request.chain)
    routing.free_requests[g.free_requests] = q
    g.free_requests += 1
    g.live -= 1


@inner()
def end_early(g: Globals, clock: Clock, routing: Routing, books: Books, q: int, outcome: int) -> None:
    """The same for a request without an answer: it is rare, so the loop need not hold a copy for each way to it."""
    end_request(g, clock, routing, books, q, outcome)


@inner()
def wait(g: Globals, clock: Clock, routing: Routing, q: int) -> None:
    """Let a request wait for an offer to return, unless it does so already."""
    if routing.requests[q].waiting != IN_QUEUE:
        join_queue(g, clock, routing, q)
        reset_timer(g, clock, routing, q)


@inner()
def stop_waiting(g: Globals, clock: Clock, routing: Routing, q: int) -> None:
    """An offer was found for a request that waited; no timer watches the wait any more."""
    leave_queue(routing, q)
    reset_timer(g, clock, routing, q)


@inner(forceinline=True)
def watch(g: Globals, clock: Clock, routing: Routing, q: int) -> None:
    """Set the deadlines of an attempt that has just been sent."""
    request = routing.requests[q]
    router = routing.routers[request.router]
    request.hedge_at = hedge_time(g, router, request.attempts - request.earlier)
    if router.first_token_timeout_s != np.inf:
        request.attempt_at = on_grid(g.now + router.first_token_timeout_s, g.per_s)
    if request.attempt_at != np.inf or request.hedge_at != np.inf:
        reset_timer(g, clock, routing, q)


@inner(forceinline=True)
def dispatch(s: State, q: int, o: int) -> None:
    """Send a request to an offer."""
    g, clock, supply, routing, books = s.globals[0], s.clock, s.supply, s.routing, s.books
    request = routing.requests[q]
    r = request.router
    g.free_attempts -= 1
    a = supply.free_attempts[g.free_attempts]
    attempt = supply.attempts[a]
    attempt.key = request.key
    attempt.request = q
    attempt.router = r
    attempt.offer = o
    attempt.prompt = request.prompt
    request.own_key = attempt.own_key = 1 if uses_own_key(routing, q, o) else 0
    note_terms(supply, routing.routers[r], request, a, o)
    if supply.offers[o].block > 0:
        note_claim(supply, routing.clients[request.client_class], request, a, o)
    attempt.output = request.served
    attempt.weight = request.weight
    attempt.emitted = 0
    attempt.place = TRANSIT
    attempt.cancelled = 0
    attempt.refs = 1
    attempt.number = request.attempts
    attempt.client_class = request.client_class
    attempt.priority = supply.offers[o].urgency + request.priority
    routing.tried[q, request.used] = o
    request.used += 1
    request.attempts += 1
    if request.waiting == IN_QUEUE:
        stop_waiting(g, clock, routing, q)
    request.waiting = 0
    request.live = a
    request.offer = o
    request.dispatch_s = g.now
    telemetry.saw_dispatch(routing, request)
    seat = routing.seats[r, o]
    request.probe = 1 if seat.breaker == HALF_OPEN else 0
    if request.probe == 1:
        seat.probing = 1
    books.offer_sums[o, request.cohort, PLACED] += 1
    books.class_sums[request.client_class, request.cohort, ATTEMPTS] += 1
    send(g, clock, supply.attempts, routing.lane_of[r, o, BARE], Letter(DISPATCH, a, 0))
    watch(g, clock, routing, q)


@inner(forceinline=True)
def let_go(routing: Routing, request: LiveRequest) -> None:
    """The live attempt is over for the router."""
    telemetry.let_go(routing, request)
    request.live = -1
    request.attempt_at = np.inf


@inner(forceinline=True)
def hear_first_token(g: Globals, clock: Clock, routing: Routing, q: int) -> None:
    """The first token reaches the router."""
    request = routing.requests[q]
    request.first_s = g.now
    telemetry.saw_first_token(g, routing, request)
    waiting = request.patience_at != np.inf or request.attempt_at != np.inf or request.hedge_at != np.inf
    request.patience_at = np.inf
    mean_s = routing.clients[request.client_class].stay_s
    if mean_s != np.inf:
        request.patience_at = on_grid(g.now + stay_s(request.key, mean_s), g.per_s)
        waiting = True
    request.attempt_at = np.inf
    request.hedge_at = np.inf
    if waiting:
        set_timer(g, clock, routing, q)


@inner(forceinline=True)
def hear_done(g: Globals, clock: Clock, routing: Routing, books: Books, q: int) -> None:
    """The last token reaches the router: bill, measure, forget."""
    request = routing.requests[q]
    r = request.router
    o = request.offer
    seat = routing.seats[r, o]
    let_go(routing, request)
    answers = routing.answers[request.model, request.client_class]
    answers[0] += request.served
    answers[1] += 1
    answer = telemetry.FullAnswer(g.now - request.dispatch_s, g.now - request.first_s, request.served, request.model)
    telemetry.saw_done(g, routing, r, o, answer)
    health.succeed(g, routing.routers[r], seat, request.probe == 1)
    if request.probe == 1:
        look_at(g, clock, routing, request, g.now)
    if request.session >= 0 and routing.routers[r].affinity_ttl_s > 0.0:
        stick(g, routing, request)
    bill(books, request, routing.routers[r])
    count_rule(books, request, routing.clients[request.client_class])
    measure(g, books, request, routing.clients[request.client_class])
    end_request(g, clock, routing, books, q, COMPLETED)


@inner()
def stick(g: Globals, routing: Routing, request: LiveRequest) -> None:
    """Bind a request's session to the offer that has served it; its prefix is what was billed as cached by now."""
    router = routing.routers[request.router]
    entry = routing.sticky[request.router, request.model, slot_of(request.session, router.affinity_slots)]
    sticks = entry.session == request.session + 1 and entry.offer == request.offer and g.now < entry.expires
    if router.affinity_by_hit != 0 and request.prefix == 0 and not sticks:
        return
    entry.session = request.session + 1
    entry.offer = request.offer
    entry.expires = on_grid(g.now + router.affinity_ttl_s, g.per_s)


@inner()
def blame(g: Globals, clock: Clock, routing: Routing, books: Books, q: int, failure: int) -> None:
    """The router learns that the live attempt failed."""
    request = routing.requests[q]
    r = request.router
    o = request.offer
    let_go(routing, request)
    request.failure = failure
    books.offer_sums[o, request.cohort, ENDED_BY + failure] += 1
    model = request.model
    listed = routing.model_first[model + 1] - routing.model_first[model] - routing.hidden[model]
    health.fail(g, routing.routers[r], routing.seats[r, o], failure, request.probe == 1, listed <= 1)
    if request.probe == 1:
        look_at(g, clock, routing, request, g.now)
    telemetry.saw_failure(g, routing, r, o, failure)
    # Until then `open_rows` looks at every seat of the model: one of them may be closed.
    routing.guard_until[r, request.model] = max(
        routing.guard_until[r, request.model], health.rests_until(routing.seats[r, o])
    )


@inner()
def fail_over(g: Globals, clock: Clock, routing: Routing, books: Books, q: int) -> int:
    """Try again, now (return the slot) or later, or give up."""
    request = routing.requests[q]
    router = routing.routers[request.router]
    made = request.attempts - request.earlier
    in_time = g.now - request.arrive_s < router.budget_s
    if request.failure == MIDSTREAM:
        end_early(g, clock, routing, books, q, OUTCOME_OF_FAILURE[request.failure])
        return -1
    if made >= router.max_attempts or not in_time:
        return try_next_model(g, clock, routing, books, q)
    if router.backoff_s == 0.0:
        return q
    reset_timer(g, clock, routing, q)  # the one that fired, if it was a time-out, watched the attempt
    request.waiting = BACKING_OFF
    wait_s = min(router.backoff_s * 2.0 ** (made - 1), router.backoff_cap_s)
    wait_s *= 1.0 + router.jitter * derive(request.key, BACKOFF, request.attempts)
    push_misc(g, clock, on_grid(g.now + wait_s, g.per_s), request.key, Rare(RETRY, q, request.generation, 0))
    return -1


@inner()
def next_model(g: Globals, routing: Routing, request: LiveRequest) -> int:
    """The model that a request may go on to, or -1."""
    models = routing.fallbacks[request.client_class]
    if request.asked >= models.shape[0] or g.now - request.arrive_s >= routing.routers[request.router].budget_s:
        return -1
    return int(models[request.asked])


@inner()
def try_next_model(g: Globals, clock: Clock, routing: Routing, books: Books, q: int) -> int:
    """Let a request that its model cannot serve go to the next one, and return it to be placed; or end it (-1)."""
    request = routing.requests[q]
    model = next_model(g, routing, request)
    if model < 0:
        end_early(g, clock, routing, books, q, OUTCOME_OF_FAILURE[request.failure])
        return -1
    request.model = model
    request.asked += 1
    request.earlier = request.attempts
    request.used = 0
    return q


@inner()
def cancel_live(g: Globals, clock: Clock, supply: Supply, routing: Routing, q: int) -> None:
    """Tell the provider to stop working on the live attempt."""
    request = routing.requests[q]
    supply.attempts[request.live].refs += 1  # cancelled for its router, but its provider works on until it is told
    lane = routing.lane_of[request.router, request.offer, BARE]
    send(g, clock, supply.attempts, lane, Letter(CANCEL, request.live, 0))


@inner()
def drop(g: Globals, clock: Clock, supply: Supply, routing: Routing, books: Books, q: int) -> None:
    """Cancel the live attempt; nobody is to blame."""
    request = routing.requests[q]
    cancel_live(g, clock, supply, routing, q)
    if request.probe == 1:
        routing.seats[request.router, request.offer].probing = 0
        look_at(g, clock, routing, request, g.now)
    books.offer_sums[request.offer, request.cohort, CANCELLED] += 1
    let_go(routing, request)


class TimedOut(NamedTuple):
    """What follows from a timer that fired."""

    fails_over: bool  # whether the request may be tried again
    event: int  # what the policy observes (sim.policy), -1 for nothing
    outcome: int  # the request's outcome, -1 while it goes on


@inner()
def time_out(g: Globals, clock: Clock, supply: Supply, routing: Routing, books: Books, q: int) -> TimedOut:
    """A timer fired: cancel what is under way, and see whose time it was."""
    request = routing.requests[q]
    impatient = g.now >= request.patience_at
    total = g.now >= request.total_at
    if not impatient and not total:
        if g.now < min(request.attempt_at, request.second_at):
            reset_timer(g, clock, routing, q)
            return TimedOut(False, -1, -1)
        if request.second_at < request.attempt_at:
            swap(routing, q)
    event = -1
    if request.live >= 0:
        event = SAW_CANCELLED
        if impatient:
            if request.first_s >= 0.0:
                supply.bills[request.live].left = 1
            drop(g, clock, supply, routing, books, q)
        else:
            cancel_live(g, clock, supply, routing, q)
            blame(g, clock, routing, books, q, ATTEMPT_TIMED_OUT)
            if not total:
                event = SAW_FAILED
    if impatient:
        return TimedOut(False, event, ABANDONED)
    if total:
        return TimedOut(False, event, TIMED_OUT)
    if request.waiting == IN_QUEUE:
        note_kept_away(g, supply, routing, books, q)
        return TimedOut(False, -1, OUTCOME_OF_FAILURE[request.failure])
    return TimedOut(True, event, -1)
