"""Who waits at a router for an offer to return (docs/semantics.md, section 2).

A queue is a list through the slots of its requests, in the order in which a look goes by. A look is one entry of the
heap of rare events after the other, each of which places one request: the loop looks for room before every entry.
"""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.clock import QUEUE_LOOK, Rare, push_misc
from sim.engines.compiled.records import Globals, LiveRequest, RouterQueue
from sim.engines.compiled.state import IN_QUEUE, OPENED, Clock, Routing, wide
from sim.engines.grid import on_grid

BEFORE, AFTER = 0, 1  # columns of the links


@inner()
def goes_before(a: LiveRequest, b: LiveRequest) -> bool:
    """True if a look places ``a`` first: the higher priority, then the one that arrived first, then the smaller key."""
    if a.priority != b.priority:
        return bool(a.priority > b.priority)
    return bool(a.arrive_s < b.arrive_s if a.arrive_s != b.arrive_s else a.key < b.key)


@inner()
def budget_ends_s(g: Globals, routing: Routing, request: LiveRequest) -> float:
    """Until when a request may wait, seconds."""
    return float(on_grid(request.arrive_s + routing.routers[request.router].budget_s, g.per_s))


@inner()
def join_queue(g: Globals, clock: Clock, routing: Routing, q: int) -> None:
    """Put a request at its place in its queue, until its budget is over."""
    request = routing.requests[q]
    queue = routing.queues[request.router, routing.queue_of[request.model]]
    request.waiting = IN_QUEUE
    request.attempt_at = budget_ends_s(g, routing, request)
    links = routing.links
    before, after = queue.tail, -1
    while before >= 0 and goes_before(request, routing.requests[before]):
        after = before
        before = links[before, BEFORE]
    links[q, BEFORE] = before
    links[q, AFTER] = after
    _link(links, queue, before, after, q, q)
    look_at(g, clock, routing, request, returns_s(g, routing, request.router, routing.queue_of[request.model]))


@inner()
def leave_queue(routing: Routing, q: int) -> None:
    """Take a request out of its queue; it waits no more."""
    request = routing.requests[q]
    queue = routing.queues[request.router, routing.queue_of[request.model]]
    before, after = routing.links[q, BEFORE], routing.links[q, AFTER]
    if queue.cursor == q:
        queue.cursor = after
    _link(routing.links, queue, before, after, after, before)
    request.waiting = 0
    request.attempt_at = np.inf


@inner()
def _link(links: np.ndarray, queue: RouterQueue, before: int, after: int, next_one: int, last_one: int) -> None:
    """Let ``next_one`` follow upon ``before``, and ``last_one`` precede ``after``; -1 is the end of the queue."""
    if before >= 0:
        links[before, AFTER] = next_one
    else:
        queue.head = next_one
    if after >= 0:
        links[after, BEFORE] = last_one
    else:
        queue.tail = last_one


@inner()
def returns_s(g: Globals, routing: Routing, r: int, number: int) -> float:
    """When the first offer that rests, of a model of a queue, may be back, seconds; inf if no time is known."""
    first_s = np.inf
    for model in range(routing.queue_of.shape[0]):
        if routing.queue_of[model] != number:
            continue
        for o in range(routing.model_first[model], routing.model_first[model + 1]):
            seat = routing.seats[r, o]
            at_s = max(seat.cool_until, seat.open_until) if seat.breaker == OPENED else seat.cool_until
            if at_s > g.now:
                first_s = min(first_s, at_s)
    return float(first_s)


@inner()
def look_at(g: Globals, clock: Clock, routing: Routing, request: LiveRequest, when_s: float) -> None:
    """Look then at the queue that a request belongs to, unless that is empty or is looked at before."""
    _set_look(g, clock, routing, wide(request.router), routing.queue_of[request.model], when_s)


@inner()
def _set_look(g: Globals, clock: Clock, routing: Routing, r: int, number: int, when_s: float) -> None:
    queue = routing.queues[r, number]
    # A look finds who waits as the look before it left them unless something has changed: each sets the next.
    if queue.head < 0 or when_s >= queue.look_s:
        return
    queue.look_s = when_s
    _push_look(g, clock, routing, r, number, when_s)


@inner()
def _push_look(g: Globals, clock: Clock, routing: Routing, r: int, number: int, when_s: float) -> None:
    order = np.uint64(r * routing.queues.shape[1] + number)  # a key as those of requests are: one type for numba
    push_misc(g, clock, when_s, order,  # type: ignore[arg-type]
              Rare(QUEUE_LOOK, r, number, 0))


@inner()
def look(g: Globals, clock: Clock, routing: Routing, r: int, number: int) -> int:
    """Go on with a look at a queue; return the request that is to be placed next, or -1."""
    queue = routing.queues[r, number]
    if queue.look_s != g.now:
        return -1  # it was set before an earlier one, which set the next anew
    q = queue.cursor if queue.cursor >= 0 else queue.head
    queue.cursor = routing.links[q, AFTER] if q >= 0 else -1
    if queue.cursor >= 0:
        _push_look(g, clock, routing, r, number, g.now)
    else:
        queue.look_s = np.inf
        _set_look(g, clock, routing, r, number, returns_s(g, routing, r, number))
    return int(q)


@inner()
def look_again(g: Globals, clock: Clock, routing: Routing, model: int) -> None:
    """Let every router look at who waits for a model: the calendar has changed an offer."""
    for r in range(routing.routers.shape[0]):
        _set_look(g, clock, routing, wide(r), routing.queue_of[model], g.now)
