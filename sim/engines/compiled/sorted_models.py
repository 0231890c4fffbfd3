"""At which of its models a request is placed, where their offers are sorted together (docs/semantics.md, 15)."""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.narrow import narrowed
from sim.engines.compiled.place import is_kept_away, may_return, open_untried, refresh_model
from sim.engines.compiled.preferences import MOST, rank, sorted_value, sorts_together
from sim.engines.compiled.records import Globals
from sim.engines.compiled.state import Books, Routing, Supply
from sim.engines.compiled.wish import Wish
from sim.engines.outcome import KEPT_AWAY
from sim.engines.ranks import as_good_as
from sim.view import OPEN


@inner()
def first_rank(routing: Routing, q: int, rows: np.ndarray) -> int:
    """Lowest rank of an open row of the model that a request asks for."""
    first, best = routing.model_first[routing.requests[q].model], MOST
    for i in range(rows.shape[0]):
        if rows[i, OPEN] > 0.0:
            best = min(best, rank(routing, q, first + i))
    return best


@inner()
def best_value(routing: Routing, q: int, rows: np.ndarray, wish: Wish, of_rank: int) -> float:
    """What the best of its open rows of a rank is sorted by."""
    first, best = routing.model_first[routing.requests[q].model], np.inf
    for i in range(rows.shape[0]):
        if rows[i, OPEN] > 0.0 and rank(routing, q, first + i) == of_rank:
            best = min(best, sorted_value(wish, rows[i]))
    return float(best)


@inner()
def tried_all(g: Globals, supply: Supply, routing: Routing, q: int) -> bool:
    """Let a request ask for its best model; True if there is none, and some offer is closed only by being tried."""
    request = routing.requests[q]
    wish = routing.wishes[routing.clients[request.client_class].wants]
    models = routing.together[request.client_class]
    asked, lowest, least = request.model, MOST, np.inf
    only_tried = False
    for k in range(models.shape[0]):
        if models[k] < 0:
            break
        request.model = models[k]
        refresh_model(g, routing, request.router, request.model)
        opened = open_untried(g, supply, routing, q)
        only_tried = only_tried or opened.only_tried
        if narrowed(g, supply, routing, q, opened.many) == 0:
            continue
        rows = routing.views[request.router, routing.model_first[request.model]:routing.model_first[request.model + 1]]
        of_rank = first_rank(routing, q, rows)
        value = best_value(routing, q, rows, wish, of_rank)
        if of_rank < lowest or (of_rank == lowest and least > as_good_as(value)):
            asked, lowest, least = request.model, of_rank, value
    request.model = asked
    return bool(lowest == MOST and only_tried)


@inner()
def ask_best_model(g: Globals, supply: Supply, routing: Routing, q: int) -> None:
    """Let a request ask for the model whose open offers go first; it may start again if it has tried everybody."""
    request = routing.requests[q]
    if tried_all(g, supply, routing, q) and routing.routers[request.router].retry_tried != 0:
        request.used = 0
        tried_all(g, supply, routing, q)


@inner()
def some_may_return(g: Globals, supply: Supply, routing: Routing, q: int) -> bool:
    """True if a request that found no open row could go to an offer that rests, once that returns."""
    request = routing.requests[q]
    if not sorts_together(routing, request):
        return may_return(g, supply, routing, q, request.model)
    for model in routing.together[request.client_class]:
        if model >= 0 and may_return(g, supply, routing, q, model):
            return True
    return False


@inner()
def some_keep_away(g: Globals, supply: Supply, routing: Routing, q: int) -> bool:
    """True if nothing but its preferences closes an offer to a request."""
    request = routing.requests[q]
    if not sorts_together(routing, request):
        return is_kept_away(g, supply, routing, q, request.model)
    for model in routing.together[request.client_class]:
        if model >= 0 and is_kept_away(g, supply, routing, q, model):
            return True
    return False


@inner()
def note_kept_away(g: Globals, supply: Supply, routing: Routing, books: Books, q: int) -> None:
    """Count a request that nothing but its preferences leaves without an offer: it is refused, whatever failed."""
    request = routing.requests[q]
    if some_keep_away(g, supply, routing, q):
        request.failure = 0
        books.class_sums[request.client_class, request.cohort, KEPT_AWAY] += 1
