"""The memory of what routers learn, at time 0: for what somebody reads (`sim.columns_read`), and no more."""

from typing import Any

import numpy as np

from sim.columns_read import columns_needed
from sim.engines.compiled.sample_records import SampleRun, SampleWindow
from sim.engines.compiled.state import free_stack
from sim.engines.compiled.telemetry import OF_THROUGHPUT, OF_TPOT, OF_TTFT, SHARES
from sim.engines.offer_weights import weights_of
from sim.engines.record import Rows, table
from sim.engines.rules import LONG_SLOTS
from sim.engines.schedule import shown_usd
from sim.engines.wanted import wishes_by_router
from sim.engines.world import World
from sim.histogram import COARSE_BITS, bins
from sim.view import (
    CAPACITY_PER_S,
    COLUMNS,
    LAST_OUTAGE_S,
    NEVER,
    NO_LIMIT,
    OBSERVED_AT_S,
    PRICE_CUT_S,
    PRICE_IN,
    PRICE_OUT,
    PUBLISHED_AT_S,
    PUBLISHED_LATENCY_S,
    RPM_LIMIT,
    THROUGHPUT_EWMA,
    THROUGHPUT_P50,
    THROUGHPUT_P90,
    THROUGHPUT_P99,
    TPM_LIMIT,
    TPOT_EWMA_S,
    TPOT_P50,
    TPOT_P90,
    TPOT_P99,
    TTFT_EWMA_S,
    TTFT_P50,
    TTFT_P90,
    TTFT_P99,
    WEIGHT,
)

WINDOWS = (("ttft_windows", OF_TTFT), ("tpot_windows", OF_TPOT), ("throughput_windows", OF_THROUGHPUT))


def assign_telemetry(world: World, routers: np.ndarray) -> None:
    """Write into the routers' records what each must learn, and in which rows of the tables."""
    windows = shares = shown = 0
    for row, bound, wanted in zip(routers, world.policies, wishes_by_router(world), strict=True):
        row["reads"] = sum(1 << column for column in columns_needed(bound.policy, wanted))
        for name, columns in WINDOWS:
            row[name], windows = _next_row(int(row["reads"]) & columns != 0, windows)
        row["shares"], shares = _next_row(int(row["reads"]) & SHARES != 0, shares)
        row["shown"], shown = _next_row(row["stale_s"] > 0, shown)


def _next_row(wanted: bool, rows: int) -> tuple[int, int]:
    """The next row of a table or, if it is not wanted, -1; and how many rows there are then."""
    return (rows, rows + 1) if wanted else (-1, rows)


def new_views(world: World, routers: np.ndarray, offers: np.ndarray) -> np.ndarray:
    """What the routers see before they have learned anything."""
    view = np.zeros((len(routers), len(offers), COLUMNS))
    view[:, :, PRICE_IN] = shown_usd(offers["price_in"], offers["kept_ppm"])
    view[:, :, PRICE_OUT] = shown_usd(offers["price_out"], offers["kept_ppm"])
    view[:, :, [LAST_OUTAGE_S, OBSERVED_AT_S, PUBLISHED_AT_S, PRICE_CUT_S]] = NEVER
    view[:, :, CAPACITY_PER_S] = NO_LIMIT
    view[:, :, RPM_LIMIT] = np.where(offers["rpm"] > 0, offers["rpm"], NO_LIMIT)
    view[:, :, TPM_LIMIT] = np.where(offers["tpm"] > 0, offers["tpm"], NO_LIMIT)
    view[:, :, WEIGHT] = weights_of(world)
    ttft, throughput = routers["prior_ttft_s"][:, None], routers["prior_throughput"][:, None]
    for column in (TTFT_EWMA_S, TTFT_P50, TTFT_P90, TTFT_P99, PUBLISHED_LATENCY_S):
        view[:, :, column] = ttft
    for column in (TPOT_EWMA_S, TPOT_P50, TPOT_P90, TPOT_P99):
        view[:, :, column] = 1.0 / throughput
    for column in (THROUGHPUT_EWMA, THROUGHPUT_P50, THROUGHPUT_P90, THROUGHPUT_P99):
        view[:, :, column] = throughput
    return view


def new_telemetry(world: World, routers: np.ndarray, offers: np.ndarray) -> dict[str, Any]:
    """Views, windows and counts of all routers: the system gives memory only to rows that somebody touches."""
    view = new_views(world, routers, offers)
    shares = 1 + int(routers["shares"].max())
    shape = (1 + max(int(routers[name].max()) for name, _ in WINDOWS), len(offers))
    return {
        "views": view,
        "shown": view[routers["shown"] >= 0],
        "ended": np.zeros((shares, len(offers), LONG_SLOTS, 3), np.int32),
        "windows": table(np.zeros(shape, SampleWindow.dtype()), SampleWindow),
        "counts": np.zeros((*shape, bins(COARSE_BITS)), np.int32),
        "places": np.zeros((*shape, bins(COARSE_BITS)), np.int32),
    }


def new_runs(count: int) -> dict[str, Any]:
    """A pool of runs of samples; one less is free than there are, for run 0 is none."""
    runs: Rows[SampleRun] = table(np.zeros(count, SampleRun.dtype()), SampleRun)
    return {"runs": runs, "free_runs": free_stack(count)}
