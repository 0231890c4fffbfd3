"""Hedged attempts against theory: the wait for the faster of two queues, the second joined after a while (E18)."""

import math

import numpy as np
import pytest

from sim.engines.compiled import CompiledEngine
from sim.engines.face import TrafficEngine
from sim.engines.outcome import ATTEMPTS, COMPLETED, MEASURED, TTFT, TrafficOutcome
from sim.engines.reference import ReferenceEngine
from sim.engines.world import World
from theory.closed_forms import hedged_wait
from theory.queueing import MEAN_TOKENS, TOKEN_S, Estimate
from worlds.small import Client, affine, first, offer, requests, world

pytestmark = pytest.mark.analytical

LOAD, HEDGE_S = 0.8, 2.0
PROBES, CROWD = 0, 1  # the class that hedges, and that which fills both queues


def _world(count: int) -> World:
    """Two servers, which work on one prompt at a time; nobody waits for answers, which have one token."""
    server = offer(affine(0.0, TOKEN_S), max_batch=1, max_step_tokens=1 << 30)
    routers = {"main": {"attempts": {"maximum": 2, "hedge_s": HEDGE_S}}, "crowd": {"exploration": 1.0}}
    duration_s = count / (2 * LOAD)
    return world([server, server], first(), routers=routers, clients=[Client(), Client(router="crowd")],
                 traffic={"duration_s": duration_s, "warmup_s": 0.1 * duration_s, "sample_share": 0.0})


def _serve(make: type[TrafficEngine], count: int, replication: int) -> TrafficOutcome:
    """Poisson arrivals of exponential jobs at both servers, and as many probes, which take no time, at the first."""
    rng = np.random.default_rng([20261128, replication])
    of = _world(count)
    span_s = of.scenario.traffic.duration_s
    times = np.sort(rng.uniform(0.0, span_s, 2 * count))
    kinds = rng.permutation(np.repeat([PROBES, CROWD], count))
    sizes = np.maximum(1, np.rint(rng.exponential(MEAN_TOKENS, 2 * count))).astype(int)
    rows = requests(of, [
        {"arrive_s": at, "client_class": kind, "prompt": size if kind == CROWD else 1, "output": 1}
        for at, kind, size in zip(times.tolist(), kinds.tolist(), sizes.tolist(), strict=True)
    ])
    rows["key"] = rng.integers(0, 1 << 64, len(rows), dtype=np.uint64)
    engine = make(of, iter([rows]))  # type: ignore[call-arg]
    engine.advance(math.inf)
    return engine.outcome()


def _wait_s(outcome: TrafficOutcome) -> float:
    return float(outcome.class_metric_sums[PROBES, TTFT] / outcome.outcomes[PROBES, MEASURED, COMPLETED]) - TOKEN_S


def _attempts(outcome: TrafficOutcome) -> float:
    return float(outcome.class_sums[PROBES, MEASURED, ATTEMPTS] / outcome.outcomes[PROBES, MEASURED, COMPLETED])


def test_the_first_token_comes_from_the_faster_of_two_queues() -> None:
    served = [_serve(CompiledEngine, 40_000, replication) for replication in range(12)]
    waits = Estimate.of([_wait_s(outcome) for outcome in served])
    waits.agrees(hedged_wait(LOAD, HEDGE_S), resolution=0.1)
    # a second attempt is sent if the first has waited that long
    tries = Estimate.of([_attempts(outcome) for outcome in served])
    tries.agrees(1.0 + LOAD * math.exp(-(1.0 - LOAD) * HEDGE_S), resolution=0.03)


def test_the_reference_engine_hedges_alike() -> None:
    """To the last bit, so that what holds of one holds of the other."""
    plain, fast = (_serve(make, 1_500, 0) for make in (ReferenceEngine, CompiledEngine))
    assert _wait_s(plain) == _wait_s(fast)
    assert _attempts(plain) == _attempts(fast) > 1.2
