"""What each feature of an engine costs: the market of `tokenmarket bench` with it, and without it, in alternation.

Usage: ``python benchmarks/engine_features.py [REQUESTS] [ROUNDS] [FEATURE ...]`` (default 300,000 requests, 3 rounds,
all features). Processor time of serving requests from memory on one thread, best of the rounds, and the speed with the
feature over that without it. Some features change what is served (a cached prompt is shorter, a split has half as many
replicas for each task): their cost is that of the market as it then is.
"""

import math
import sys
import time
from typing import Any

from experiments.bench.bench import loaded, market_scenario
from experiments.runs.run_traffic import assemble
from providers.faults import fault_processes
from sim.calendar import run_traffic
from sim.demand.feed import DemandFeed
from sim.engines.compiled import CompiledEngine
from sim.scenario import TrafficScenario
from sim.scenario.load import plain
from sim.streams import Streams

SESSIONS = {"sessions": {"mean_turns": 4.0, "think_s": 5.0},
            "shared_prefix": {"tokens": 500, "documents": 20}}
NOTHING: dict[str, Any] = {}
# by feature: settings of demand and of engines with it; demand alone is the market without it
FEATURES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing (noise)": (NOTHING, NOTHING),
    "prefix cache, single requests": (NOTHING, {"prefix_cache": True}),
    "prefix cache, sessions and documents": (SESSIONS, {"prefix_cache": True}),
    "host memory behind that": (SESSIONS, {"prefix_cache": True, "host_cache": {"tokens": 100_000}}),
    "SGLang's rules": (NOTHING, {"dialect": "sglang"}),
    "TensorRT-LLM's rules": (NOTHING, {"dialect": "tensorrt_llm"}),
    "prefill apart (1 of 2 replicas)": (NOTHING, {"split": {"prefill": 1}}),
}


def market(requests: int, demand: dict[str, Any], engine: dict[str, Any]) -> TrafficScenario:
    """The market of the bench with other settings of all classes and engines."""
    settings = plain(loaded(market_scenario(), requests))
    for each in settings["demand"].values():
        each |= demand
    for provider in settings["providers"].values():
        for offer in provider["offers"].values():
            offer["engine"] |= engine
    return TrafficScenario.model_validate(settings)


class Served:
    """A market whose requests are in memory, and the least processor time in which they were served.

    Parameters
    ----------
    scenario
        The market.
    """

    def __init__(self, scenario: TrafficScenario) -> None:
        self.world = assemble(scenario)
        self.blocks = list(DemandFeed(self.world, Streams(self.world.seed, 0)))
        self.least_ns = math.inf

    def serve(self) -> None:
        """Serve them once more."""
        processes = fault_processes(self.world, Streams(self.world.seed, 0))
        engine = CompiledEngine(self.world, iter(self.blocks))
        begun = time.process_time()
        outcome = run_traffic(self.world, engine, processes)
        self.least_ns = min(self.least_ns, 1e9 * (time.process_time() - begun) / int(outcome.born.sum()))


def main() -> None:
    """Print a row a feature."""
    requests = int(float(sys.argv[1])) if len(sys.argv) > 1 else 300_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    Served(market(1000, NOTHING, NOTHING)).serve()  # compiles, or loads what is kept
    print(f"{'feature':40}{'without, ns':>14}{'with, ns':>12}{'speed':>8}")
    for name in sys.argv[3:] or FEATURES:
        demand, engine = FEATURES[name]
        without, having = Served(market(requests, demand, NOTHING)), Served(market(requests, demand, engine))
        for _ in range(rounds):
            without.serve()
            having.serve()
        print(f"{name:40}{without.least_ns:>14,.0f}{having.least_ns:>12,.0f}"
              f"{without.least_ns / having.least_ns:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
