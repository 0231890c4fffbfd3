"""A day of a marketplace of OpenRouter's size, request by request: what a part takes, and the whole day from that.

Usage: ``python benchmarks/a_day.py [REQUESTS] [THREADS]`` (default 1e7 on all cores). A ninth, a third and all of the
requests are served, each in a process of its own; the day's time follows from the line through the three, its memory
from what it grew by between the last two.

The marketplace (August 2026): 590 million requests a day, 323 models, about 940 offers (openrouter.ai, own count).
Assumptions: requests by model follow Zipf's law with exponent 1; hosts by model have the published quantiles (at least
half have one, a tenth seven or more, one has 27) and are exponential between them, with so many single hosts that the
sum is right; prompts are log-normal on the quartiles across models (849, 2,781, 9,076), at the 28 % of their tokens
that no cache holds, since the simulator computes cached prompts in full; answers have a mean of 473 tokens and a
coefficient of variation of 1.5; models are of ten known shapes in turn, on eight H200 a replica, enough of them for
half of their capacity; requests arrive evenly over the day. Lengths are cut at 30,000 and 8,000 tokens: what was served
is printed.
"""

import math
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np

from experiments.bench.bench import MARKET_MODELS
from experiments.runs.capacity import Shape, model_capacity_per_s
from experiments.runs.run_traffic import run_traffic
from providers.offers import build_offers
from sim.engines.outcome import COMPLETED, OUTPUT_TOKENS, PROMPT_TOKENS
from sim.scenario import TrafficScenario
from sim.units import DAY_S

REQUESTS, MODELS = 590_000_000, 323
HOSTS = ((0.0, 1.0), (0.65, 1.0), (0.9, 7.0), (1.0, 27.0))  # share of models, hosts
QUARTILES, UNCACHED, OUTPUT = (849.0, 2781.0, 9076.0), 0.28, 473.0
UTILISATION = 0.5
SIGMA = math.log(QUARTILES[2] / QUARTILES[0]) / (2 * 0.6744897501960817)  # between quartiles of a normal variable
CV = math.sqrt(math.expm1(SIGMA**2))  # of a log-normal variable
PROMPT = UNCACHED * QUARTILES[1] * math.exp(SIGMA * SIGMA / 2)


def hosts_by_rank() -> np.ndarray:
    """Hosts of each model, the most used first."""
    shares, hosts = np.array(HOSTS).T
    below = 1 - np.arange(MODELS) / (MODELS - 1)
    return np.rint(np.exp(np.interp(below, shares, np.log(hosts)))).astype(int)


def marketplace(requests: int) -> TrafficScenario:
    """The marketplace for as long as so many requests take to arrive."""
    hosts = hosts_by_rank()
    share = 1.0 / np.arange(1, MODELS + 1)
    rate = REQUESTS / DAY_S * share / share.sum()
    able = _capacity_per_replica()
    models: dict[str, Any] = {}
    demand: dict[str, Any] = {}
    providers: dict[str, Any] = {}
    for rank in range(MODELS):
        name, like = f"model-{rank + 1}", MARKET_MODELS[rank % len(MARKET_MODELS)]
        models[name] = {"like": like}
        demand[name] = {
            "model": name, "arrivals": {"kind": "poisson", "rate_per_s": float(rate[rank])}, "patience_s": 120.0,
            "prompt_tokens": {"kind": "lognormal", "mean": PROMPT, "cv": CV, "maximum": 30_000},
            "output_tokens": {"kind": "lognormal", "mean": OUTPUT, "cv": 1.5, "maximum": 8_000},
        }
        replicas = math.ceil(rate[rank] / (UTILISATION * able[like] * hosts[rank]))
        for host in range(hosts[rank]):
            providers.setdefault(f"host-{host + 1}", {"offers": {}})["offers"][name] = _offer(name, host, replicas)
    return TrafficScenario.model_validate({
        "name": "a-day", "traffic": {"duration_s": requests / float(rate.sum())}, "models": models, "demand": demand,
        "providers": providers, "routers": {"main": {"policy": {"kind": "openrouter_classic"}}},
    })


def _offer(model: str, host: int, replicas: int) -> dict[str, Any]:
    return {
        "model": model, "replicas": replicas, "limits": {"context_tokens": 40_000},
        "serving": {"kind": "roofline", "gpu": "h200-sxm", "precision": "fp8", "tp": 8},
        "price": {"input_usd_per_mtok": round(0.2 + 0.01 * host, 2),
                  "output_usd_per_mtok": round(0.8 + 0.04 * host, 2)},
    }


def _capacity_per_replica() -> dict[str, float]:
    """Requests a second that a replica of each shape takes."""
    offers = {model: _offer(model, 0, 1) for model in MARKET_MODELS}
    demand = {model: {"model": model, "arrivals": {"kind": "poisson", "rate_per_s": 1.0}} for model in MARKET_MODELS}
    scenario = TrafficScenario.model_validate({
        "name": "one-of-each", "traffic": {"duration_s": 1.0}, "providers": {"one": {"offers": offers}},
        "routers": {"main": {}}, "demand": demand,
    })
    built = build_offers(scenario)
    return {model: model_capacity_per_s(built, model, Shape(PROMPT, OUTPUT)) for model in MARKET_MODELS}


class Served(NamedTuple):
    """A run: requests, seconds, peak memory (MB), share completed, and mean tokens of those completed."""

    requests: int
    lasted_s: float
    peak_mb: float
    completed: float
    prompt: float
    output: float


def served(requests: int, threads: int) -> Served:
    """Serve a part of the day in this process, the engine compiled or loaded before."""
    run_traffic(marketplace(1000), threads=threads)
    scenario = marketplace(requests)
    begun = time.perf_counter()
    outcome = run_traffic(scenario, threads=threads)
    lasted_s = time.perf_counter() - begun
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    born, completed = int(outcome.born.sum()), int(outcome.outcomes[:, :, COMPLETED].sum())
    tokens = outcome.class_sums.sum(axis=(0, 1))[[PROMPT_TOKENS, OUTPUT_TOKENS]] / completed
    return Served(born, lasted_s, peak_mb, completed / born, *tokens.tolist())


def main() -> None:
    """Serve three parts of the day, and print them and the whole."""
    most = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count() or 1
    print(f"{MODELS} models, {hosts_by_rank().sum()} offers, {threads} threads")
    found = []
    for requests in (most // 9, most // 3, most):
        # in a process of its own, since peak memory never falls
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            found.append(alone.submit(served, requests, threads).result())
        one = found[-1]
        print(f"{one.requests:>12,} requests in {one.lasted_s:8.1f} s ({one.requests / one.lasted_s:,.0f}/s), "
              f"peak memory {one.peak_mb:,.0f} MB", flush=True)
    slope, start = np.polyfit([it.requests for it in found], [it.lasted_s for it in found], 1)
    _, before, last = found
    growth = max(0.0, (last.peak_mb - before.peak_mb) / (last.requests - before.requests))
    day_min, day_mb = (start + slope * REQUESTS) / 60, last.peak_mb + growth * (REQUESTS - last.requests)
    print(f"completed {last.completed:.1%}, with {last.prompt:,.0f} and {last.output:,.0f} tokens each; "
          f"a whole day: {day_min:,.0f} min, {day_mb:,.0f} MB")


if __name__ == "__main__":
    main()
