"""Looped traces against theory: served at the file's own rate, or the rate asked for, in any window, both engines."""

from pathlib import Path

import pytest

from experiments.runs.run_traffic import assemble
from sim import calendar
from sim.demand.feed import DemandFeed
from sim.engines.compiled import CompiledEngine
from sim.engines.outcome import COMPLETED, MEASURED
from sim.engines.reference import ReferenceEngine
from sim.scenario import TrafficScenario
from sim.streams import Streams
from theory.queueing import Estimate

pytestmark = pytest.mark.analytical

# two bursts of three within .2 s, and a lone request, in a lap of 7 requests and 35 s: a mean gap of 30/6 s included
TIMES_S = (0.0, 0.1, 0.2, 12.0, 12.1, 12.2, 30.0)
LAP_S = 35.0
CLASSES = 100  # each with a start of its own, and so a replication


def scenario_of(path: Path, duration_s: float, rate_per_s: float | None) -> TrafficScenario:
    """One server that is never full, without delays, and classes that replay the same file."""
    arrivals = {"kind": "trace", "path": str(path), "loop": True, "rate_per_s": rate_per_s}
    return TrafficScenario.model_validate({
        "name": "laps",
        "traffic": {"duration_s": duration_s, "warmup_s": 0.25 * duration_s, "sample_share": 0.0},
        "network": {"local_delay_s": 0.0},
        "routers": {"main": {}},
        "demand": {f"log{number}": {"model": "m", "arrivals": {k: v for k, v in arrivals.items() if v is not None}}
                   for number in range(CLASSES)},
        "providers": {"a": {"offers": {"m": {"model": "m", "serving": {"kind": "affine", "base_s": 0.01},
                                             "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}}}}},
    })


@pytest.mark.parametrize("engine", [CompiledEngine, ReferenceEngine], ids=["compiled", "reference"])
@pytest.mark.parametrize("rate_per_s", [None, 0.5])
@pytest.mark.parametrize("laps", [0.5, 1.4])
def test_requests_a_second_of_a_looped_trace(tmp_path: Path, engine: type, rate_per_s: float | None,
                                             laps: float) -> None:
    """Over windows shorter and longer than a lap, which a start at the first row would fill with its bursts."""
    path = tmp_path / "laps.csv"
    path.write_text("t_s,input_tokens,output_tokens\n" + "".join(f"{t},1,1\n" for t in TIMES_S), encoding="utf-8")
    rate = rate_per_s or len(TIMES_S) / LAP_S
    duration_s = laps * len(TIMES_S) / rate
    scenario = scenario_of(path, duration_s, rate_per_s)
    world = assemble(scenario)
    served: list[float] = []
    for replication in range(4 if engine is CompiledEngine else 2):
        feed = DemandFeed(world, Streams(scenario.seed, replication))
        outcome = calendar.run_traffic(world, engine(world, feed), [])
        served += (outcome.outcomes[:, MEASURED, COMPLETED] / (0.75 * duration_s)).tolist()
    Estimate.of(served).agrees(rate, resolution=0.2)
