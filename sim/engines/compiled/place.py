"""How a router picks an offer: who may be chosen, then affinity, exploration or the policy."""

from typing import Any, NamedTuple

import numpy as np

from sim.compiled import inner
from sim.draws import EXPLORE, EXPLORE_PICK, ROUTE, derive, slot_of
from sim.engines.answers import least_tokens
from sim.engines.compiled.deployment import true_work_s
from sim.engines.compiled.health import lets_through, rests_until
from sim.engines.compiled.narrow import narrowed
from sim.engines.compiled.newcomers import show_newcomers
from sim.engines.compiled.policy_table import chooser
from sim.engines.compiled.preferences import allows, first_group, leaders, prefers_nothing, was_tried
from sim.engines.compiled.records import Globals, LiveRequest, Seat
from sim.engines.compiled.state import Routing, Supply, wide
from sim.engines.compiled.telemetry import AVERAGES, WINDOWED, refresh
from sim.engines.compiled.terms import caching_saves, cost_usd
from sim.engines.documents import document_number
from sim.policy import Memory, Request
from sim.units import MINUTE_S
from sim.view import (
    COST_USD,
    OPEN,
    PRICE_IN,
    PRICE_OUT,
    TRUE_WORK_S,
    WEIGHT,
)

NOBODY = -1  # the policy declined
BAD_ROW = -2  # the policy named a row that is closed or does not exist
NO_ROW = -3  # no row is open


@inner(forceinline=True)
def can_serve(supply: Supply, routing: Routing, request: LiveRequest, o: int) -> bool:
    """True if an offer is there for a request of this size and service tier."""
    offer = supply.offers[o]
    if offer.listed == 0 or least_tokens(request.prompt, request.max_tokens) > offer.context:
        return False
    return bool(routing.clients[request.client_class].admits >> offer.tier & 1 != 0)


@inner(forceinline=True)
def suits(supply: Supply, routing: Routing, q: int, o: int) -> bool:
    """True if an offer could serve a request, rested or not, tried or not."""
    request = routing.requests[q]
    if not can_serve(supply, routing, request, o):
        return False
    return prefers_nothing(routing, request) or allows(supply, routing, request, o)


@inner(forceinline=True)
def is_healthy(g: Globals, seat: Seat) -> bool:
    """True if neither cool-down nor breaker closes an offer."""
    return bool(g.now >= seat.cool_until and lets_through(g.now, seat))


@inner(forceinline=True)
def is_usable(g: Globals, supply: Supply, routing: Routing, q: int, o: int) -> bool:
    """True if nothing but an earlier try speaks against an offer."""
    if not suits(supply, routing, q, o):
        return False
    return is_healthy(g, routing.seats[routing.requests[q].router, o])


@inner()
def may_return(g: Globals, supply: Supply, routing: Routing, q: int, model: int) -> bool:
    """True if a request that found no open row could go to an offer of a model that rests, once that returns."""
    request = routing.requests[q]
    again = routing.routers[request.router].retry_tried != 0
    for o in range(routing.model_first[model], routing.model_first[model + 1]):
        is_free = suits(supply, routing, q, o) and (again or not was_tried(routing, q, o))
        if is_free and not is_healthy(g, routing.seats[request.router, o]):
            return True
    return False


@inner()
def is_kept_away(g: Globals, supply: Supply, routing: Routing, q: int, model: int) -> bool:
    """True if nothing but its preferences closes an offer of a model to a request."""
    request = routing.requests[q]
    if prefers_nothing(routing, request):
        return False
    for o in range(routing.model_first[model], routing.model_first[model + 1]):
        is_free = can_serve(supply, routing, request, o) and not was_tried(routing, q, o)
        if is_free and not allows(supply, routing, request, o) and is_healthy(g, routing.seats[request.router, o]):
            return True
    return False


@inner(forceinline=True)
def refresh_model(g: Globals, routing: Routing, r: int, model: int) -> None:
    """Refresh all rows of a model, unless that was done in this slot and clock minute and no row is new since.

    Nor is it done if nobody reads what would change.
    """
    reads = routing.routers[r].reads
    if reads & (WINDOWED | AVERAGES) == 0:
        return
    slot = int(g.now / routing.routers[r].slot_s)
    minute = int(g.now / MINUTE_S)
    if routing.fresh[r, model, 0] == slot and routing.fresh[r, model, 1] == minute:
        return
    routing.fresh[r, model, 0] = slot
    routing.fresh[r, model, 1] = minute
    if reads & WINDOWED != 0:
        for o in range(routing.model_first[model], routing.model_first[model + 1]):
            refresh(g, routing, r, o, slot, minute)
    show_newcomers(routing, r, model)


@inner(forceinline=True)
def open_all(routing: Routing, request: LiveRequest) -> int:
    """Open every row: nothing in the router's settings or the request's past can close one."""
    first = routing.model_first[request.model]
    last = routing.model_first[request.model + 1]
    priced = routing.routers[request.router].reads & (1 << COST_USD) != 0
    if not priced and routing.all_open[request.router, request.model] != 0:
        return int(last - first)
    routing.all_open[request.router, request.model] = 1
    for o in range(first, last):
        row = routing.views[request.router, o]
        row[COST_USD] = (request.prompt * row[PRICE_IN] + request.expected * row[PRICE_OUT]) / 1e6
        row[OPEN] = 1.0
    return int(last - first)


class Opened(NamedTuple):
    """What came of marking who may be chosen."""

    many: int  # how many may
    only_tried: bool  # whether somebody may not, for no other reason than that it was tried


@inner(often=True)
def open_untried(g: Globals, supply: Supply, routing: Routing, q: int) -> Opened:
    """Mark who of the model that a request asks for may be chosen."""
    request = routing.requests[q]
    routing.all_open[request.router, request.model] = 0
    count = 0
    closed_by_try = False
    guard_until = np.inf if routing.routers[request.router].weighs != 0 else 0.0
    for o in range(routing.model_first[request.model], routing.model_first[request.model + 1]):
        row = routing.views[request.router, o]
        row[COST_USD] = cost_usd(supply, o, row, request)
        may = is_usable(g, supply, routing, q, o)
        guard_until = max(guard_until, rests_until(routing.seats[request.router, o]))
        if may and request.used > 0 and was_tried(routing, q, o):
            closed_by_try = True
            may = False
        row[OPEN] = 1.0 if may else 0.0
        count += may
    routing.guard_until[request.router, request.model] = guard_until
    return Opened(count, closed_by_try)


@inner(often=True)
def open_some(g: Globals, supply: Supply, routing: Routing, q: int) -> int:
    """Mark who may be chosen; a request that has tried everybody may start again if the router says so."""
    request = routing.requests[q]
    opened = open_untried(g, supply, routing, q)
    count = opened.many
    starts_again = routing.routers[request.router].retry_tried != 0 and request.live < 0  # not beside a live attempt
    if count == 0 and opened.only_tried and starts_again:
        request.used = 0
        for o in range(routing.model_first[request.model], routing.model_first[request.model + 1]):
            may = is_usable(g, supply, routing, q, o)
            routing.views[request.router, o, OPEN] = 1.0 if may else 0.0
            count += may
    return narrowed(g, supply, routing, q, count)


@inner(forceinline=True)
def open_rows(g: Globals, supply: Supply, routing: Routing, q: int) -> int:
    """Refresh the candidates' rows, price the request and mark who may be chosen; return how many may."""
    request = routing.requests[q]
    refresh_model(g, routing, request.router, request.model)
    fits = least_tokens(request.prompt, request.max_tokens) <= routing.least_context[request.model]
    # Most placements find nothing that could close an offer; telling so by three numbers of the model, and one of the
    # class, saves a look at every seat.
    calm = routing.special[request.model] == 0 and g.now >= routing.guard_until[request.router, request.model]
    if calm and fits and request.used == 0 and prefers_nothing(routing, request):
        return open_all(routing, request)
    return open_some(g, supply, routing, q)


@inner(forceinline=True)
def sticky_row(g: Globals, supply: Supply, routing: Routing, request: LiveRequest, rows: np.ndarray) -> int:
    """Row that the request's session is bound to, or -1."""
    router = routing.routers[request.router]
    wants = routing.clients[request.client_class].wants
    if router.affinity_ttl_s <= 0.0 or request.session < 0 or (wants >= 0 and routing.wishes[wants].ordered != 0):
        return -1
    entry = routing.sticky[request.router, request.model, slot_of(request.session, router.affinity_slots)]
    if entry.session != request.session + 1 or g.now >= entry.expires:
        return -1
    row = entry.offer - routing.model_first[request.model]
    if row < 0 or row >= rows.shape[0] or rows[row, OPEN] == 0.0:
        return -1
    if router.affinity_cheaper != 0 and not caching_saves(supply, entry.offer, request.prompt):
        return -1
    return int(row)


@inner()
def open_row(rows: np.ndarray, number: int) -> int:
    """The ``number``-th open row."""
    for i in range(rows.shape[0]):
        if rows[i, OPEN] > 0.0:
            if number == 0:
                return i
            number -= 1
    return -1


@inner(forceinline=True)
def memory_of(routing: Routing, r: int, model: int) -> Memory:
    """The policy's arrays for one router and model."""
    first = routing.model_first[model]
    last = routing.model_first[model + 1]
    return Memory(routing.memory_offers[r, first:last], routing.memory_shared[r, model], routing.memory_params[r])


class Beginning(NamedTuple):
    """What a prompt begins with, as policies see it."""

    document: int
    shared_tokens: int


@inner(forceinline=True)
def beginning_of(routing: Routing, request: LiveRequest) -> Beginning:
    """The document of a request, if its prompt has all of it and more."""
    shared = wide(routing.clients[request.client_class].shared)
    if shared == 0 or request.prompt <= shared:
        return Beginning(wide(-1), wide(0))
    return Beginning(document_number(wide(request.client_class), wide(request.document)), shared)


@inner(forceinline=True)
def ask_policy(g: Globals, routing: Routing, policies: Any, q: int, rows: np.ndarray) -> int:
    """Let the policy choose a row."""
    request = routing.requests[q]
    r = request.router
    begins = beginning_of(routing, request)
    asked = Request(
        g.now,
        wide(request.prompt),
        request.expected,
        wide(request.attempts),
        request.session,
        wide(request.client_class),
        routing.model_first[request.model],
        wide(request.prefix) if request.session >= 0 else wide(0),
        begins.document,
        begins.shared_tokens,
    )
    u = derive(request.key, ROUTE, request.attempts)
    choose: Any = chooser(policies, r)  # type: ignore[call-arg]
    row = choose(rows, asked, memory_of(routing, r, request.model), u)
    if row == NOBODY:
        return NOBODY
    if row < 0 or row >= rows.shape[0] or rows[row, OPEN] == 0.0:
        return BAD_ROW
    return int(row)


@inner(forceinline=True)
def pick(g: Globals, supply: Supply, routing: Routing, policies: Any, q: int) -> int:
    """Offer for the next attempt of a request, NOBODY or BAD_ROW."""
    request = routing.requests[q]
    r = request.router
    router = routing.routers[r]
    first = routing.model_first[request.model]
    last = routing.model_first[request.model + 1]
    count = open_rows(g, supply, routing, q)
    if count == 0:
        return NO_ROW
    if router.oracle != 0:
        for o in range(first, last):
            routing.views[r, o, TRUE_WORK_S] = true_work_s(g, supply, o)
    rows = routing.views[r, first:last]
    wants = routing.clients[request.client_class].wants
    if wants >= 0:
        count = first_group(routing, q, rows, count)
    # Affinity, then exploration, then the policy: it does not even hear of placements that it did not make.
    row = sticky_row(g, supply, routing, request, rows)
    decided = request.pinned > 0
    if row < 0 and wants >= 0:
        count = leaders(routing.wishes[wants], rows, count)
        decided = decided or routing.wishes[wants].decides != 0
    if row < 0 and decided and count == 1:
        row = open_row(rows, 0)
    if row < 0 and router.exploration > 0.0 and derive(request.key, EXPLORE, request.attempts) < router.exploration:
        row = open_row(rows, int(derive(request.key, EXPLORE_PICK, request.attempts) * count))
    if row >= 0:
        return int(first + row)
    if router.stale_s > 0.0:
        shown = routing.shown[router.shown, first:last]
        # What belongs to this decision is of now, even in a stale view.
        for i in range(last - first):
            shown[i, OPEN] = rows[i, OPEN]
            shown[i, COST_USD] = rows[i, COST_USD]
            shown[i, WEIGHT] = rows[i, WEIGHT]
        rows = shown
    row = ask_policy(g, routing, policies, q, rows)
    return int(first + row) if row >= 0 else row
