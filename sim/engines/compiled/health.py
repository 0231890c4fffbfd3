"""Cool-down and circuit breaker of one offer at one router (docs/semantics.md, section 4)."""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import Globals, LiveRouter, Seat
from sim.engines.compiled.state import CLOSED, HALF_OPEN, OPENED
from sim.engines.grid import on_grid
from sim.engines.rules import HARD_FAILURES, REFUSALS
from sim.policy import TOO_LONG


@inner()
def fail(g: Globals, router: LiveRouter, seat: Seat, failure: int, probe: bool, lone: bool) -> None:
    """Note that an attempt failed; ``lone`` says that the model has no other offer."""
    seat.failures += 1
    if failure in HARD_FAILURES:
        seat.hard_failures += 1
    trip(g, router, seat, failure, probe)
    if router.cooldown_rule != 0:
        must_rest = litellm_rests(g, router, seat, failure, lone)
    else:
        must_rest = seat.failures >= router.cooldown_after
    if router.cooldown_s > 0.0 and must_rest:
        seat.cool_until = on_grid(g.now + router.cooldown_s, g.per_s)


@inner()
def litellm_rests(g: Globals, router: LiveRouter, seat: Seat, failure: int, lone: bool) -> bool:
    """Count a failure; whether LiteLLM's rule rests the offer after it."""
    if g.now > seat.failed_until:
        seat.recent_failed = 0
        seat.failed_until = on_grid(g.now + router.cooldown_window_s, g.per_s)
    seat.recent_failed += 1
    if failure == TOO_LONG:
        return False  # a 400 speaks of the request, not of the offer
    done = seat.recent_done if g.now <= seat.done_until else 0
    if done == 0 and seat.recent_failed >= router.cooldown_lone:
        return True
    ended = seat.recent_failed + done
    often = seat.recent_failed / ended > router.cooldown_share and ended >= router.cooldown_least
    return bool(not lone and (failure in REFUSALS or often))


@inner()
def count_done(g: Globals, router: LiveRouter, seat: Seat) -> None:
    """Count an answer for LiteLLM's rule."""
    if g.now > seat.done_until:
        seat.recent_done = 0
        seat.done_until = on_grid(g.now + router.cooldown_window_s, g.per_s)
    seat.recent_done += 1


@inner()
def trip(g: Globals, router: LiveRouter, seat: Seat, failure: int, probe: bool) -> None:
    """Let the circuit breaker see a failure."""
    if router.breaker_failures == 0:
        return
    if probe:
        seat.probing = 0
    if failure not in HARD_FAILURES:
        return
    closed = seat.breaker == CLOSED and seat.hard_failures >= router.breaker_failures
    if closed or (probe and seat.breaker == HALF_OPEN):
        seat.breaker = OPENED
        seat.open_until = on_grid(g.now + router.breaker_s, g.per_s)
        seat.successes = 0


@inner(forceinline=True)
def succeed(g: Globals, router: LiveRouter, seat: Seat, probe: bool) -> None:
    """Note that an attempt is done."""
    seat.failures = 0
    seat.hard_failures = 0
    if router.cooldown_rule != 0:
        count_done(g, router, seat)
    if not probe:
        return
    seat.probing = 0
    if seat.breaker != HALF_OPEN:
        return
    seat.successes += 1
    if seat.successes >= router.breaker_successes:
        seat.breaker = CLOSED
        seat.successes = 0
        seat.back_at = g.now


@inner(forceinline=True)
def rests_until(seat: Seat) -> float:
    """Time from which neither cool-down nor breaker can close an offer; not known while the breaker is at work."""
    return float(seat.cool_until) if seat.breaker == CLOSED else np.inf


@inner(forceinline=True)
def lets_through(now: float, seat: Seat) -> bool:
    """True if the breaker lets a request through (an open one half opens when its time is over)."""
    if seat.breaker == CLOSED:
        return True
    if seat.breaker == OPENED:
        if now < seat.open_until:
            return False
        seat.breaker = HALF_OPEN
        seat.successes = 0
        seat.probing = 0
    return bool(seat.probing == 0)
