"""What thinning does to waits, losses and shares: models with offers of many sizes, in full and thinned in two ways.

Usage: ``python benchmarks/sampling_crowds.py [markets] [seconds]`` (30 markets of 600 s: half a minute).

Each market has one model. Its hosts have 1 to 40 replicas, drawn log-uniformly, at prices at which the rule 1/p^2 gives
all replicas the same load; one in three is hotter by a quarter. It is simulated in full, and with the least share of
its requests that leaves the largest host six replicas (E71): each host with that share of its replicas, at least one.
Once the rule is left as it is, and once each host has the weight under which its replicas have their load (E165-E167).
Told are the errors of what a sampled run takes from such a stretch: means over markets, in brackets their root mean
squares. The third way simulates as many requests as the second, without weights.
"""

import sys
import time
from typing import Any, Final, NamedTuple

import numpy as np

from experiments.runs.run_traffic import run_traffic
from sim.engines import outcome
from sim.histogram import FINE_BITS, quantile
from sim.market.crowds import weights
from sim.scenario import TrafficScenario

FULL_PER_S: Final = 5.2  # requests a second that a replica serves with a full batch: 64 / 150 answers a step of .081 s
LOADS: Final = (0.6, 0.85, 0.95)
LEAST: Final = 6
WAYS: Final = ("as it is", "weighted", "as much work")


class Seen(NamedTuple):
    """What a stretch shows: shares of hosts, queue-full attempts a request, median and 99th percentile of TTFT, s."""

    shares: np.ndarray
    full: float
    median_s: float
    p99_s: float


def market(replicas: np.ndarray, heat: np.ndarray, rate_per_s: float, seconds: float) -> TrafficScenario:
    """A model whose hosts have so many replicas, each as loaded as ``heat`` says."""
    prices = np.round(10.0 / np.sqrt(heat), 6)
    offers: dict[str, Any] = {
        f"host{row}": {"offers": {"toy": {
            "model": "toy", "replicas": int(count), "limits": {"queue": 16},
            "serving": {"kind": "affine", "base_s": 0.02, "per_token_s": 0.00005, "per_sequence_s": 0.0004},
            "engine": {"max_batch": 64, "max_step_tokens": 2048},
            "price": {"input_usd_per_mtok": float(price), "output_usd_per_mtok": float(price)}}}}
        for row, (count, price) in enumerate(zip(replicas, prices, strict=True))}
    return TrafficScenario.model_validate({
        "name": "crowds", "traffic": {"duration_s": seconds, "warmup_s": 0.4 * seconds, "drain_s": 0.0},
        "routers": {"main": {"policy": {"kind": "openrouter_classic"}}}, "providers": offers,
        "demand": {"chat": {"model": "toy", "arrivals": {"kind": "poisson", "rate_per_s": rate_per_s},
                            "prompt_tokens": {"kind": "lognormal", "mean": 1500, "cv": 1.0},
                            "output_tokens": {"kind": "lognormal", "mean": 150, "cv": 1.0}}}})


def seen(replicas: np.ndarray, weight: np.ndarray, rate_per_s: float, seconds: float, more: np.ndarray) -> Seen:
    """Simulate a market with so many replicas; ``weight`` is what the rule makes of each host's price."""
    found = run_traffic(market(replicas, weight * more, rate_per_s, seconds))
    sums = found.offer_sums[:, outcome.MEASURED] / more[:, None]
    asked = sums[:, outcome.SERVED] + sums[:, outcome.OFFER_SUMS.index("queue_full")]
    counts = (found.offer_hist[:, outcome.TTFT].reshape(len(more), -1) / more[:, None]).sum(axis=0)
    return Seen(asked / asked.sum(), float(sums[:, outcome.OFFER_SUMS.index("queue_full")].sum() / asked.sum()),
                quantile(np.rint(1000 * counts).astype(np.int64), 0.5, FINE_BITS),
                quantile(np.rint(1000 * counts).astype(np.int64), 0.99, FINE_BITS))


def main() -> None:
    """Print the errors of both ways to thin, by load."""
    markets, seconds = (int(word) for word in (sys.argv[1:] + ["20", "900"][len(sys.argv) - 1:])[:2])
    begun = time.perf_counter()
    for load in LOADS:
        errors = np.array([one(np.random.default_rng([27, number]), load, float(seconds)) for number in range(markets)])
        for way, found in zip(WAYS, errors.swapaxes(0, 1), strict=True):
            told = ", ".join(f"{name} {value.mean():+.4f} ({np.sqrt((value ** 2).mean()):.4f})"
                            for name, value in zip(("shares", "queue full", "ln TTFT p50", "ln TTFT p99", "requests"),
                                                   found.T, strict=True))
            print(f"load {load:.2f}, {way}: {told}", flush=True)
    print(f"{time.perf_counter() - begun:.0f} s")


def one(rng: np.random.Generator, load: float, seconds: float) -> list[list[float]]:
    """Errors of one market by way to thin: largest of a share, of losses, of TTFT; and the share of requests."""
    replicas = np.maximum(1, np.rint(40.0 ** rng.random(rng.integers(3, 12)))).astype(np.int64)
    replicas[0] = rng.integers(20, 41)
    weight = replicas * np.where(rng.random(len(replicas)) < 1 / 3, 1.25, 1.0)
    rate = load * FULL_PER_S * float(weight.sum())
    alike, least = np.ones(len(replicas)), LEAST / replicas.max()
    truth, found = seen(replicas, weight, rate, seconds, alike), []
    held = thinned(replicas, least)
    more = weights(held, replicas, np.full(len(replicas), least))
    work = least * float((weight * more).sum() / weight.sum())
    for share, kept, leans in ((least, held, alike), (work, held, more), (work, thinned(replicas, work), alike)):
        thin = seen(kept, weight, share * rate, seconds, leans)
        found.append([float(np.abs(thin.shares - truth.shares).max()), thin.full - truth.full,
                      float(np.log(thin.median_s / truth.median_s)), float(np.log(thin.p99_s / truth.p99_s)), share])
    return found


def thinned(replicas: np.ndarray, share: float) -> np.ndarray:
    """Replicas of each host that are simulated."""
    return np.maximum(1, np.rint(share * replicas)).astype(np.int64)


if __name__ == "__main__":
    main()
