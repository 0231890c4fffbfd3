"""How a router picks an offer: who may be chosen, then affinity, exploration or the policy."""

from typing import Any

import numpy as np

from sim.compiled import inner
from sim.draws import EXPLORE, EXPLORE_PICK, ROUTE, derive, slot_of
from sim.engines.compiled.provider import true_work_s
from sim.engines.compiled.state import Desk, Market
from sim.engines.compiled.telemetry import breaker_lets, refresh, rests_until
from sim.policy import Memory, Request
from sim.units import MINUTE_S
from sim.view import (
    COST_USD,
    OPEN,
    PRICE_IN,
    PRICE_OUT,
    THROUGHPUT_P50,
    THROUGHPUT_P90,
    THROUGHPUT_P99,
    TRUE_WORK_S,
    TTFT_P50,
    TTFT_P90,
    TTFT_P99,
)

NOBODY = -1  # no open row, or the policy declined
BAD_ROW = -2  # the policy named a row that is closed or does not exist


@inner(forceinline=True)
def wide(value: Any) -> Any:
    """An int32 field as int64, which is what policies are compiled for."""
    return np.int64(value)


@inner(forceinline=True)
def was_tried(desk: Desk, q: int, o: int) -> bool:
    """True if the request remembers having tried the offer."""
    for k in range(desk.requests[q].used):
        if desk.tried[q, k] == o:
            return True
    return False


@inner(forceinline=True)
def allowed(g: Any, market: Market, desk: Desk, q: int, o: int) -> bool:
    """True if nothing but an earlier try speaks against an offer."""
    request = desk.requests[q]
    offer = market.offers[o]
    if offer.listed == 0 or request.prompt + request.output > offer.context:
        return False
    router = desk.routers[request.router]
    row = desk.views[request.router, o]
    if row[PRICE_IN] > router.max_in or row[PRICE_OUT] > router.max_out:
        return False
    seat = desk.seats[request.router, o]
    return g.now >= seat.cool_until and breaker_lets(g.now, seat)


@inner(forceinline=True)
def refresh_model(now: float, desk: Desk, r: int, model: int) -> None:
    """Refresh all rows of a model, unless that was done in this slot and clock minute."""
    slot = int(now / desk.routers[r].slot_s)
    minute = int(now / MINUTE_S)
    if desk.fresh[r, model, 0] == slot and desk.fresh[r, model, 1] == minute:
        return
    desk.fresh[r, model, 0] = slot
    desk.fresh[r, model, 1] = minute
    for o in range(desk.model_first[model], desk.model_first[model + 1]):
        refresh(desk, r, o, slot, minute)


@inner(forceinline=True)
def open_all(desk: Desk, request: Any) -> int:
    """Open every row: nothing in the router's settings or the request's past can close one."""
    first = desk.model_first[request.model]
    last = desk.model_first[request.model + 1]
    for o in range(first, last):
        row = desk.views[request.router, o]
        row[COST_USD] = (request.prompt * row[PRICE_IN] + request.expected * row[PRICE_OUT]) / 1e6
        row[OPEN] = 1.0
    return int(last - first)


@inner()
def open_some(g: Any, market: Market, desk: Desk, q: int) -> int:
    """Mark who may be chosen; a request that has tried everybody may start again if the router says so."""
    request = desk.requests[q]
    count = 0
    closed_by_try = False
    guard_until = np.inf if desk.routers[request.router].limited != 0 else 0.0
    for o in range(desk.model_first[request.model], desk.model_first[request.model + 1]):
        row = desk.views[request.router, o]
        row[COST_USD] = (request.prompt * row[PRICE_IN] + request.expected * row[PRICE_OUT]) / 1e6
        may = allowed(g, market, desk, q, o)
        guard_until = max(guard_until, rests_until(desk.seats[request.router, o]))
        if may and request.used > 0 and was_tried(desk, q, o):
            closed_by_try = True
            may = False
        row[OPEN] = 1.0 if may else 0.0
        count += may
    desk.guard_until[request.router, request.model] = guard_until
    if count == 0 and closed_by_try and desk.routers[request.router].retry_tried != 0:
        request.used = 0
        for o in range(desk.model_first[request.model], desk.model_first[request.model + 1]):
            may = allowed(g, market, desk, q, o)
            desk.views[request.router, o, OPEN] = 1.0 if may else 0.0
            count += may
    return count


@inner(forceinline=True)
def open_rows(g: Any, market: Market, desk: Desk, q: int) -> int:
    """Refresh the candidates' rows, price the request and mark who may be chosen; return how many may."""
    request = desk.requests[q]
    refresh_model(g.now, desk, request.router, request.model)
    fits = request.prompt + request.output <= desk.least_context[request.model]
    calm = desk.hidden[request.model] == 0 and g.now >= desk.guard_until[request.router, request.model]
    if calm and fits and request.used == 0:
        return open_all(desk, request)
    return open_some(g, market, desk, q)


@inner(forceinline=True)
def meets(router: Any, row: np.ndarray) -> bool:
    """True if an offer meets every percentile preference."""
    return bool(
        row[TTFT_P50] <= router.ttft_p50
        and row[TTFT_P90] <= router.ttft_p90
        and row[TTFT_P99] <= router.ttft_p99
        and row[THROUGHPUT_P50] >= router.throughput_p50
        and row[THROUGHPUT_P90] >= router.throughput_p90
        and row[THROUGHPUT_P99] >= router.throughput_p99
    )


@inner()
def prefer(router: Any, rows: np.ndarray, count: int) -> int:
    """Close the open rows that miss a preference, if any row meets them all; return how many stay open."""
    good = 0
    for i in range(rows.shape[0]):
        if rows[i, OPEN] > 0.0 and meets(router, rows[i]):
            good += 1
    if good == 0:
        return count
    for i in range(rows.shape[0]):
        if rows[i, OPEN] > 0.0 and not meets(router, rows[i]):
            rows[i, OPEN] = 0.0
    return good


@inner(forceinline=True)
def sticky_row(g: Any, desk: Desk, request: Any, rows: np.ndarray, first: int) -> int:
    """Row that the request's session is bound to, or -1."""
    router = desk.routers[request.router]
    if router.affinity_ttl_s <= 0.0 or request.session < 0:
        return -1
    entry = desk.sticky[request.router, slot_of(request.session, router.affinity_slots)]
    if entry.session != request.session or g.now >= entry.expires:
        return -1
    row = entry.offer - first
    if row < 0 or row >= rows.shape[0] or rows[row, OPEN] == 0.0:
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
def memory_of(desk: Desk, r: int, model: int) -> Memory:
    """The policy's arrays for one router and model."""
    first = desk.model_first[model]
    last = desk.model_first[model + 1]
    return Memory(desk.memory_offers[r, first:last], desk.memory_shared[r, model], desk.memory_params[r])


@inner(forceinline=True)
def ask_policy(g: Any, desk: Desk, choosers: Any, q: int, rows: np.ndarray) -> int:
    """Let the policy choose a row."""
    request = desk.requests[q]
    r = request.router
    asked = Request(
        g.now,
        wide(request.prompt),
        request.expected,
        wide(request.attempts),
        request.session,
        wide(request.client_class),
        desk.model_first[request.model],
    )
    u = derive(request.key, ROUTE, request.attempts)
    row = choosers[r](rows, asked, memory_of(desk, r, request.model), u)
    if row == NOBODY:
        return NOBODY
    if row < 0 or row >= rows.shape[0] or rows[row, OPEN] == 0.0:
        return BAD_ROW
    return int(row)


@inner(forceinline=True)
def pick(g: Any, market: Market, desk: Desk, choosers: Any, q: int) -> int:
    """Offer for the next attempt of a request, NOBODY or BAD_ROW."""
    request = desk.requests[q]
    r = request.router
    router = desk.routers[r]
    first = desk.model_first[request.model]
    last = desk.model_first[request.model + 1]
    count = open_rows(g, market, desk, q)
    if count == 0:
        return NOBODY
    if router.oracle != 0:
        for o in range(first, last):
            desk.views[r, o, TRUE_WORK_S] = true_work_s(g, market, o)
    rows = desk.views[r, first:last]
    if router.preferences != 0:
        count = prefer(router, rows, count)
    row = sticky_row(g, desk, request, rows, first)
    if row < 0 and router.exploration > 0.0 and derive(request.key, EXPLORE, request.attempts) < router.exploration:
        row = open_row(rows, int(derive(request.key, EXPLORE_PICK, request.attempts) * count))
    if row >= 0:
        return int(first + row)
    if router.stale_s > 0.0:
        shown = desk.shown[r, first:last]
        for i in range(last - first):
            shown[i, OPEN] = rows[i, OPEN]
            shown[i, COST_USD] = rows[i, COST_USD]
        rows = shown
    row = ask_policy(g, desk, choosers, q, rows)
    return int(first + row) if row >= 0 else row
