"""What a router learns of an offer from its own requests (docs/semantics.md, sections 4 and 5)."""

from typing import NamedTuple

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import LiveRequest, LiveRouter, Seat
from sim.engines.compiled.state import RING, Routing
from sim.engines.rules import (
    HARD_FAILURES,
    LONG_SLOTS,
    REFUSALS,
    SHORT_SLOTS,
)
from sim.histogram import COARSE_BITS, bin_of, quantile
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

TTFT, TPOT, THROUGHPUT = 0, 1, 2  # metrics of the windows
ENDED, ERRORS, REFUSED = 0, 1, 2  # counts of the slots


class FullAnswer(NamedTuple):
    """An answer to its last token, as its router saw it."""

    e2e_s: float  # since dispatch
    later_s: float  # since the first token
    output: int  # tokens
    model: int  # of the request


@inner()
def set_percentiles(view: np.ndarray, window: np.ndarray) -> None:
    """Write the windowed percentiles of one offer; where the window is empty they are no numbers (see newcomers)."""
    view[TTFT_P50] = quantile(window[TTFT], 0.5, COARSE_BITS)
    view[TTFT_P90] = quantile(window[TTFT], 0.9, COARSE_BITS)
    view[TTFT_P99] = quantile(window[TTFT], 0.99, COARSE_BITS)
    view[TPOT_P50] = quantile(window[TPOT], 0.5, COARSE_BITS)
    view[TPOT_P90] = quantile(window[TPOT], 0.9, COARSE_BITS)
    view[TPOT_P99] = quantile(window[TPOT], 0.99, COARSE_BITS)
    view[THROUGHPUT_P50] = quantile(window[THROUGHPUT], 0.5, COARSE_BITS)
    view[THROUGHPUT_P90] = quantile(window[THROUGHPUT], 0.1, COARSE_BITS)
    view[THROUGHPUT_P99] = quantile(window[THROUGHPUT], 0.01, COARSE_BITS)


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
def roll(routing: Routing, r: int, o: int, slot: int) -> None:
    """Move an offer's windows forward to ``slot``."""
    seat = routing.seats[r, o]
    ended = routing.ended[r, o]
    ring = routing.ring[r, o]
    window = routing.window[r, o]
    # Rows are refreshed when somebody needs them; after a long silence every slot of the ring is out of date.
    if slot - seat.slot >= RING:
        clear_windows(ended, ring, window)
    else:
        for passed in range(seat.slot, slot):
            turn_slot(ended, ring, window, passed)
    seat.slot = slot
    set_percentiles(routing.views[r, o], window)


@inner()
def learn_capacity(view: np.ndarray, router: LiveRouter, seat: Seat, slot: int) -> None:
    """Raise, hold or cut the learned acceptance rate once a window of three slots is over."""
    if slot // SHORT_SLOTS == seat.window:
        return
    seat.window = slot // SHORT_SLOTS
    if seat.ended > 0:
        share = seat.refused_window / seat.ended
        accepted_per_s = (seat.ended - seat.refused_window) / (SHORT_SLOTS * router.slot_s)
        if share > router.many_refused:
            view[CAPACITY_PER_S] = router.capacity_cut * accepted_per_s
        elif share >= router.few_refused:
            if view[CAPACITY_PER_S] >= NO_LIMIT:
                view[CAPACITY_PER_S] = accepted_per_s
        elif view[CAPACITY_PER_S] < NO_LIMIT:
            view[CAPACITY_PER_S] *= router.capacity_growth
    seat.ended = 0
    seat.refused_window = 0


@inner()
def sum_slots(seat: Seat, ended: np.ndarray, slot: int) -> None:
    """Add up ended attempts, errors and refusals over the short and the long window that end with ``slot``."""
    total = errors = refusals = 0
    for back in range(LONG_SLOTS):
        row = ended[(slot - back) % RING]
        total += row[ENDED]
        errors += row[ERRORS]
        refusals += row[REFUSED]
        if back == SHORT_SLOTS - 1:
            seat.ended_30s, seat.errors_30s, seat.refusals_30s = total, errors, refusals
    seat.ended_5m, seat.errors_5m, seat.refusals_5m = total, errors, refusals


@inner()
def set_shares(view: np.ndarray, seat: Seat) -> None:
    """Write the shares of errors and refusals over the short and the long window."""
    short, long = max(seat.ended_30s, 1), max(seat.ended_5m, 1)  # without an end there is no error either
    view[ERROR_SHARE_30S] = seat.errors_30s / short
    view[REFUSAL_SHARE_30S] = seat.refusals_30s / short
    view[ERROR_SHARE_5M] = seat.errors_5m / long
    view[REFUSAL_SHARE_5M] = seat.refusals_5m / long


@inner()
def refresh(routing: Routing, r: int, o: int, slot: int, minute: int) -> None:
    """Bring the windowed columns of one row up to the current slot and clock minute."""
    seat = routing.seats[r, o]
    view = routing.views[r, o]
    if seat.slot != slot:
        roll(routing, r, o, slot)
        sum_slots(seat, routing.ended[r, o], slot)
        set_shares(view, seat)
        learn_capacity(view, routing.routers[r], seat, slot)
    if seat.minute != minute:
        seat.minute = minute
        view[REQUESTS_THIS_MINUTE] = 0.0
        view[TOKENS_THIS_MINUTE] = 0.0


@inner(forceinline=True)
def refresh_if_due(now: float, routing: Routing, r: int, o: int) -> None:
    """Refresh a row unless it is of the current slot and minute already."""
    slot = int(now / routing.routers[r].slot_s)
    minute = int(now / MINUTE_S)
    seat = routing.seats[r, o]
    if seat.slot != slot or seat.minute != minute:
        refresh(routing, r, o, slot, minute)


@inner()
def look_at_peers(routing: Routing, r: int, model: int) -> None:
    """An offer of a model has its first sample: at the next placement all rows that have none look at it."""
    routing.fresh[r, model, 0] = -1


@inner(forceinline=True)
def average(view: np.ndarray, column: int, weight: float, first: bool, sample: float) -> None:
    """Update a moving average; the first sample sets it."""
    if first:
        view[column] = sample
    else:
        view[column] += weight * (sample - view[column])


@inner(forceinline=True)
def sample(routing: Routing, r: int, o: int, metric: int, value: float) -> None:
    """Add a sample to the current slot of a window."""
    ring = routing.ring[r, o]
    ring[routing.seats[r, o].slot % RING, metric, bin_of(value, COARSE_BITS)] += 1


@inner(forceinline=True)
def saw_first_token(now: float, routing: Routing, request: LiveRequest) -> None:
    """Book a time to first token."""
    r, o, ttft_s = request.router, request.offer, now - request.dispatch_s
    refresh_if_due(now, routing, r, o)
    view = routing.views[r, o]
    seat = routing.seats[r, o]
    average(view, TTFT_EWMA_S, routing.routers[r].ewma_weight, seat.ttft_seen == 0, ttft_s)
    if seat.ttft_seen == 0:
        look_at_peers(routing, r, request.model)
    seat.ttft_seen = 1
    if routing.routers[r].mirrors != 0:
        view[PUBLISHED_LATENCY_S] = view[TTFT_EWMA_S]
    view[OBSERVED_AT_S] = now
    sample(routing, r, o, TTFT, ttft_s)


@inner(forceinline=True)
def count_end(routing: Routing, r: int, o: int, error: int, refusal: int) -> None:
    """Count an ended attempt in the current slot and refresh the shares."""
    seat = routing.seats[r, o]
    row = routing.ended[r, o, seat.slot % RING]
    row[ENDED] += 1
    seat.ended += 1
    seat.ended_30s += 1
    seat.ended_5m += 1
    if error + refusal > 0:
        row[ERRORS] += error
        row[REFUSED] += refusal
        seat.refused_window += refusal
        seat.errors_30s += error
        seat.errors_5m += error
        seat.refusals_30s += refusal
        seat.refusals_5m += refusal
    # Without a failure in the long window all four shares are zero already, as they are in most calls.
    if seat.errors_5m + seat.refusals_5m > 0:
        set_shares(routing.views[r, o], seat)


@inner(forceinline=True)
def saw_done(now: float, routing: Routing, r: int, o: int, answer: FullAnswer) -> None:
    """Book a completion."""
    refresh_if_due(now, routing, r, o)
    view = routing.views[r, o]
    seat = routing.seats[r, o]
    weight = routing.routers[r].ewma_weight
    throughput = answer.output / answer.e2e_s
    average(view, THROUGHPUT_EWMA, weight, seat.throughput_seen == 0, throughput)
    if seat.throughput_seen == 0 or (seat.tpot_seen == 0 and answer.output >= 2):
        look_at_peers(routing, r, answer.model)
    seat.throughput_seen = 1
    sample(routing, r, o, THROUGHPUT, throughput)
    if answer.output >= 2:
        tpot_s = answer.later_s / (answer.output - 1)
        average(view, TPOT_EWMA_S, weight, seat.tpot_seen == 0, tpot_s)
        seat.tpot_seen = 1
        sample(routing, r, o, TPOT, tpot_s)
    view[SAMPLES] += 1.0
    view[OBSERVED_AT_S] = now
    count_end(routing, r, o, 0, 0)


@inner()
def saw_failure(now: float, routing: Routing, r: int, o: int, failure: int) -> None:
    """Book a failed or refused attempt, which the offer's health has counted already."""
    refresh_if_due(now, routing, r, o)
    view = routing.views[r, o]
    view[OBSERVED_AT_S] = now
    hard = failure in HARD_FAILURES
    count_end(routing, r, o, 1 if hard else 0, 1 if failure in REFUSALS else 0)
    if hard and routing.seats[r, o].hard_failures >= routing.routers[r].outage_after:
        view[LAST_OUTAGE_S] = now
