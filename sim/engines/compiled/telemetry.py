"""What a router learns of an offer from its own requests (docs/semantics.md, sections 4 and 5).

It learns what its policy or one of its features reads: the columns of ``LiveRouter.reads``, a bit each. The others
keep what they held at the start, and nobody looks.
"""

from typing import Final, NamedTuple

import numpy as np

from sim.compiled import inner
from sim.engines.compiled import sample_windows
from sim.engines.compiled.records import Globals, LiveRequest, LiveRouter, Seat
from sim.engines.compiled.state import Routing
from sim.engines.rules import (
    HARD_FAILURES,
    LONG_SLOTS,
    REFUSALS,
    SHORT_SLOTS,
)
from sim.histogram import COARSE_BITS, quantile_of
from sim.units import MINUTE_S
from sim.view import (
    CAPACITY_PER_S,
    ERROR_SHARE_5M,
    ERROR_SHARE_30S,
    IN_FLIGHT,
    LAST_OUTAGE_S,
    NO_LIMIT,
    OBSERVED_AT_S,
    OUTSTANDING_TOKENS,
    PUBLISHED_AT_S,
    PUBLISHED_IN_FLIGHT,
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

ENDED, ERRORS, REFUSED = 0, 1, 2  # counts of the slots

# groups of columns that one number of the telemetry stands behind
OF_TTFT: Final = 1 << TTFT_P50 | 1 << TTFT_P90 | 1 << TTFT_P99
OF_TPOT: Final = 1 << TPOT_P50 | 1 << TPOT_P90 | 1 << TPOT_P99
OF_THROUGHPUT: Final = 1 << THROUGHPUT_P50 | 1 << THROUGHPUT_P90 | 1 << THROUGHPUT_P99
SHARES: Final = 1 << ERROR_SHARE_30S | 1 << ERROR_SHARE_5M | 1 << REFUSAL_SHARE_30S | 1 << REFUSAL_SHARE_5M
MINUTES: Final = 1 << REQUESTS_THIS_MINUTE | 1 << TOKENS_THIS_MINUTE
CAPACITY: Final = 1 << CAPACITY_PER_S
# together, for at the first sample of one of them newcomers look at what their peers show of all
AVERAGES: Final = 1 << TTFT_EWMA_S | 1 << TPOT_EWMA_S | 1 << THROUGHPUT_EWMA | 1 << PUBLISHED_LATENCY_S
PUBLISHED: Final = 1 << PUBLISHED_IN_FLIGHT | 1 << PUBLISHED_LATENCY_S | 1 << PUBLISHED_AT_S
WINDOWED: Final = OF_TTFT | OF_TPOT | OF_THROUGHPUT | SHARES | MINUTES | CAPACITY


class FullAnswer(NamedTuple):
    """An answer to its last token, as its router saw it."""

    e2e_s: float  # since dispatch
    later_s: float  # since the first token
    output: int  # tokens
    model: int  # of the request


class Percentiles(NamedTuple):
    """A metric's window, or -1; its columns, and which share of its samples is below the last two."""

    window: int
    p50: int
    p90: int
    p99: int
    q90: float
    q99: float


@inner()
def set_percentiles(view: np.ndarray, of: Percentiles, held: int, counts: np.ndarray) -> None:
    """Write the windowed percentiles of one metric; where the window is empty they are no numbers (see newcomers)."""
    view[of.p50] = quantile_of(counts, held, 0.5, COARSE_BITS) if held > 0 else np.nan
    view[of.p90] = quantile_of(counts, held, of.q90, COARSE_BITS) if held > 0 else np.nan
    view[of.p99] = quantile_of(counts, held, of.q99, COARSE_BITS) if held > 0 else np.nan


@inner(often=True)
def roll_metric(g: Globals, routing: Routing, o: int, slot: int, view: np.ndarray, of: Percentiles) -> None:
    """Move the window of one metric forward to ``slot``.

    In every new slot an empty one is said to be, for what peers showed before is not its own.
    """
    if of.window < 0:
        return
    changed = sample_windows.turn(g, routing, of.window, o, slot)
    held = routing.windows[of.window, o].held
    if changed or held == 0:
        set_percentiles(view, of, held, routing.counts[of.window, o])


@inner(often=True)
def roll(g: Globals, routing: Routing, r: int, o: int, slot: int) -> None:
    """Move an offer's windows forward to ``slot``."""
    router, view = routing.routers[r], routing.views[r, o]
    roll_metric(g, routing, o, slot, view,
                Percentiles(router.ttft_windows, TTFT_P50, TTFT_P90, TTFT_P99, 0.9, 0.99))
    roll_metric(g, routing, o, slot, view,
                Percentiles(router.tpot_windows, TPOT_P50, TPOT_P90, TPOT_P99, 0.9, 0.99))
    # a throughput that 90 % of requests reach is the 10 % quantile
    roll_metric(g, routing, o, slot, view,
                Percentiles(router.throughput_windows, THROUGHPUT_P50, THROUGHPUT_P90, THROUGHPUT_P99, 0.1, 0.01))


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
            if view[CAPACITY_PER_S] == NO_LIMIT:
                view[CAPACITY_PER_S] = accepted_per_s
        elif view[CAPACITY_PER_S] != NO_LIMIT:
            view[CAPACITY_PER_S] = min(view[CAPACITY_PER_S] * router.capacity_growth, NO_LIMIT)
    seat.ended = 0
    seat.refused_window = 0


@inner()
def forget_slots(seat: Seat, ended: np.ndarray) -> None:
    """Forget all that has ended: more than the long window went by unseen."""
    ended[:] = 0
    seat.ended_30s = seat.errors_30s = seat.refusals_30s = 0
    seat.ended_5m = seat.errors_5m = seat.refusals_5m = 0


@inner()
def turn_slots(seat: Seat, ended: np.ndarray, slot: int) -> None:
    """Let a new slot begin: the oldest one of the short and of the long window leaves it."""
    short, long = ended[(slot - SHORT_SLOTS) % LONG_SLOTS], ended[slot % LONG_SLOTS]
    seat.ended_30s -= short[ENDED]
    seat.errors_30s -= short[ERRORS]
    seat.refusals_30s -= short[REFUSED]
    seat.ended_5m -= long[ENDED]
    seat.errors_5m -= long[ERRORS]
    seat.refusals_5m -= long[REFUSED]
    long[:] = 0  # it is the new one's


@inner(often=True)
def roll_slots(view: np.ndarray, seat: Seat, ended: np.ndarray, slot: int) -> None:
    """Move the counts of ended attempts forward to ``slot``."""
    if slot - seat.slot >= LONG_SLOTS:
        forget_slots(seat, ended)
    else:
        for begun in range(seat.slot + 1, slot + 1):
            turn_slots(seat, ended, begun)
    set_shares(view, seat)


@inner()
def set_shares(view: np.ndarray, seat: Seat) -> None:
    """Write the shares of errors and refusals over the short and the long window."""
    short, long = max(seat.ended_30s, 1), max(seat.ended_5m, 1)  # without an end there is no error either
    view[ERROR_SHARE_30S] = seat.errors_30s / short
    view[REFUSAL_SHARE_30S] = seat.refusals_30s / short
    view[ERROR_SHARE_5M] = seat.errors_5m / long
    view[REFUSAL_SHARE_5M] = seat.refusals_5m / long


@inner(often=True)
def refresh(g: Globals, routing: Routing, r: int, o: int, slot: int, minute: int) -> None:
    """Bring the windowed columns of one row up to the current slot and clock minute."""
    seat = routing.seats[r, o]
    view = routing.views[r, o]
    router = routing.routers[r]
    if seat.slot != slot:
        if router.reads & (OF_TTFT | OF_TPOT | OF_THROUGHPUT) != 0:
            roll(g, routing, r, o, slot)
        if router.shares >= 0 and seat.ended_5m > 0:  # else all counts and shares are zero already
            roll_slots(view, seat, routing.ended[router.shares, o], slot)
        if router.reads & CAPACITY != 0:
            learn_capacity(view, router, seat, slot)
        seat.slot = slot
    if seat.minute != minute:
        seat.minute = minute
        view[REQUESTS_THIS_MINUTE] = 0.0
        view[TOKENS_THIS_MINUTE] = 0.0


@inner(forceinline=True)
def refresh_if_due(g: Globals, routing: Routing, r: int, o: int) -> None:
    """Refresh a row unless it is of the current slot and minute already, or nobody reads a windowed column."""
    if routing.routers[r].reads & WINDOWED == 0:
        return
    slot = int(g.now / routing.routers[r].slot_s)
    minute = int(g.now / MINUTE_S)
    seat = routing.seats[r, o]
    if seat.slot != slot or seat.minute != minute:
        refresh(g, routing, r, o, slot, minute)


@inner(forceinline=True)
def mirror_load(router: LiveRouter, view: np.ndarray) -> None:
    """Stand in for a provider that publishes no load."""
    if router.mirrors != 0 and router.reads & PUBLISHED != 0:
        view[PUBLISHED_IN_FLIGHT] = view[IN_FLIGHT]


@inner(forceinline=True)
def saw_dispatch(routing: Routing, request: LiveRequest) -> None:
    """Count an attempt that is sent to an offer."""
    router, view = routing.routers[request.router], routing.views[request.router, request.offer]
    view[IN_FLIGHT] += 1.0
    view[OUTSTANDING_TOKENS] += request.weight
    if router.reads & MINUTES != 0:
        view[REQUESTS_THIS_MINUTE] += 1.0
        view[TOKENS_THIS_MINUTE] += request.weight
    mirror_load(router, view)


@inner(forceinline=True)
def let_go(routing: Routing, request: LiveRequest) -> None:
    """Count an attempt that is known to have ended, or was cancelled."""
    router, view = routing.routers[request.router], routing.views[request.router, request.offer]
    view[IN_FLIGHT] -= 1.0
    view[OUTSTANDING_TOKENS] -= request.weight
    mirror_load(router, view)


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
def sample(g: Globals, routing: Routing, r: int, o: int, window: int, value: float) -> None:
    """Add a sample to the current slot of a window, if there is one."""
    if window >= 0:
        sample_windows.add_sample(g, routing, window, o, routing.seats[r, o].slot, value)


@inner(forceinline=True)
def observed_at(now: float, router: LiveRouter, view: np.ndarray) -> None:
    """Note the time of an observation."""
    if router.reads & (1 << OBSERVED_AT_S) != 0:
        view[OBSERVED_AT_S] = now


@inner(forceinline=True)
def average_ttft(routing: Routing, request: LiveRequest, ttft_s: float) -> None:
    """Let a time to first token join its average."""
    r, o = request.router, request.offer
    router, view, seat = routing.routers[r], routing.views[r, o], routing.seats[r, o]
    average(view, TTFT_EWMA_S, router.ewma_weight, seat.ttft_seen == 0, ttft_s)
    if seat.ttft_seen == 0:
        look_at_peers(routing, r, request.model)
    seat.ttft_seen = 1
    if router.mirrors != 0:
        view[PUBLISHED_LATENCY_S] = view[TTFT_EWMA_S]


@inner(forceinline=True)
def saw_first_token(g: Globals, routing: Routing, request: LiveRequest) -> None:
    """Book a time to first token."""
    r, o, ttft_s = request.router, request.offer, g.now - request.dispatch_s
    refresh_if_due(g, routing, r, o)
    router = routing.routers[r]
    if router.reads & AVERAGES != 0:
        average_ttft(routing, request, ttft_s)
    observed_at(g.now, router, routing.views[r, o])
    sample(g, routing, r, o, router.ttft_windows, ttft_s)


@inner(forceinline=True)
def count_end(routing: Routing, r: int, o: int, error: int, refusal: int) -> None:
    """Count an ended attempt in the current slot and refresh the shares."""
    router = routing.routers[r]
    if router.reads & CAPACITY != 0:
        seat = routing.seats[r, o]
        seat.ended += 1
        seat.refused_window += refusal
    if router.shares >= 0:
        count_in_slot(routing, r, o, error, refusal)


@inner(often=True)
def count_in_slot(routing: Routing, r: int, o: int, error: int, refusal: int) -> None:
    """The same where shares are read."""
    seat = routing.seats[r, o]
    row = routing.ended[routing.routers[r].shares, o, seat.slot % LONG_SLOTS]
    row[ENDED] += 1
    seat.ended_30s += 1
    seat.ended_5m += 1
    if error + refusal > 0:
        row[ERRORS] += error
        row[REFUSED] += refusal
        seat.errors_30s += error
        seat.errors_5m += error
        seat.refusals_30s += refusal
        seat.refusals_5m += refusal
    # Without a failure in the long window all four shares are zero already, as they are in most calls.
    if seat.errors_5m + seat.refusals_5m > 0:
        set_shares(routing.views[r, o], seat)


@inner(forceinline=True)
def average_answer(routing: Routing, r: int, o: int, answer: FullAnswer) -> None:
    """Let an answer join the averages of throughput and of the time per later token."""
    router, view, seat = routing.routers[r], routing.views[r, o], routing.seats[r, o]
    average(view, THROUGHPUT_EWMA, router.ewma_weight, seat.throughput_seen == 0, answer.output / answer.e2e_s)
    if seat.throughput_seen == 0 or (seat.tpot_seen == 0 and answer.output >= 2):
        look_at_peers(routing, r, answer.model)
    seat.throughput_seen = 1
    if answer.output >= 2:
        average(view, TPOT_EWMA_S, router.ewma_weight, seat.tpot_seen == 0, answer.later_s / (answer.output - 1))
        seat.tpot_seen = 1


@inner(forceinline=True)
def saw_done(g: Globals, routing: Routing, r: int, o: int, answer: FullAnswer) -> None:
    """Book a completion."""
    refresh_if_due(g, routing, r, o)
    router = routing.routers[r]
    view = routing.views[r, o]
    if router.reads & AVERAGES != 0:
        average_answer(routing, r, o, answer)
    if router.throughput_windows >= 0:
        sample(g, routing, r, o, router.throughput_windows, answer.output / answer.e2e_s)
    if router.tpot_windows >= 0 and answer.output >= 2:
        sample(g, routing, r, o, router.tpot_windows, answer.later_s / (answer.output - 1))
    view[SAMPLES] += 1.0
    observed_at(g.now, router, view)
    count_end(routing, r, o, 0, 0)


@inner()
def saw_failure(g: Globals, routing: Routing, r: int, o: int, failure: int) -> None:
    """Book a failed or refused attempt, which the offer's health has counted already."""
    refresh_if_due(g, routing, r, o)
    view = routing.views[r, o]
    observed_at(g.now, routing.routers[r], view)
    hard = failure in HARD_FAILURES
    count_end(routing, r, o, 1 if hard else 0, 1 if failure in REFUSALS else 0)
    if hard and routing.seats[r, o].hard_failures >= routing.routers[r].outage_after:
        view[LAST_OUTAGE_S] = g.now
