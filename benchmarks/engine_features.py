"""What each feature costs: the market of `tokenmarket bench` with it, and without it, in alternation.

Usage: ``python benchmarks/engine_features.py [REQUESTS] [ROUNDS] [FEATURE ...]`` (default 300,000 requests, 3 rounds,
all features). Processor time of serving requests from memory on one thread, best of the rounds, and the speed with the
feature over that without it. Some features change what is served (a cached prompt is shorter, a split has half as many
replicas for each task): their cost is that of the market as it then is.
"""

import math
import sys
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

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
TOKENS = {"tokens_per_min": 100_000_000, "tokens_per_day": 10**12}
BILLED = ("broken_stream", "customer_left")
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Change(NamedTuple):
    """Settings of the market of the bench that are replaced; what is nested is replaced member by member.

    Attributes
    ----------
    demand, router, engine, limits
        Of all classes, of the router, of the engines and the limits of all offers.
    by_class
        Of each class, by its place.
    """

    demand: Mapping[str, Any] = NOTHING
    router: Mapping[str, Any] = NOTHING
    engine: Mapping[str, Any] = NOTHING
    limits: Mapping[str, Any] = NOTHING
    by_class: tuple[Mapping[str, Any], ...] = ()


class Feature(NamedTuple):
    """What is changed, and what differs from the bench's market in the one that it is compared with, too."""

    change: Change
    both: Change = Change()


FEATURES = {
    "nothing (noise)": Feature(Change()),
    "prefix cache, single requests": Feature(Change(engine={"prefix_cache": True})),
    "prefix cache, sessions and documents": Feature(Change(engine={"prefix_cache": True}), Change(demand=SESSIONS)),
    "host memory behind that": Feature(Change(engine={"prefix_cache": True, "host_cache": {"tokens": 100_000}}),
                                       Change(demand=SESSIONS)),
    "SGLang's rules": Feature(Change(engine={"dialect": "sglang"})),
    "TensorRT-LLM's rules": Feature(Change(engine={"dialect": "tensorrt_llm"})),
    "prefill apart (1 of 2 replicas)": Feature(Change(engine={"split": {"prefill": 1}})),
    "turns that wait for answers": Feature(Change(demand={"sessions": {"mean_turns": 4.0, "think_s": 5.0}})),
    "hedged after 2 s": Feature(Change(router={"attempts": {"hedge_s": 2.0}})),
    "first token within 20 s, else elsewhere": Feature(Change(router={"attempts": {"first_token_timeout_s": 20.0}})),
    "LiteLLM's cool-down": Feature(Change(router={"cooldown": {"rule": "litellm"}})),
    "slow start": Feature(Change(router={"slow_start": {"window_s": 60.0}}),
                          Change(router={"policy": {"kind": "smooth_wrr"}})),
    "tokens a minute and a day, buckets": Feature(Change(limits=TOKENS)),
    "the same by clock minutes": Feature(Change(limits=TOKENS | {"refill": "minute"})),
    "limits of each customer": Feature(Change(limits={"per": "customer"})),
    "priorities of classes": Feature(Change(by_class=tuple({"priority": place % 3} for place in range(10)))),
    "max_tokens": Feature(Change(demand={"max_tokens": 200})),
    "fallback to another model": Feature(Change(by_class=({"fallback_models": ["llama-3.3-70b"]},))),
    "broken streams are paid": Feature(Change(router={"billing": dict.fromkeys(BILLED, "customer")})),
    "one provider is not wanted": Feature(Change(demand={"preferences": {"ignore": ["provider-0"]}})),
}


def replaced(settings: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Replace members of ``settings``, those of nested ones one by one."""
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(settings.get(name), dict) and "kind" not in value:
            replaced(settings[name], value)
        else:
            settings[name] = value


def market(requests: int, *changes: Change) -> TrafficScenario:
    """The market of the bench, changed."""
    settings = plain(loaded(market_scenario(), requests))
    for change in changes:
        for place, each in enumerate(settings["demand"].values()):
            replaced(each, change.demand)
            replaced(each, change.by_class[place] if place < len(change.by_class) else NOTHING)
        replaced(settings["routers"]["main"], change.router)
        for provider in settings["providers"].values():
            for offer in provider["offers"].values():
                replaced(offer["engine"], change.engine)
                replaced(offer["limits"], change.limits)
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
    Served(market(1000)).serve()  # compiles, or loads what is kept
    print(f"{'feature':40}{'without, ns':>14}{'with, ns':>12}{'speed':>8}")
    for name in sys.argv[3:] or FEATURES:
        change, both = FEATURES[name]
        without, having = Served(market(requests, both)), Served(market(requests, both, change))
        having.serve()  # what it alone compiles
        for _ in range(rounds):
            without.serve()
            having.serve()
        print(f"{name:40}{without.least_ns:>14,.0f}{having.least_ns:>12,.0f}"
              f"{without.least_ns / having.least_ns:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
