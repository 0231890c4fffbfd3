"""Token buckets and priorities against theory, through both engines (E20, E21).

Checks fail once in a thousand seeds if the engine is right (`Estimate.agrees`); the seeds are fixed.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from sim.engines.compiled import CompiledEngine
from sim.engines.outcome import COMPLETED, E2E, MEASURED, REFUSED, TrafficOutcome
from sim.engines.reference import ReferenceEngine
from sim.engines.requests import REQUEST
from sim.engines.service_tiers import FLEX_TIER
from sim.engines.world import World
from theory import closed_forms as analytical
from theory.queueing import Estimate
from worlds.small import Client, affine, offer, world

pytestmark = pytest.mark.analytical
NAMES = ("compiled", "reference")


class Runs(NamedTuple):
    """Requests of a replication, replications, and the share of the theory that the check must resolve."""

    engine: type
    requests: int
    replications: int
    resolution: float


def arrivals(rng: np.random.Generator, rate_per_s: float, count: int) -> np.ndarray:
    """Poisson requests of one token each way for the first class of a world of one model."""
    rows = np.zeros(count, REQUEST)
    rows["arrive_s"] = rows["born_s"] = np.cumsum(rng.exponential(1.0 / rate_per_s, count))
    rows["patience_s"] = np.inf
    rows["expected_output"] = 1.0
    rows["key"] = rng.integers(0, 1 << 64, count, dtype=np.uint64)
    rows["session"] = -1
    rows["prompt"] = rows["output"] = 1
    return rows


def serve(market: World, rows: np.ndarray, engine: type) -> TrafficOutcome:
    """Serve all of them to their end."""
    running = engine(market, iter([rows]))
    running.advance(1e6)
    return running.outcome()


@pytest.mark.parametrize("runs", [Runs(CompiledEngine, 20_000, 20, 0.05), Runs(ReferenceEngine, 800, 10, 0.2)],
                         ids=NAMES)
@pytest.mark.parametrize("limits", [{"requests_per_min": 6}, {"tokens_per_min": 12}], ids=["requests", "tokens"])
def test_token_bucket(runs: Runs, limits: dict[str, int]) -> None:
    """A bucket of six requests (of two tokens each) that fills by one in ten seconds, asked 1.25 times as often."""
    duration_s = 8.0 * runs.requests
    market = world([offer(affine(0.001), **limits)], traffic={"duration_s": duration_s, "warmup_s": 0.1 * duration_s,
                                                              "sample_share": 0.0})
    lost = []
    for replication in range(runs.replications):
        rows = arrivals(np.random.default_rng([20261128, replication]), 1.25 / 10.0, runs.requests)
        outcome = serve(market, rows, runs.engine)
        lost.append(outcome.outcomes[0, MEASURED, REFUSED] / outcome.born[0, MEASURED])
    Estimate.of(lost).agrees(analytical.bucket_loss(1.25, 6), resolution=runs.resolution)


def market_of(kind: str, duration_s: float) -> World:
    """One server for two classes, of which the first is the more urgent: by its priority, or by its tier of a pool."""
    server = offer(affine(1.0 / 3.0), max_batch=1)
    offers, clients = [server], [Client(), Client()]
    if kind == "tiers":
        offers.append(replace(server, name="o:flex", pool="o", replicas=0, tier=FLEX_TIER))
        clients[1] = Client(tier="flex")
    return world(offers, clients=clients, traffic={"duration_s": duration_s, "warmup_s": 0.1 * duration_s,
                                                   "sample_share": 0.0})


@pytest.mark.parametrize("runs", [Runs(CompiledEngine, 20_000, 20, 0.1), Runs(ReferenceEngine, 1_000, 10, 0.4)],
                         ids=NAMES)
@pytest.mark.parametrize("kind", ["priorities", "tiers"])
def test_two_priorities(runs: Runs, kind: str) -> None:
    """Requests of one to five steps, .6 servers' work in all: the urgent ones wait .49 s, the others 1.22 s."""
    rates, steps = (0.25, 0.35), np.arange(1, 6)
    duration_s = runs.requests / sum(rates)
    market = market_of(kind, duration_s)
    waits: list[list[float]] = [[], []]
    for replication in range(runs.replications):
        rng = np.random.default_rng([20261129, replication])
        rows = arrivals(rng, sum(rates), runs.requests)
        rows["client_class"] = rng.random(runs.requests) >= rates[0] / sum(rates)
        rows["priority"] = 0 if kind == "tiers" else -rows["client_class"]
        rows["output"] = rng.choice(steps, runs.requests)
        outcome = serve(market, rows, runs.engine)
        response_s = outcome.class_metric_sums[:, E2E] / outcome.outcomes[:, MEASURED, COMPLETED]
        for of_class, value in zip(waits, response_s, strict=True):
            of_class.append(float(value) - 1.0)
    theory = analytical.priority_waits(rates, float((steps**2).mean()) / 9.0)
    assert theory == pytest.approx([0.4889, 1.2222], abs=1e-4)
    for of_class, expected in zip(waits, theory, strict=True):
        Estimate.of(of_class).agrees(expected, resolution=runs.resolution)
