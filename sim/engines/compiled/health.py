"""Cool-down and circuit breaker of one offer at one router (docs/semantics.md, section 4)."""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import Globals, LiveRouter, Seat
from sim.engines.compiled.state import CLOSED, HALF_OPEN, OPENED
from sim.engines.grid import on_grid
from sim.engines.rules import HARD_FAILURES


@inner()
def fail(g: Globals, router: LiveRouter, seat: Seat, failure: int, probe: bool) -> None:
    """Note that an attempt failed."""
    seat.failures += 1
    if failure in HARD_FAILURES:
        seat.hard_failures += 1
    trip(g, router, seat, failure, probe)
    if router.cooldown_s > 0.0 and seat.failures >= router.cooldown_after:
        seat.cool_until = on_grid(g.now + router.cooldown_s, g.per_s)


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
def succeed(router: LiveRouter, seat: Seat, probe: bool) -> None:
    """Note that an attempt is done."""
    seat.failures = 0
    seat.hard_failures = 0
    if not probe:
        return
    seat.probing = 0
    if seat.breaker != HALF_OPEN:
        return
    seat.successes += 1
    if seat.successes >= router.breaker_successes:
        seat.breaker = CLOSED
        seat.successes = 0


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
