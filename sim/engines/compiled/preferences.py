"""Which offers a class's preferences leave to a request, and which of them go first (docs/semantics.md, section 15)."""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import LiveRequest
from sim.engines.compiled.state import Routing, Supply
from sim.engines.compiled.wish import Wish
from sim.engines.ranks import BY_PRICE, BY_THROUGHPUT, EXCLUDED, as_good_as, rank_of, request_usd
from sim.histogram import COARSE_BITS, quantile_of
from sim.view import (
    COST_USD,
    OPEN,
    PRICE_IN,
    PRICE_OUT,
    THROUGHPUT_P50,
    THROUGHPUT_P90,
    THROUGHPUT_P99,
    TTFT_P50,
    TTFT_P90,
    TTFT_P99,
)

MOST = 1 << 62  # more than any rank


@inner(forceinline=True)
def prefers_nothing(routing: Routing, request: LiveRequest) -> bool:
    """True if a request would go to any offer: its class has no preferences, and it is not pinned."""
    return bool(routing.clients[request.client_class].wants < 0 and request.pinned == 0)


@inner(forceinline=True)
def sorts_together(routing: Routing, request: LiveRequest) -> bool:
    """True if offers of all of a request's models are sorted together; then there is more than one."""
    wants = routing.clients[request.client_class].wants
    return bool(wants >= 0 and routing.wishes[wants].together != 0 and routing.together[request.client_class, 0] >= 0)


@inner()
def allows(supply: Supply, routing: Routing, request: LiveRequest, o: int) -> bool:
    """True if a request is not pinned to another provider, and its class's preferences let an offer serve it."""
    if request.pinned > 0 and supply.offers[o].pin != request.pinned:
        return False
    wants = routing.clients[request.client_class].wants
    if wants < 0:
        return True
    wish = routing.wishes[wants]
    if routing.standings[wants, o] == EXCLUDED:
        return False
    row = routing.views[request.router, o]
    if row[PRICE_IN] > wish.max_prompt or row[PRICE_OUT] > wish.max_completion:
        return False
    offer = supply.offers[o]
    if request_usd(offer.price_request, offer.kept_ppm) > wish.max_request:
        return False
    return bool(wish.alone == 0 or request.attempts == request.earlier or request.offer == o)


@inner(forceinline=True)
def tries(routing: Routing, wants: int, o: int) -> int:
    """How often a request may try an offer: twice where it may come with either key."""
    if wants < 0 or routing.standings[wants, o] & 1 == 0:
        return 1
    return 1 + routing.wishes[wants].shared


@inner(forceinline=True)
def was_tried(routing: Routing, q: int, o: int) -> bool:
    """True if the request remembers having tried the offer, as often as it may."""
    left = tries(routing, routing.clients[routing.requests[q].client_class].wants, o)
    for k in range(routing.requests[q].used):
        if routing.tried[q, k] == o:
            left -= 1
            if left == 0:
                return True
    return False


@inner(forceinline=True)
def uses_own_key(routing: Routing, q: int, o: int) -> bool:
    """True if the request's next attempt at an offer comes with its customer's own key: its first there does."""
    wants = routing.clients[routing.requests[q].client_class].wants
    if wants < 0 or routing.standings[wants, o] & 1 == 0:
        return False
    for k in range(routing.requests[q].used):
        if routing.tried[q, k] == o:
            return False
    return True


@inner()
def windowed(routing: Routing, w: int, o: int, q: float, prior: float) -> float:
    """A quantile of a window of samples, or the prior if it holds none or there is no such window."""
    if w < 0 or routing.windows[w, o].held == 0:
        return prior
    return float(quantile_of(routing.counts[w, o], routing.windows[w, o].held, q, COARSE_BITS))


@inner()
def bring_up_quartiles(routing: Routing, r: int, o: int) -> None:
    """Write the TTFT and the throughput that three in four requests keep, unless that was done in this slot."""
    row, seat = routing.quartiles[r, o], routing.seats[r, o]
    if row[0] == seat.slot:
        return
    row[0] = seat.slot
    router = routing.routers[r]
    row[1] = windowed(routing, router.ttft_windows, o, 0.75, router.prior_ttft_s)
    row[2] = windowed(routing, router.throughput_windows, o, 0.25, router.prior_throughput)


@inner()
def meets_preferences(routing: Routing, wish: Wish, r: int, o: int) -> bool:
    """True if an offer keeps every wanted percentile."""
    row = routing.views[r, o]
    if not (row[TTFT_P50] <= wish.ttft_p50 and row[TTFT_P90] <= wish.ttft_p90 and row[TTFT_P99] <= wish.ttft_p99
            and row[THROUGHPUT_P50] >= wish.throughput_p50 and row[THROUGHPUT_P90] >= wish.throughput_p90
            and row[THROUGHPUT_P99] >= wish.throughput_p99):
        return False
    if wish.quartiles == 0:
        return True
    bring_up_quartiles(routing, r, o)
    late = routing.quartiles[r, o]
    return bool(late[1] <= wish.ttft_p75 and late[2] >= wish.throughput_p75)


@inner()
def rank(routing: Routing, q: int, o: int) -> int:
    """Rank of an offer for a request; the lowest goes first."""
    request = routing.requests[q]
    wants = routing.clients[request.client_class].wants
    wish = routing.wishes[wants]
    misses = wish.percentiles != 0 and not meets_preferences(routing, wish, request.router, o)
    own_key = wish.keyed != 0 and uses_own_key(routing, q, o)
    return int(rank_of(routing.standings[wants, o], wish.places, own_key, misses))


@inner()
def first_group(routing: Routing, q: int, rows: np.ndarray, count: int) -> int:
    """Close the open rows that others go before; return how many of ``count`` stay open."""
    first = routing.model_first[routing.requests[q].model]
    best = MOST
    for i in range(rows.shape[0]):
        if rows[i, OPEN] > 0.0:
            best = min(best, rank(routing, q, first + i))
    for i in range(rows.shape[0]):
        if rows[i, OPEN] > 0.0 and rank(routing, q, first + i) > best:
            rows[i, OPEN] = 0.0
            count -= 1
    return count


@inner(forceinline=True)
def sorted_value(wish: Wish, row: np.ndarray) -> float:
    """What offers are sorted by, the smallest first."""
    if wish.sort == BY_PRICE:
        return float(row[COST_USD])
    return -float(row[THROUGHPUT_P50]) if wish.sort == BY_THROUGHPUT else float(row[TTFT_P50])


@inner()
def leaders(wish: Wish, rows: np.ndarray, count: int) -> int:
    """Close the open rows that are not the best by what offers are sorted by; return how many stay open."""
    if wish.sort == 0:
        return count
    best = np.inf
    for i in range(rows.shape[0]):
        if rows[i, OPEN] > 0.0:
            best = min(best, sorted_value(wish, rows[i]))
    for i in range(rows.shape[0]):
        if rows[i, OPEN] > 0.0 and sorted_value(wish, rows[i]) > as_good_as(best):
            rows[i, OPEN] = 0.0
            count -= 1
    return count
