"""What offers without samples of their own show: a typical peer's values (docs/semantics.md, section 5)."""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.state import Routing
from sim.engines.compiled.telemetry import AVERAGES
from sim.view import (
    PUBLISHED_LATENCY_S,
    THROUGHPUT_EWMA,
    THROUGHPUT_P50,
    THROUGHPUT_P90,
    THROUGHPUT_P99,
    TPOT_EWMA_S,
    TPOT_P50,
    TPOT_P90,
    TPOT_P99,
    TTFT_EWMA_S,
    TTFT_P50,
    TTFT_P90,
    TTFT_P99,
)


@inner()
def lower_median(rows: np.ndarray, column: int, count: int) -> float:
    """Lower median of the ``count`` numbers of a column; it looks at pairs, for it is rare and needs no memory."""
    middle = (count - 1) // 2
    for i in range(rows.shape[0]):
        value = rows[i, column]
        if np.isnan(value):
            continue
        below = same = 0
        for j in range(rows.shape[0]):
            below += rows[j, column] < value
            same += rows[j, column] == value
        if below <= middle < below + same:
            return float(value)
    return np.nan


@inner()
def fill(rows: np.ndarray, column: int, peers: int, prior: float) -> None:
    """Let the rows that hold no number in a column show the median of the others, or the prior."""
    count = 0
    for i in range(rows.shape[0]):
        count += not np.isnan(rows[i, column])
    if count == rows.shape[0]:
        return
    value = lower_median(rows, column, count) if peers != 0 and count > 0 else prior
    for i in range(rows.shape[0]):
        if np.isnan(rows[i, column]):
            rows[i, column] = value


@inner()
def show_averages(routing: Routing, r: int, first: int, last: int) -> None:
    """Let rows show their peers' averages where they have none: of that a seat knows."""
    router = routing.routers[r]
    rows = routing.views[r, first:last]
    for o in range(first, last):
        seat, row = routing.seats[r, o], routing.views[r, o]
        if seat.ttft_seen == 0:
            row[TTFT_EWMA_S] = np.nan
        if seat.tpot_seen == 0:
            row[TPOT_EWMA_S] = np.nan
        if seat.throughput_seen == 0:
            row[THROUGHPUT_EWMA] = np.nan
    fill(rows, TTFT_EWMA_S, router.peers, router.prior_ttft_s)
    fill(rows, TPOT_EWMA_S, router.peers, 1.0 / router.prior_throughput)
    fill(rows, THROUGHPUT_EWMA, router.peers, router.prior_throughput)
    if router.mirrors != 0:
        for i in range(rows.shape[0]):
            rows[i, PUBLISHED_LATENCY_S] = rows[i, TTFT_EWMA_S]


@inner()
def show_newcomers(routing: Routing, r: int, model: int) -> None:
    """Let the rows of a model that know nothing of a column show its lower median over those that do.

    Percentiles of empty windows are no numbers until then (telemetry). Columns that nobody reads stay as they are.
    """
    router = routing.routers[r]
    first, last = routing.model_first[model], routing.model_first[model + 1]
    rows = routing.views[r, first:last]
    if router.reads & AVERAGES != 0:
        show_averages(routing, r, first, last)
    if router.ttft_windows >= 0:
        for column in (TTFT_P50, TTFT_P90, TTFT_P99):
            fill(rows, column, router.peers, router.prior_ttft_s)
    if router.tpot_windows >= 0:
        for column in (TPOT_P50, TPOT_P90, TPOT_P99):
            fill(rows, column, router.peers, 1.0 / router.prior_throughput)
    if router.throughput_windows >= 0:
        for column in (THROUGHPUT_P50, THROUGHPUT_P90, THROUGHPUT_P99):
            fill(rows, column, router.peers, router.prior_throughput)
