"""Which open offers a request is narrowed down to by weights and service tiers (docs/semantics.md, section 2)."""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import Globals, LiveDeployment, LiveRequest
from sim.engines.compiled.state import Routing, Supply
from sim.engines.record import Rows
from sim.engines.service_tiers import PRIORITY_TIER
from sim.engines.slow_start import warm_share
from sim.view import OPEN, WEIGHT


@inner()
def weigh(g: Globals, routing: Routing, request: LiveRequest) -> float:
    """Write the weights of a request's rows as they are now; return the largest of an open one."""
    r = request.router
    router = routing.routers[r]
    most = 0.0
    for o in range(routing.model_first[request.model], routing.model_first[request.model + 1]):
        seat = routing.seats[r, o]
        row = routing.views[r, o]
        since_s = g.now - max(seat.back_at, seat.cool_until)
        row[WEIGHT] = seat.weight * warm_share(since_s, router.slow_window_s, router.slow_aggression,
                                               router.slow_min_share)
        if row[OPEN] > 0.0:
            most = max(most, row[WEIGHT])
    return most


@inner()
def leave_out_drained(rows: np.ndarray, most: float) -> int:
    """Close open rows of weight 0, unless there are no others: then these are all alike. Return how many stay open."""
    count = 0
    for i in range(rows.shape[0]):
        if rows[i, OPEN] == 0.0:
            continue
        if most == 0.0:
            rows[i, WEIGHT] = 1.0
        elif rows[i, WEIGHT] == 0.0:
            rows[i, OPEN] = 0.0
        count += rows[i, OPEN] > 0.0
    return count


@inner()
def prefer_tier(offers: Rows[LiveDeployment], rows: np.ndarray, first: int, count: int) -> int:
    """Close the open rows of other tiers than the priority one, if one of that is open; return how many stay open."""
    good = 0
    for i in range(rows.shape[0]):
        if rows[i, OPEN] > 0.0 and offers[first + i].tier == PRIORITY_TIER:
            good += 1
    if good == 0:
        return count
    for i in range(rows.shape[0]):
        if offers[first + i].tier != PRIORITY_TIER:
            rows[i, OPEN] = 0.0
    return good


@inner()
def narrowed(g: Globals, supply: Supply, routing: Routing, q: int, count: int) -> int:
    """Close open rows of weight 0, and those of a tier that goes second; return how many of ``count`` stay open."""
    request = routing.requests[q]
    if count == 0:
        return 0
    first = routing.model_first[request.model]
    rows = routing.views[request.router, first:routing.model_first[request.model + 1]]
    if routing.routers[request.router].weighs != 0:
        count = leave_out_drained(rows, weigh(g, routing, request))
    if routing.clients[request.client_class].tier == PRIORITY_TIER:
        count = prefer_tier(supply.offers, rows, first, count)
    return count
