"""A measured point in the engine: as many users as were in flight, each of whom sends again at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.silicon.composition import LEAST, ROUNDS
from experiments.silicon.measured import MOST_STEP_TOKENS, SHORTEST, Load, Point

if TYPE_CHECKING:
    from providers.hardware.calibration import Constants
    from sim.scenario import TrafficScenario

AT_ONCE_S: Final = 0.001  # the shortest pause of a user
CHUNK: Final = 20  # points that a process takes at a time


class Run(NamedTuple):
    """A point, the constants that hold for it, and about how long one of its requests takes."""

    point: Point
    constants: Constants
    request_s: float


class Latencies(NamedTuple):
    """Mean latencies of a closed loop, seconds."""

    ttft_s: float
    tpot_s: float


def closed_loop(run: Run) -> Latencies:
    """Run a point in the compiled engine."""
    from experiments.runs.run_traffic import run_traffic
    from sim.engines.outcome import COMPLETED, MEASURED, TPOT, TTFT

    found = run_traffic(scenario_of(run))
    count = int(found.outcomes[0, MEASURED, COMPLETED])
    return Latencies(*(float(found.class_metric_sums[0, metric]) / count for metric in (TTFT, TPOT)))


def closed_loops(runs: Sequence[Run], jobs: int) -> list[Latencies]:
    """Run many points, in processes if there is more than one job; the results are the same."""
    if jobs == 1:
        return [closed_loop(run) for run in runs]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(closed_loop, runs, chunksize=CHUNK))


def scenario_of(run: Run) -> TrafficScenario:
    """The scenario of a point."""
    from sim.scenario import TrafficScenario

    layout, load = run.point.layout, run.point.load
    rounds = max(ROUNDS, LEAST / load.concurrency)
    return TrafficScenario.model_validate({
        "name": "closed-loop",
        "traffic": {"duration_s": rounds * run.request_s, "drain_s": rounds * run.request_s + 3600.0},
        "network": {"regions": ["here"], "local_delay_s": 0.0},
        "routers": {"main": {"region": "here", "policy": {"kind": "random"}}},
        "demand": {"load": {
            "model": layout.model, "region": "here",
            "arrivals": {"kind": "closed", "users": load.concurrency, "think_s": AT_ONCE_S, "pause": "constant"},
            "prompt_tokens": _lengths(load.prompt), "output_tokens": _lengths(load.output),
        }},
        "providers": {"measured": {"region": "here", "offers": {layout.model: _offer(run, load)}}},
        "gpus": {layout.gpu: run.constants._asdict()},
    })


def _offer(run: Run, load: Load) -> dict[str, Any]:
    layout = run.point.layout
    serving = {"kind": "roofline", "gpu": layout.gpu, "precision": layout.precision, "weights": layout.weights,
               "tp": layout.tp, "attention_dp": layout.attention_dp}
    return {
        "model": layout.model, "serving": serving,
        "engine": {"max_batch": load.concurrency, "max_step_tokens": MOST_STEP_TOKENS},
        "limits": {"context_tokens": load.prompt + load.output},
        "price": {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 1.0},
    }


def _lengths(nominal: int) -> dict[str, Any]:
    """Uniform between the shortest and the nominal length."""
    return {"kind": "quantiles", "probabilities": [0.0, 1.0], "values": [SHORTEST * nominal, float(nominal)],
            "maximum": nominal}
