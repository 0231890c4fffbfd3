"""Marketplaces that compete, month by month or day by day: who is there, what they buy, pay and wait, who moves."""

from typing import Any, Final

import numpy as np

from experiments.measures.market.panel import ratio
from experiments.measures.market.periods import Periods, single_days
from experiments.measures.market.run import Run
from sim.histogram import FINE_BITS, quantile
from sim.units import NANO_PER_USD, TOKENS_PER_MTOK

MEASURED: Final = (
    "marketplace", "customers_there", "customer_share", "requests", "completed_share", "tokens", "spend_usd", "fee_usd",
    "price_usd_per_mtok", "paid_over_mean", "ttft_mean_s", "joins", "leaves")
MONTHLY: Final = ("month", *MEASURED, "ttft_p99_simulated_s")
DAILY: Final = ("day", "date", *MEASURED)
P99: Final = 0.99


def monthly_marketplaces(run: Run) -> dict[str, Any]:
    """Return a row a month and marketplace, of markets with several; ``MONTHLY`` are its columns."""
    labels, places = run.months.labels, len(run.result.marketplaces)
    return {"month": np.repeat(np.array(labels, object), places), **_measured(run, run.months),
            "ttft_p99_simulated_s": _p99_s(run).ravel()}


def daily_marketplaces(run: Run) -> dict[str, Any]:
    """Return a row a day and marketplace, of markets with several; ``DAILY`` are its columns."""
    days, places = single_days(run.result.start, run.result.days), len(run.result.marketplaces)
    return {"day": np.repeat(np.arange(run.result.days, dtype=float), places),
            "date": np.repeat(np.array(days.labels, object), places), **_measured(run, days)}


def _measured(run: Run, periods: Periods) -> dict[str, np.ndarray]:
    names, by_day = run.result.marketplaces, run.result.marketplace_days
    if not names:
        return {name: np.zeros(0, object if name == "marketplace" else float) for name in MEASURED}

    def sums(name: str) -> np.ndarray:
        return np.asarray(periods.add(np.array([getattr(day, name) for day in by_day])))

    there = np.array([day.customers for day in by_day])[periods.last]
    tokens, cost, moves = sums("prompt_tokens") + sums("output_tokens"), sums("cost_nano"), sums("moves")
    found = {
        "customers_there": there, "customer_share": ratio(there, there.sum(axis=1, keepdims=True) + 0 * there),
        "requests": sums("requests"), "completed_share": ratio(sums("completed"), sums("requests")), "tokens": tokens,
        "spend_usd": cost / NANO_PER_USD, "fee_usd": sums("fee_nano") / NANO_PER_USD,
        "price_usd_per_mtok": ratio(cost / NANO_PER_USD, tokens / TOKENS_PER_MTOK),
        "paid_over_mean": ratio(cost, sums("reference_nano")), "ttft_mean_s": ratio(sums("wait_s"), sums("completed")),
        "joins": moves.sum(axis=1), "leaves": moves.sum(axis=2)}
    return {"marketplace": np.array(names * len(periods), object),
            **{name: np.asarray(values).ravel() for name, values in found.items()}}


def _p99_s(run: Run) -> np.ndarray:
    """Of each month's simulated requests, (months, marketplaces); nan without any."""
    counts = [waits.counts for waits in run.result.marketplace_waits]
    found = np.full((len(run.months), len(run.result.marketplaces)), np.nan)
    for month, upto in enumerate(counts):
        since = upto - counts[month - 1] if month else upto
        for place in np.flatnonzero(since.any(axis=1)).tolist():
            found[month, place] = quantile(np.ascontiguousarray(since[place]), P99, FINE_BITS)
    return found
