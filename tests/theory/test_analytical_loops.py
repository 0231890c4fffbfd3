"""Closed loops against theory, through both engines: machine repair, and Little's law in a market with troubles.

Checks by replications fail once in a thousand seeds if the engines are right (`Estimate.agrees`); seeds are fixed.
"""

from typing import Any

import numpy as np
import pytest

from experiments.runs.run_traffic import assemble
from sim import calendar
from sim.demand.feed import DemandFeed
from sim.engines.compiled import CompiledEngine
from sim.engines.outcome import COMPLETED, MEASURED, OUTCOMES, TrafficOutcome
from sim.engines.reference import ReferenceEngine
from sim.scenario import TrafficScenario
from sim.streams import Streams
from theory import closed_forms as analytical
from theory.queueing import LONGEST, Estimate, response_s

pytestmark = pytest.mark.analytical

WARM_UP = 0.1  # share of a run


def market(arrivals: dict[str, Any], duration_s: float, demand: dict[str, Any], offer: dict[str, Any],
           sample_share: float = 0.0) -> TrafficScenario:
    """One offer, no delays, and one class of users."""
    return TrafficScenario.model_validate({
        "name": "loops",
        "traffic": {"duration_s": duration_s, "warmup_s": WARM_UP * duration_s, "drain_s": 1e4,
                    "sample_share": sample_share},
        "network": {"local_delay_s": 0.0},
        "routers": {"main": {"attempts": {"maximum": 1}}},
        "demand": {"users": {"model": "job", "arrivals": {"kind": "closed", **arrivals}, **demand}},
        "providers": {"servers": {"offers": {"one": {
            "model": "job", "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}, **offer}}}},
    })


def servers(count: int, tokens: int) -> dict[str, Any]:
    """Servers that share a queue, each one request at a time: ``tokens`` last a second."""
    return {"replicas": count, "balancer": "central", "serving": {"kind": "affine", "base_s": 1.0 / tokens},
            "engine": {"max_batch": 1, "max_step_tokens": 2}, "limits": {"context_tokens": LONGEST}}


def serve(scenario: TrafficScenario, engine: type, replication: int) -> TrafficOutcome:
    world = assemble(scenario, replication)
    feed = DemandFeed(world, Streams(scenario.seed, replication))
    return calendar.run_traffic(world, engine(world, feed), [])


def throughput_per_s(outcome: TrafficOutcome) -> float:
    """Completed requests of the window a second of it."""
    return float(outcome.outcomes[:, MEASURED, COMPLETED].sum() / (
        (1 - WARM_UP) * outcome.world.scenario.traffic.duration_s))


# The reference engine has a timeout a token: its servers have few tokens a second. Service times, which are geometric,
# then have a squared CV of .98 in place of 1, which moves a mean by less than a tenth of the tolerance.
@pytest.mark.parametrize(("engine", "tokens", "requests", "replications", "resolution"), [
    (CompiledEngine, 1_000_000, 8000, 20, 0.03), (ReferenceEngine, 50, 200, 12, 0.2)], ids=["compiled", "reference"])
@pytest.mark.parametrize(("count", "users", "think_s"), [(1, 4, 5.0), (3, 10, 2.0)])
def test_machine_repair(engine: type, tokens: int, requests: int, replications: int, resolution: float,
                        count: int, users: int, think_s: float) -> None:
    """M/M/c//N: mean response time, and throughput."""
    lengths = {"prompt_tokens": {"kind": "constant", "mean": 1},
               "output_tokens": {"kind": "exponential", "mean": tokens, "maximum": LONGEST}}
    throughput, response = analytical.machine_repair(count, users, think_s)
    scenario = market({"users": users, "think_s": think_s}, requests / throughput, lengths, servers(count, tokens))
    outcomes = [serve(scenario, engine, replication) for replication in range(replications)]
    Estimate.of([response_s(outcome) for outcome in outcomes]).agrees(response, resolution=resolution)
    Estimate.of([throughput_per_s(outcome) for outcome in outcomes]).agrees(throughput, resolution=resolution)


@pytest.mark.parametrize(("engine", "duration_s"), [(CompiledEngine, 6000.0), (ReferenceEngine, 300.0)],
                         ids=["compiled", "reference"])
def test_littles_law_of_a_circle(engine: type, duration_s: float) -> None:
    """Users = ends a second x (mean time to the end + think time), also if many are refused, break or lose patience."""
    users, think_s = 12, 4.0
    troubles = {"serving": {"kind": "affine", "base_s": 0.1}, "engine": {"max_batch": 2}, "limits": {"queue": 2},
                "faults": {"fast_failure_share": 0.1, "midstream_share": 0.1}}
    demand = {"patience_s": 3.0, "output_tokens": {"kind": "lognormal", "mean": 20.0, "cv": 1.5}}
    scenario = market({"users": users, "think_s": think_s}, duration_s, demand, troubles, sample_share=1.0)
    found = []
    for replication in range(8):
        outcome = serve(scenario, engine, replication)
        rows = outcome.samples[outcome.samples["born_s"] >= WARM_UP * duration_s]
        cycle_s = float((rows["end_s"] - rows["born_s"]).mean()) + think_s
        found.append(len(rows) / ((1 - WARM_UP) * duration_s) * cycle_s)
        assert {OUTCOMES[how] for how in np.unique(rows["outcome"])} == {"completed", "abandoned", "refused", "failed"}
    Estimate.of(found).agrees(users, resolution=0.06)
