"""How fast the traffic engines are on this machine: both engines and a bare queue in one run, with their ratios."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.runs.run_traffic import assemble
from sim.errors import OutputError
from sim.scenario import TrafficScenario

if TYPE_CHECKING:
    from sim.engines.face import TrafficEngine
    from sim.engines.outcome import TrafficOutcome
    from sim.engines.world import World

POOL_REQUESTS = 1_500_000
MARKET_REQUESTS = 1_000_000
REFERENCE_REQUESTS = 4_000
QUEUE_CUSTOMERS = 5_000_000
REPEATS = 3  # the best of these counts: what the machine can do when nobody disturbs it
PROVIDERS = 20
MARKET_MODELS = (
    "llama-3.1-8b", "llama-3.3-70b", "qwen3-32b", "qwen3-30b-a3b", "qwen3-235b-a22b",
    "mixtral-8x7b", "glm-4.5-air", "minimax-m2.5", "gpt-oss-120b", "deepseek-v3",
)  # fmt: skip
UTILISATION = 0.3  # of the capacity of each model's offers, to first order (batches of about 30)
CHAT = {
    "prompt_tokens": {"kind": "lognormal", "mean": 1500, "cv": 1.0, "maximum": 16_000},
    "output_tokens": {"kind": "lognormal", "mean": 150, "cv": 1.0, "maximum": 2_000},
    "patience_s": 60.0,
}


@dataclass(frozen=True)
class Speed:
    """Requests a second: the engine alone, and the whole run with demand drawn on the way."""

    requests: int
    engine_per_s: float
    run_per_s: float


def _offer(model: str, gpu: str, tp: int, replicas: int) -> dict[str, Any]:
    return {
        "model": model,
        "replicas": replicas,
        "serving": {"kind": "roofline", "gpu": gpu, "precision": "fp8", "tp": tp},
        "price": {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.4},
        "limits": {"context_tokens": 32_768},
    }


def pool_scenario() -> TrafficScenario:
    """One pool: eight replicas of an 8B model, an offer each, the router picks the least in flight."""
    offers = {f"replica-{i}": _offer("llama-3.1-8b", "h100-sxm", 1, 1) for i in range(8)}
    return TrafficScenario.model_validate({
        "name": "bench-pool",
        "traffic": {"duration_s": 1.0},
        "routers": {"main": {"policy": {"kind": "least_in_flight"}}},
        "demand": {"chat": {"model": "llama-3.1-8b", "arrivals": {"kind": "poisson", "rate_per_s": 1.0}, **CHAT}},
        "providers": {"pool": {"offers": offers}},
    })


def market_scenario() -> TrafficScenario:
    """A market: 20 providers serve 10 models with 2 replicas each; faults, limits, failover and breakers are on."""
    faults = {
        "outage_mtbf_s": 1800.0, "outage_mttr_s": 20.0, "slowdown_mtbf_s": 1200.0, "slowdown_mttr_s": 60.0,
        "fast_failure_share": 0.002, "midstream_share": 0.002,
    }  # fmt: skip
    regions = ["us-east", "us-west", "eu-west"]
    providers = {
        f"provider-{p}": {
            "region": regions[p % 3],
            "faults": faults,
            "offers": {model: _priced(_offer(model, "h200-sxm", 8, 2), p) for model in MARKET_MODELS},
        }
        for p in range(PROVIDERS)
    }
    arrivals = {"kind": "poisson", "rate_per_s": 1.0}
    return TrafficScenario.model_validate({
        "name": "bench-market",
        "traffic": {"duration_s": 1.0},
        "network": {
            "regions": regions,
            "links": [
                {"a": "us-east", "b": "us-west", "delay_s": 0.031},
                {"a": "us-east", "b": "eu-west", "delay_s": 0.036},
            ],
        },
        "routers": {"main": {
            "policy": {"kind": "peak_ewma"}, "breaker": {"failures": 10}, "cooldown": {"seconds": 5.0, "after": 3},
        }},
        "demand": {model: {"model": model, "arrivals": arrivals, **CHAT} for model in MARKET_MODELS},
        "providers": providers,
    })


def _priced(offer: dict[str, Any], provider: int) -> dict[str, Any]:
    """Give each provider's offer its own price, and every fourth provider a queue cap and a rate limit."""
    offer["price"] = {
        "input_usd_per_mtok": round(0.1 + 0.01 * provider, 3),
        "output_usd_per_mtok": round(0.4 + 0.04 * provider, 3),
    }
    if provider % 4 == 0:
        offer["limits"] |= {"queue": 64, "requests_per_min": 6000}
    return offer


def loaded(scenario: TrafficScenario, requests: int) -> TrafficScenario:
    """Set every class to the same share of its model's capacity, and the duration to that many requests."""
    from experiments.runs.capacity import Shape, model_capacity_per_s
    from providers.offers import build_offers

    offers = build_offers(scenario)
    shape = Shape(CHAT["prompt_tokens"]["mean"], CHAT["output_tokens"]["mean"])  # type: ignore[index]
    content = scenario.model_dump()
    rate = 0.0
    for demand in content["demand"].values():
        demand["arrivals"]["rate_per_s"] = UTILISATION * model_capacity_per_s(offers, demand["model"], shape)
        rate += demand["arrivals"]["rate_per_s"]
    content["traffic"]["duration_s"] = requests / rate
    return TrafficScenario.model_validate(content)


def _serve(world: World, engine: TrafficEngine) -> tuple[TrafficOutcome, float]:
    """Serve a feed with the calendar's faults and return the outcome and the seconds it took."""
    from providers.faults import fault_processes
    from sim.calendar import run_traffic
    from sim.streams import Streams

    processes = fault_processes(world, Streams(world.seed, world.replication))
    start = time.perf_counter()
    outcome = run_traffic(world, engine, processes)
    return outcome, time.perf_counter() - start


def _feed(world: World) -> Iterator[np.ndarray]:
    from sim.demand.feed import DemandFeed
    from sim.streams import Streams

    return DemandFeed(world, Streams(world.seed, world.replication))


def compiled_speed(scenario: TrafficScenario, requests: int, threads: int = 1) -> Speed:
    """Requests a second of the compiled engine: served from memory, and with demand drawn on the way."""
    from sim.engines.compiled import CompiledEngine

    world = assemble(loaded(scenario, requests))
    blocks = list(_feed(world))
    engine_s, run_s = [], []
    for _ in range(REPEATS):
        outcome, seconds = _serve(world, CompiledEngine(world, iter(blocks), threads=threads))
        engine_s.append(seconds)
        engine = CompiledEngine(world, _feed(world), threads=threads)
        run_s.append(_serve(world, engine)[1])
    count = int(outcome.born.sum())
    return Speed(count, count / min(engine_s), count / min(run_s))


def reference_speed(scenario: TrafficScenario, requests: int) -> float:
    """Requests a second of the reference engine on the same market, served from memory."""
    from sim.engines.reference import ReferenceEngine

    world = assemble(loaded(scenario, requests))
    outcome, seconds = _serve(world, ReferenceEngine(world, iter(list(_feed(world)))))
    return float(outcome.born.sum() / seconds)


def queue_speed(customers: int) -> float:
    """Customers a second of a bare M/M/50 loop (a heap of free times): the machine's limit for an event loop."""
    from experiments.bench.bare_queue import mean_wait

    rng = np.random.default_rng(1)
    servers = 50
    gaps = rng.exponential(1.0 / (0.9 * servers), customers)
    services = rng.exponential(1.0, customers)
    mean_wait(gaps[:10], services[:10], servers)
    start = time.perf_counter()
    mean_wait(gaps, services, servers)
    return customers / (time.perf_counter() - start)


def measure() -> dict[str, float]:
    """Measure the speeds on this machine, in requests per second, and their ratios; by name."""
    compiled_speed(pool_scenario(), 1000)  # compiles, or loads the cache
    pool = compiled_speed(pool_scenario(), POOL_REQUESTS)
    market = compiled_speed(market_scenario(), MARKET_REQUESTS)
    shared = compiled_speed(market_scenario(), MARKET_REQUESTS, os.cpu_count() or 1)
    reference = reference_speed(market_scenario(), REFERENCE_REQUESTS)
    bare = queue_speed(QUEUE_CUSTOMERS)
    return {
        "pool.compiled_requests_per_s": pool.engine_per_s,
        "pool.with_demand_requests_per_s": pool.run_per_s,
        "market.compiled_requests_per_s": market.engine_per_s,
        "market.with_demand_requests_per_s": market.run_per_s,
        "market.on_all_cores_requests_per_s": shared.engine_per_s,
        "market.all_cores_over_one": shared.engine_per_s / market.engine_per_s,
        "market.reference_requests_per_s": reference,
        "market.compiled_over_reference": market.engine_per_s / reference,
        "mmc_loop_customers_per_s": bare,
        "pool.share_of_mmc_loop": pool.engine_per_s / bare,
        "market.share_of_mmc_loop": market.engine_per_s / bare,
    }


LABELS = {
    "pool.compiled_requests_per_s": "pool of 8 replicas, compiled engine, requests/s",
    "pool.with_demand_requests_per_s": "  with demand drawn on the way, requests/s",
    "market.compiled_requests_per_s": "market of 200 offers / 400 replicas, compiled, requests/s",
    "market.with_demand_requests_per_s": "  with demand drawn on the way, requests/s",
    "market.on_all_cores_requests_per_s": "  on all cores, requests/s",
    "market.all_cores_over_one": "  all cores over one",
    "market.reference_requests_per_s": "  the same market, reference engine, requests/s",
    "market.compiled_over_reference": "  compiled over reference",
    "mmc_loop_customers_per_s": "bare M/M/50 loop, customers/s",
    "pool.share_of_mmc_loop": "  pool over that loop",
    "market.share_of_mmc_loop": "  market over that loop",
}


def bench(json_file: Path | None = None) -> int:
    """Measure, print a table, and write the figures to ``json_file`` if one is given; return the exit status.

    Raises
    ------
    OutputError
        If the file cannot be written (checked before anything is measured).
    """
    if json_file is not None:
        _check_writable(json_file)
    figures = measure()
    for key, label in LABELS.items():
        value = figures[key]
        print(f"{label:<60} {value:>14,.0f}" if value > 20 else f"{label:<60} {value:>14.3f}")
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _check_writable(path: Path) -> None:
    try:
        path.touch()
    except OSError as error:
        raise OutputError(f"--json {path} cannot be written: {error.strerror}") from error
