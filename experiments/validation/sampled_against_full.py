"""What a market sells in a sampled run and at full resolution, and how far the two may differ."""

from typing import Final, NamedTuple

import numpy as np

from sim.histogram import FINE_BITS, quantile
from sim.market.result import MarketResult

LOSSES: Final = ("rate_limited", "queue_full", "too_long", "failed", "abandoned")
ALLOWED: Final = {"tokens": 0.02, "price paid": 0.02, "TTFT p99": 0.1}  # relative
POINTS: Final = 0.005  # of shares


class SoldNumbers(NamedTuple):
    """What is compared: numbers by name, shares of offers in tokens, losses by reason over requests."""

    of: dict[str, float]
    shares: np.ndarray
    losses: np.ndarray


def numbers(result: MarketResult) -> SoldNumbers:
    """Return what is compared of a run."""
    def sold(name: str) -> np.ndarray:
        return np.asarray(sum(getattr(day, name) for day in result.offer_days))

    tokens = sold("prompt_tokens") + sold("output_tokens")
    born = sum(int(day.born.sum()) for day in result.workload_days)
    p99_s = quantile(np.rint(result.latencies[0]).astype(np.int64), 0.99, FINE_BITS)
    paid = float(sold("revenue_nano").sum()) / float(tokens.sum())
    return SoldNumbers({"tokens": float(tokens.sum()), "price paid": paid, "TTFT p99": p99_s}, tokens / tokens.sum(),
                   np.array([sold(name).sum() for name in LOSSES]) / born)


def differences(sampled: SoldNumbers, full: SoldNumbers) -> dict[str, float]:
    """Return differences by name: relative where `ALLOWED` says so, else the largest in points."""
    found = {name: sampled.of[name] / full.of[name] - 1 for name in ALLOWED}
    found["shares"] = float(np.abs(sampled.shares - full.shares).max())
    return found | dict(zip(LOSSES, (sampled.losses - full.losses).tolist(), strict=True))
