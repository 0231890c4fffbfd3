"""The event loop: one compiled call from one calendar event to the next."""

from typing import Any, NamedTuple

import numpy as np

from sim.compiled import inner
from sim.draws import number_of
from sim.engines.bill import told_usd
from sim.engines.compiled.books import settle
from sim.engines.compiled.clock import (
    QUEUE_LOOK,
    RETRY,
    TIME_OUT,
    is_contested,
    next_leaf,
    pop_misc,
    set_time,
    turn_wheel,
)
from sim.engines.compiled.deployment import hear_cancel, hear_dispatch
from sim.engines.compiled.hedge import go_on_alone, hedge_is_due, is_live, set_aside, swap
from sim.engines.compiled.network import put_back, receive
from sim.engines.compiled.owed import release
from sim.engines.compiled.place import BAD_ROW, NO_ROW, beginning_of, memory_of, pick
from sim.engines.compiled.policy_table import observer
from sim.engines.compiled.preferences import sorts_together
from sim.engines.compiled.records import Globals
from sim.engines.compiled.replica import boundary
from sim.engines.compiled.router import (
    blame,
    dispatch,
    drop,
    end_early,
    fail_over,
    hear_done,
    hear_first_token,
    hear_request,
    next_model,
    reset_timer,
    time_out,
    try_next_model,
    wait,
)
from sim.engines.compiled.sorted_models import ask_best_model, note_kept_away, some_may_return
from sim.engines.compiled.state import (
    BACKING_OFF,
    FIRST_LANE,
    IN_QUEUE,
    MISC_LEAF,
    SPARE,
    TICK_LEAF,
    WHEEL_LEAF,
    Routing,
    State,
    wide,
)
from sim.engines.compiled.terms import bill_hits
from sim.engines.compiled.ticks import tick
from sim.engines.compiled.ties import first_of_ties
from sim.engines.compiled.transfer import land
from sim.engines.compiled.turns import arrives_before, begin, next_turn_s, pop
from sim.engines.compiled.waiting import budget_ends_s, look
from sim.engines.rules import CANCEL, DISPATCH, DONE, FIRST_TOKEN
from sim.policy import CANCELLED as SAW_CANCELLED
from sim.policy import DISPATCH as SAW_DISPATCH
from sim.policy import DONE as SAW_DONE
from sim.policy import FAILED as SAW_FAILED
from sim.policy import FIRST_TOKEN as SAW_FIRST_TOKEN
from sim.policy import TIMED_OUT as ATTEMPT_TIMED_OUT
from sim.policy import Event

# why the loop returned
REACHED, NEEDS_ROOM, BROKE_CONTRACT = 0, 1, 2


class Next(NamedTuple):
    """What must follow an event at once; -1 for nothing."""

    place: int  # slot of the request to place
    wake: int  # the idle replica that has something to do


@inner(forceinline=True)
def crowded(s: State) -> bool:
    """True if a pool is nearly full, so that one more event might not fit."""
    g = s.globals[0]
    # None of it ever holds but all of it is looked at: a branch for each would take longer than the comparisons.
    return bool(
        (g.free_requests < SPARE)
        | (g.free_attempts < SPARE)
        | (g.free_messages < g.spare_messages)
        | (g.free_runs < SPARE)
        | (g.free_prefixes < g.spare_prefixes)
        | (g.misc_count > s.clock.misc.shape[0] - SPARE - s.routing.requests.shape[0])
        | ((g.sample_share > 0.0) & (g.samples > s.books.samples.shape[0] - SPARE))
        | ((g.chains > 0) & (g.chains > s.routing.chains.rows.shape[0] - SPARE))
    )


@inner(forceinline=True)
def tell_policy(g: Globals, routing: Routing, policies: Any, q: int, kind: int, failure: int) -> None:
    """Let the policy of a request's router observe an event of its current attempt."""
    request = routing.requests[q]
    r = request.router
    if routing.routers[r].observes == 0:
        return
    row = request.offer - routing.model_first[request.model]
    ttft_s = 0.0
    if kind == SAW_FIRST_TOKEN or kind == SAW_DONE:
        ttft_s = request.first_s - request.dispatch_s
    tokens = wide(request.served) if kind == SAW_DONE else wide(0)
    prompt_usd = told_usd(request.prompt_pico, request.kept_ppm) if kind == SAW_DONE else 0.0
    output_usd = told_usd(tokens * request.price_out, request.kept_ppm)
    begins = beginning_of(routing, request)
    prefix = wide(request.prefix) if kind == SAW_DONE or request.session >= 0 else wide(0)
    event = Event(
        wide(kind), row, g.now, wide(request.prompt), tokens, ttft_s, g.now - request.dispatch_s, wide(failure),
        prompt_usd, output_usd, number_of(request.key), request.session,
        prefix if kind == SAW_DISPATCH else wide(0), begins.document, begins.shared_tokens,
        prefix if kind == SAW_DONE else wide(0),  # then it holds what was billed as cached
    )
    observe: Any = observer(policies, r)  # type: ignore[call-arg]
    observe(memory_of(routing, r, request.model), event)


@inner(forceinline=True)
def handle_message(s: State, policies: Any, slot: int) -> Next:
    """Deliver a message that has left its lane."""
    g = s.globals[0]
    message = s.clock.messages[slot]
    a = message.attempt
    if message.kind == DISPATCH:
        return Next(-1, hear_dispatch(g, s.clock, s.supply, s.routing.meters, s.routing.lane_of, a))
    if message.kind == CANCEL:
        hear_cancel(g, s.clock, s.supply, a)
        return Next(-1, -1)
    kind, failure = message.kind, message.failure
    q = message.request
    live = is_live(s.routing, q, a)
    release(g, s.supply, a)
    if not live:
        return Next(-1, -1)
    if kind == FIRST_TOKEN:
        hear_first_token(g, s.clock, s.routing, q)
        tell_policy(g, s.routing, policies, q, SAW_FIRST_TOKEN, 0)
        if s.routing.requests[q].second >= 0:
            drop_second(s, policies, q)
        return Next(-1, -1)
    if kind == DONE:
        if s.supply.offers[s.routing.requests[q].offer].block > 0:
            bill_hits(s.supply, s.routing.requests[q], a)
        hear_done(g, s.clock, s.routing, s.books, q)
        tell_policy(g, s.routing, policies, q, SAW_DONE, 0)
        return Next(-1, -1)
    return Next(hear_fail(s, policies, q, failure), -1)


@inner()
def drop_second(s: State, policies: Any, q: int) -> None:
    """The live attempt has its first token: the one beside it is not needed."""
    g = s.globals[0]
    swap(s.routing, q)
    drop(g, s.clock, s.supply, s.routing, s.books, q)
    tell_policy(g, s.routing, policies, q, SAW_CANCELLED, 0)
    go_on_alone(s.routing, q)
    reset_timer(g, s.clock, s.routing, q)


@inner()
def hear_fail(s: State, policies: Any, q: int, failure: int) -> int:
    """The live attempt of a request failed; return the request if it must be placed again now, else -1."""
    g = s.globals[0]
    blame(g, s.clock, s.routing, s.books, q, failure)
    tell_policy(g, s.routing, policies, q, SAW_FAILED, failure)
    return after_failure(s, q)


@inner()
def after_failure(s: State, q: int) -> int:
    """Let the other attempt go on alone, or try again; return the request if it must be placed again now, else -1."""
    g = s.globals[0]
    if s.routing.requests[q].second >= 0:
        go_on_alone(s.routing, q)
        reset_timer(g, s.clock, s.routing, q)
        return -1
    return fail_over(g, s.clock, s.routing, s.books, q)


@inner()
def handle_rare(s: State, policies: Any) -> int:
    """Take the earliest entry of the heap of rare events; return the request to place now, or -1."""
    g = s.globals[0]
    pop_misc(g, s.clock)
    entry = s.clock.misc[s.clock.misc.shape[0] - 1]
    kind, ref, stamp, failure = entry.kind, entry.ref, entry.stamp, entry.failure
    if kind == TIME_OUT:
        return handle_time_out(s, policies, ref, stamp)
    if kind == RETRY:
        # The slot may have a new tenant that backs off, too: its generation tells.
        request = s.routing.requests[ref]
        return ref if request.generation == stamp and request.waiting == BACKING_OFF else -1
    if kind == QUEUE_LOOK:
        return look(g, s.clock, s.routing, ref, stamp)
    q = s.supply.attempts[ref].request
    live = is_live(s.routing, q, ref)
    release(g, s.supply, ref)
    return hear_fail(s, policies, q, failure) if live else -1


@inner()
def hedge(s: State, q: int) -> int:
    """Return a request that is to get a second attempt beside the live one, or -1 if its time is over."""
    g = s.globals[0]
    request = s.routing.requests[q]
    request.hedge_at = np.inf
    if g.now - request.arrive_s < s.routing.routers[request.router].budget_s:
        return q
    reset_timer(g, s.clock, s.routing, q)
    return -1


@inner()
def handle_time_out(s: State, policies: Any, q: int, stamp: int) -> int:
    """A timer fired, unless it was stopped since; return the request to place now, or -1."""
    request = s.routing.requests[q]
    if request.stamp != stamp:
        return -1
    g = s.globals[0]
    if hedge_is_due(g.now, request):
        return hedge(s, q)
    after = time_out(g, s.clock, s.supply, s.routing, s.books, q)
    if after.event >= 0:
        tell_policy(g, s.routing, policies, q, after.event, ATTEMPT_TIMED_OUT if after.event == SAW_FAILED else 0)
    if after.outcome >= 0 and request.second >= 0:
        go_on_alone(s.routing, q)
        time_out(g, s.clock, s.supply, s.routing, s.books, q)  # the same, of the attempt beside it
        tell_policy(g, s.routing, policies, q, after.event, 0)
    if after.outcome >= 0:
        end_early(g, s.clock, s.routing, s.books, q, after.outcome)
    if after.fails_over:
        return after_failure(s, q)
    return -1


@inner()
def must_wait(s: State, q: int) -> bool:
    """True if a request that found no open row waits for one: it does so already, or an offer may return in time."""
    g, request = s.globals[0], s.routing.requests[q]
    if request.waiting == IN_QUEUE:
        return True
    if next_model(g, s.routing, request) >= 0:
        return False
    return g.now < budget_ends_s(g, s.routing, request) and some_may_return(g, s.supply, s.routing, q)


@inner(forceinline=True)
def place(s: State, policies: Any, q: int) -> bool:
    """Place a request, or end it if nobody can take it; False if the policy broke its contract."""
    g = s.globals[0]
    request = s.routing.requests[q]
    hedges = request.live >= 0
    if not hedges and sorts_together(s.routing, request):
        ask_best_model(g, s.supply, s.routing, q)
    while True:
        o = pick(g, s.supply, s.routing, policies, q)
        if o >= 0 or o == BAD_ROW or hedges:
            break
        if o == NO_ROW and must_wait(s, q):
            wait(g, s.clock, s.routing, q)
            return True
        if o == NO_ROW and next_model(g, s.routing, request) < 0:
            note_kept_away(g, s.supply, s.routing, s.books, q)
        if try_next_model(g, s.clock, s.routing, s.books, q) < 0:
            return True
    if o == BAD_ROW:
        return False
    if o < 0:
        reset_timer(g, s.clock, s.routing, q)
        return True
    if hedges:
        set_aside(s.routing, q)
    dispatch(s, q, o)
    tell_policy(g, s.routing, policies, q, SAW_DISPATCH, 0)
    if hedges:
        swap(s.routing, q)
        reset_timer(g, s.clock, s.routing, q)
    return True


@inner(forceinline=True)
def hear_next(s: State) -> int:
    """The next arrival, of the feed or of a closed loop; return its slot, to be placed now."""
    g, chains, feed = s.globals[0], s.routing.chains, s.feed
    if g.thinking > 0 and (g.feed_next >= feed.shape[0]
                           or arrives_before(chains.rows, chains.heap[0], feed[g.feed_next])):
        slot = pop(g, chains)
        row = chains.rows[slot]
        g.live -= 1  # it counts as live already while its customer thinks
    else:
        row = feed[g.feed_next]
        slot = begin(g, chains, row) if row.turn > 0 else -1
        g.feed_next += 1
    return hear_request(g, s.clock, s.routing, s.books, row, slot)  # once: it is a part of the loop


class Tied(NamedTuple):
    """What goes first of what is due at the same time."""

    leaf: int
    slot: int  # of the message, if it is one; else -1


@inner(forceinline=True)
def first_of(s: State, leaf: int) -> Tied:
    """What goes first of what is due at the time of a leaf; a message has left its lane then."""
    g, clock = s.globals[0], s.clock
    if leaf == MISC_LEAF and is_contested(clock.front, leaf):
        leaf = first_of_ties(clock, s.supply, leaf)
    if leaf < FIRST_LANE:
        return Tied(leaf, -1)
    slot = receive(g, clock, leaf - FIRST_LANE, s.routing.requests, s.supply.attempts)
    # Asked afterwards, when the tree knows who is next: that somebody is due at the same time is rare.
    return receive_of_ties(s, leaf, slot) if next_leaf(clock.front).at_s == g.now else Tied(leaf, slot)


@inner(often=True)
def receive_of_ties(s: State, leaf: int, slot: int) -> Tied:
    """Put a message back that was taken off its lane, for others are due at the same time, and take who goes first."""
    g, clock = s.globals[0], s.clock
    put_back(g, clock, leaf - FIRST_LANE, slot)
    first = first_of_ties(clock, s.supply, leaf)
    if first < FIRST_LANE:
        return Tied(first, -1)
    return Tied(first, receive(g, clock, first - FIRST_LANE, s.routing.requests, s.supply.attempts))


@inner(forceinline=True)
def serve(s: State, leaf: int) -> None:
    """Let a provider do what is due at a leaf of its tree: a step boundary, or KV that lands."""
    r = s.clock.replica_at[leaf]
    if r >= 0:
        boundary(s.globals[0], s.clock, s.supply, s.routing.lane_of, s.books.offer_work, r)
    else:
        land(s.globals[0], s.clock, s.supply, -1 - r)


@inner(often=True)
def advance(s: State, until_s: float, policies: Any) -> int:
    """Process every event of a shard before ``until_s``; return why it stopped.

    All its requests that arrive before ``until_s`` must be in its feed.
    """
    g = s.globals[0]
    feed = s.feed
    while True:
        if g.owed > 0:
            settle(g, s.supply, s.routing, s.books)
        # Before the event, not in it: memory is made outside compiled code, and an event cannot be done by halves.
        if crowded(s):
            return NEEDS_ROOM
        leaf, at = next_leaf(s.clock.front)
        fleet_leaf, step_ends = next_leaf(s.clock.fleet)
        if step_ends < at:
            at = step_ends
            leaf = -1
        to_place = -1
        wake = -1
        arrive_s = np.inf
        if g.feed_next < feed.shape[0]:
            arrive_s = feed[g.feed_next].arrive_s
        # Requests may have ended while providers still work on attempts that they were told to cancel.
        elif g.feed_ends != 0 and g.live == 0 and g.free_attempts == s.supply.attempts.shape[0]:
            g.now = until_s
            g.due = np.inf
            return REACHED
        if g.thinking > 0:
            arrive_s = min(arrive_s, next_turn_s(s.routing.chains))
        first_s = arrive_s if arrive_s < at else at
        if first_s >= until_s:
            g.now = until_s
            g.due = first_s
            return REACHED
        # At equal times: ticks, then arrivals, messages and timers, then boundaries (docs/semantics.md, section 10).
        if arrive_s < at or (arrive_s == at and leaf != TICK_LEAF):
            g.now = arrive_s
            to_place = hear_next(s)
        else:
            g.now = at
            leaf, slot = first_of(s, leaf)
            if leaf < 0:
                serve(s, fleet_leaf)
            elif slot >= 0:
                to_place, wake = handle_message(s, policies, slot)
            elif leaf == MISC_LEAF:
                to_place = handle_rare(s, policies)
            elif leaf == WHEEL_LEAF:
                turn_wheel(g, s.clock, s.routing.requests)
            else:
                tick(g, s.clock, s.supply, s.routing)
        if to_place >= 0 and not place(s, policies, to_place):
            return BROKE_CONTRACT
        if wake >= 0:
            # Others that reach the idle replica at this time take part in its first step: it begins at its turn.
            set_time(s.clock.fleet, s.supply.replicas[wake].leaf, g.now)
