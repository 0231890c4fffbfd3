"""Hedged attempts: a second one beside one that waits, until either has its first token (docs/semantics.md, section 2).

The fields of an attempt in a request's record are those of its live one; those of the second stand in a row of their
own, and the two change places when something is heard of the second.
"""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import Globals, LiveRequest, LiveRouter, SecondAttempt
from sim.engines.compiled.state import Routing
from sim.engines.grid import on_grid


@inner(forceinline=True)
def is_live(routing: Routing, q: int, a: int) -> bool:
    """True if the request's router listens to the attempt, which is the first of the two from now on.

    The request may have gone on to another attempt, and its slot even to another request: then this is old news.
    """
    request = routing.requests[q]
    if request.live == a:
        return True
    if request.second != a:
        return False
    swap(routing, q)
    return True


@inner(forceinline=True)
def hedge_time(g: Globals, router: LiveRouter, attempts: int) -> float:
    """When the attempt that is sent now gets a second beside it, s, unless something is heard of it before."""
    if router.hedge_s == np.inf or attempts >= router.max_attempts:
        return np.inf
    return on_grid(g.now + router.hedge_s, g.per_s)


@inner()
def hedge_is_due(now: float, request: LiveRequest) -> bool:
    """True if it is time for a second attempt and for nothing that goes before it."""
    over = min(request.patience_at, request.total_at, request.attempt_at)
    return bool(request.hedge_at <= now < over and request.second < 0 and request.live >= 0)


@inner()
def set_aside(routing: Routing, q: int) -> None:
    """Keep what is known of the live attempt, so that another can be sent in its place."""
    request = routing.requests[q]
    copy_live(routing.seconds[q], request)
    request.second = request.live
    request.second_at = request.attempt_at
    request.attempt_at = np.inf


@inner()
def swap(routing: Routing, q: int) -> None:
    """Let the two attempts of a request change places."""
    request = routing.requests[q]
    second = routing.seconds[q]
    dispatch_s, prompt_pico, price_out, kept_ppm = (
        second.dispatch_s, second.prompt_pico, second.price_out, second.kept_ppm)
    served, offer, probe, own_key = second.served, second.offer, second.probe, second.own_key
    live, attempt_at = request.second, request.second_at
    copy_live(second, request)
    request.second = request.live
    request.second_at = request.attempt_at
    request.dispatch_s = dispatch_s
    request.prompt_pico = prompt_pico
    request.price_out = price_out
    request.kept_ppm = kept_ppm
    request.served = served
    request.offer = offer
    request.probe = probe
    request.own_key = own_key
    request.live = live
    request.attempt_at = attempt_at


@inner()
def go_on_alone(routing: Routing, q: int) -> None:
    """The live attempt is over: the second takes its place."""
    swap(routing, q)
    request = routing.requests[q]
    request.second = -1
    request.second_at = np.inf


@inner()
def copy_live(second: SecondAttempt, request: LiveRequest) -> None:
    """Write the fields of the live attempt to the row of the second."""
    second.dispatch_s = request.dispatch_s
    second.prompt_pico = request.prompt_pico
    second.price_out = request.price_out
    second.kept_ppm = request.kept_ppm
    second.served = request.served
    second.offer = request.offer
    second.probe = request.probe
    second.own_key = request.own_key
