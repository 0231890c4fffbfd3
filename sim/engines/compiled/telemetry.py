"""What a router learns of an offer from its own requests (docs/semantics.md, sections 4 and 5)."""

from typing import Any

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.state import CLOSED, HALF_OPEN, OPENED, RING, Desk
from sim.histogram import COARSE_BITS, bin_of, quantile
from sim.policy import QUEUE_FULL, RATE_LIMITED, TOO_LONG
from sim.units import MINUTE_S
from sim.view import (
    CAPACITY_PER_S,
    ERROR_SHARE_5M,
    ERROR_SHARE_30S,
    LAST_OUTAGE_S,
    NO_LIMIT,
    OBSERVED_AT_S,
    PUBLISHED_LATENCY_S,
    REFUSAL_SHARE_5M,
    REFUSAL_SHARE_30S,
    REQUESTS_THIS_MINUTE,
    SAMPLES,
    THROUGHPUT_EWMA,
    THROUGHPUT_P50,
    THROUGHPUT_P90,
    THROUGHPUT_P99,
    TOKENS_THIS_MINUTE,
    TPOT_EWMA_S,
    TPOT_P50,
    TPOT_P90,
    TPOT_P99,
    TTFT_EWMA_S,
    TTFT_P50,
    TTFT_P90,
    TTFT_P99,
)

LONG_SLOTS = 30  # five minutes at the default grain
SHORT_SLOTS = 3  # thirty seconds
TTFT, TPOT, THROUGHPUT = 0, 1, 2  # metrics of the windows
ENDED, ERRORS, REFUSALS = 0, 1, 2  # counts of the slots
CAP_HIGH, CAP_LOW, CAP_CUT, CAP_RAISE = 0.2, 0.01, 0.9, 1.05  # learned capacity


@inner()
def set_percentiles(view: np.ndarray, router: Any, window: np.ndarray) -> None:
    """Write the windowed percentiles of one offer; the priors where the window is empty."""
    prior_tpot = 1.0 / router.prior_throughput
    p50 = quantile(window[TTFT], 0.5, COARSE_BITS)
    empty = np.isnan(p50)
    view[TTFT_P50] = router.prior_ttft_s if empty else p50
    view[TTFT_P90] = router.prior_ttft_s if empty else quantile(window[TTFT], 0.9, COARSE_BITS)
    view[TTFT_P99] = router.prior_ttft_s if empty else quantile(window[TTFT], 0.99, COARSE_BITS)
    p50 = quantile(window[TPOT], 0.5, COARSE_BITS)
    empty = np.isnan(p50)
    view[TPOT_P50] = prior_tpot if empty else p50
    view[TPOT_P90] = prior_tpot if empty else quantile(window[TPOT], 0.9, COARSE_BITS)
    view[TPOT_P99] = prior_tpot if empty else quantile(window[TPOT], 0.99, COARSE_BITS)
    p50 = quantile(window[THROUGHPUT], 0.5, COARSE_BITS)
    empty = np.isnan(p50)
    view[THROUGHPUT_P50] = router.prior_throughput if empty else p50
    view[THROUGHPUT_P90] = router.prior_throughput if empty else quantile(window[THROUGHPUT], 0.1, COARSE_BITS)
    view[THROUGHPUT_P99] = router.prior_throughput if empty else quantile(window[THROUGHPUT], 0.01, COARSE_BITS)


@inner()
def clear_windows(ended: np.ndarray, ring: np.ndarray, window: np.ndarray) -> None:
    """Forget everything: more than a whole ring of slots went by unseen."""
    ended[:] = 0
    ring[:] = 0
    window[:] = 0


@inner()
def turn_slot(ended: np.ndarray, ring: np.ndarray, window: np.ndarray, slot: int) -> None:
    """Let the slot that was current join the window, and the oldest leave it."""
    joining, leaving = ring[slot % RING], ring[(slot + 1) % RING]
    for metric in range(window.shape[0]):
        for at in range(window.shape[1]):
            window[metric, at] += joining[metric, at] - leaving[metric, at]
            leaving[metric, at] = 0
    ended[(slot + 1) % RING] = 0


@inner()
def roll(desk: Desk, r: int, o: int, slot: int) -> None:
    """Move an offer's windows forward to ``slot``."""
    seat = desk.seats[r, o]
    ended = desk.ended[r, o]
    ring = desk.ring[r, o]
    window = desk.window[r, o]
    if slot - seat.slot >= RING:
        clear_windows(ended, ring, window)
    else:
        for passed in range(seat.slot, slot):
            turn_slot(ended, ring, window, passed)
    seat.slot = slot
    set_percentiles(desk.views[r, o], desk.routers[r], window)


@inner()
def learn_capacity(view: np.ndarray, router: Any, seat: Any, slot: int) -> None:
    """Raise, hold or cut the learned acceptance rate once a window of three slots is over."""
    if slot // SHORT_SLOTS == seat.window:
        return
    seat.window = slot // SHORT_SLOTS
    if seat.ended > 0:
        share = seat.refused_window / seat.ended
        accepted_per_s = (seat.ended - seat.refused_window) / (SHORT_SLOTS * router.slot_s)
        if share > CAP_HIGH:
            view[CAPACITY_PER_S] = CAP_CUT * accepted_per_s
        elif share >= CAP_LOW:
            if view[CAPACITY_PER_S] >= NO_LIMIT:
                view[CAPACITY_PER_S] = accepted_per_s
        elif view[CAPACITY_PER_S] < NO_LIMIT:
            view[CAPACITY_PER_S] *= CAP_RAISE
    seat.ended = 0
    seat.refused_window = 0


@inner()
def sum_slots(seat: Any, ended: np.ndarray, slot: int) -> None:
    """Add up ended attempts, errors and refusals over the short and the long window that end with ``slot``."""
    total = errors = refusals = 0
    for back in range(LONG_SLOTS):
        row = ended[(slot - back) % RING]
        total += row[ENDED]
        errors += row[ERRORS]
        refusals += row[REFUSALS]
        if back == SHORT_SLOTS - 1:
            seat.ended_30s, seat.errors_30s, seat.refusals_30s = total, errors, refusals
    seat.ended_5m, seat.errors_5m, seat.refusals_5m = total, errors, refusals


@inner()
def set_shares(view: np.ndarray, seat: Any) -> None:
    """Write the shares of errors and refusals over the short and the long window."""
    short, long = max(seat.ended_30s, 1), max(seat.ended_5m, 1)  # without an end there is no error either
    view[ERROR_SHARE_30S] = seat.errors_30s / short
    view[REFUSAL_SHARE_30S] = seat.refusals_30s / short
    view[ERROR_SHARE_5M] = seat.errors_5m / long
    view[REFUSAL_SHARE_5M] = seat.refusals_5m / long


@inner()
def refresh(desk: Desk, r: int, o: int, slot: int, minute: int) -> None:
    """Bring the windowed columns of one row up to the current slot and clock minute."""
    seat = desk.seats[r, o]
    view = desk.views[r, o]
    if seat.slot != slot:
        roll(desk, r, o, slot)
        sum_slots(seat, desk.ended[r, o], slot)
        set_shares(view, seat)
        learn_capacity(view, desk.routers[r], seat, slot)
    if seat.minute != minute:
        seat.minute = minute
        view[REQUESTS_THIS_MINUTE] = 0.0
        view[TOKENS_THIS_MINUTE] = 0.0


@inner(forceinline=True)
def refresh_if_due(now: float, desk: Desk, r: int, o: int) -> None:
    """Refresh a row unless it is of the current slot and minute already."""
    slot = int(now / desk.routers[r].slot_s)
    minute = int(now / MINUTE_S)
    seat = desk.seats[r, o]
    if seat.slot != slot or seat.minute != minute:
        refresh(desk, r, o, slot, minute)


@inner(forceinline=True)
def average(view: np.ndarray, column: int, weight: float, first: bool, sample: float) -> None:
    """Update a moving average; the first sample sets it."""
    if first:
        view[column] = sample
    else:
        view[column] += weight * (sample - view[column])


@inner(forceinline=True)
def sample(desk: Desk, r: int, o: int, metric: int, value: float) -> None:
    """Add a sample to the current slot of a window."""
    ring = desk.ring[r, o]
    ring[desk.seats[r, o].slot % RING, metric, bin_of(value, COARSE_BITS)] += 1


@inner(forceinline=True)
def saw_first_token(now: float, desk: Desk, r: int, o: int, ttft_s: float) -> None:
    """Book a time to first token."""
    refresh_if_due(now, desk, r, o)
    view = desk.views[r, o]
    seat = desk.seats[r, o]
    average(view, TTFT_EWMA_S, desk.routers[r].ewma_weight, seat.ttft_seen == 0, ttft_s)
    seat.ttft_seen = 1
    if desk.routers[r].mirrors != 0:
        view[PUBLISHED_LATENCY_S] = view[TTFT_EWMA_S]
    view[OBSERVED_AT_S] = now
    sample(desk, r, o, TTFT, ttft_s)


@inner(forceinline=True)
def count_end(desk: Desk, r: int, o: int, error: int, refusal: int) -> None:
    """Count an ended attempt in the current slot and refresh the shares."""
    seat = desk.seats[r, o]
    row = desk.ended[r, o, seat.slot % RING]
    row[ENDED] += 1
    seat.ended += 1
    seat.ended_30s += 1
    seat.ended_5m += 1
    if error + refusal > 0:
        row[ERRORS] += error
        row[REFUSALS] += refusal
        seat.refused_window += refusal
        seat.errors_30s += error
        seat.errors_5m += error
        seat.refusals_30s += refusal
        seat.refusals_5m += refusal
    if seat.errors_5m + seat.refusals_5m > 0:
        set_shares(desk.views[r, o], seat)


@inner(forceinline=True)
def saw_done(now: float, desk: Desk, r: int, o: int, facts: tuple[float, float, int]) -> None:
    """Book a completion: (time since dispatch, time since first token, output tokens)."""
    refresh_if_due(now, desk, r, o)
    view = desk.views[r, o]
    seat = desk.seats[r, o]
    weight = desk.routers[r].ewma_weight
    throughput = facts[2] / facts[0]
    average(view, THROUGHPUT_EWMA, weight, seat.throughput_seen == 0, throughput)
    seat.throughput_seen = 1
    sample(desk, r, o, THROUGHPUT, throughput)
    if facts[2] >= 2:
        tpot_s = facts[1] / (facts[2] - 1)
        average(view, TPOT_EWMA_S, weight, seat.tpot_seen == 0, tpot_s)
        seat.tpot_seen = 1
        sample(desk, r, o, TPOT, tpot_s)
    view[SAMPLES] += 1.0
    view[OBSERVED_AT_S] = now
    count_end(desk, r, o, 0, 0)
    seat.failures = 0
    seat.hard_failures = 0


@inner(forceinline=True)
def is_refusal(failure: int) -> bool:
    """True for the kinds of failure that are a 429."""
    return failure == RATE_LIMITED or failure == QUEUE_FULL


@inner(forceinline=True)
def is_hard(failure: int) -> bool:
    """True for the kinds of failure that speak against an offer's health."""
    return not is_refusal(failure) and failure != TOO_LONG


@inner()
def saw_failure(now: float, desk: Desk, r: int, o: int, failure: int) -> None:
    """Book a failed or refused attempt, and rest the offer if the cool-down says so."""
    refresh_if_due(now, desk, r, o)
    router = desk.routers[r]
    seat = desk.seats[r, o]
    view = desk.views[r, o]
    view[OBSERVED_AT_S] = now
    hard = is_hard(failure)
    count_end(desk, r, o, 1 if hard else 0, 1 if is_refusal(failure) else 0)
    seat.failures += 1
    if hard:
        seat.hard_failures += 1
        if seat.hard_failures >= router.outage_after:
            view[LAST_OUTAGE_S] = now
    if router.cooldown_s > 0.0 and seat.failures >= router.cooldown_after:
        seat.cool_until = now + router.cooldown_s


@inner()
def breaker_failed(now: float, router: Any, seat: Any, failure: int, probe: bool) -> None:
    """Let the circuit breaker see a failure."""
    if router.breaker_failures == 0:
        return
    if probe:
        seat.probing = 0
    if not is_hard(failure):
        return
    closed = seat.breaker == CLOSED and seat.hard_failures >= router.breaker_failures
    if closed or (probe and seat.breaker == HALF_OPEN):
        seat.breaker = OPENED
        seat.open_until = now + router.breaker_s
        seat.successes = 0


@inner()
def breaker_succeeded(router: Any, seat: Any, probe: bool) -> None:
    """Let the circuit breaker see a completion."""
    if not probe:
        return
    seat.probing = 0
    if seat.breaker != HALF_OPEN:
        return
    seat.successes += 1
    if seat.successes >= router.breaker_successes:
        seat.breaker = CLOSED
        seat.successes = 0
        seat.failures = 0
        seat.hard_failures = 0


@inner(forceinline=True)
def rests_until(seat: Any) -> float:
    """Time from which neither cool-down nor breaker can close an offer; not known while the breaker is at work."""
    return float(seat.cool_until) if seat.breaker == CLOSED else np.inf


@inner(forceinline=True)
def breaker_lets(now: float, seat: Any) -> bool:
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
