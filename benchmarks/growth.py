"""How time grows with requests, offers, models and customers: a line each, its slopes, and the parts that grow faster.

Usage: ``python benchmarks/growth.py [MOST_REQUESTS]`` (default 1e7; 1e8 takes some minutes). From a market of 100,000
requests, 10 offers of one model or 200 customers one number is raised at a time: requests to 1e8, models to 300,
offers to 2,000, customers to 20,000. Each point is run in this process after the engine was compiled or loaded, on one
thread, and its processor time is told: that of assembling (scenario, world, engine's tables) and of serving.

A slope is that of log time over log size between neighbouring points: 1 is linear, 0 is no growth. A part whose last
slope is above 1.1 is named as super-linear; below a tenth of a second nothing is said, where fixed costs rule.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from experiments.runs.run_market import run_market, stage
from experiments.runs.run_traffic import assemble, run_traffic
from experiments.scenarios import load_market
from sim.scenario import MarketScenario, TrafficScenario
from sim.scenario.load import plain

SUPER_LINEAR, SHORTEST_S = 1.1, 0.1
REQUESTS, OFFERS = 100_000, 10
LINES: dict[str, tuple[int, ...]] = {
    "requests": (100_000, 1_000_000, 10_000_000, 100_000_000),
    "offers": (10, 50, 200, 500, 2_000),
    "models": (1, 10, 50, 100, 300),
    "customers": (200, 1_000, 5_000, 20_000),
}


def market(customers: int, days: int = 10) -> MarketScenario:
    """The built-in market with so many customers, in the proportions of its segments."""
    settings = plain(load_market("openrouter-2026", [f"horizon.days={days}"]))
    segments = settings["customers"]["segments"]
    whole = sum(segment["number"] for segment in segments.values())
    for segment in segments.values():
        segment["number"] = round(segment["number"] * customers / whole)
    return MarketScenario.model_validate(settings)


class Point(NamedTuple):
    """Processor time of a point, seconds: assembling, and serving."""

    size: int
    assemble_s: float
    serve_s: float


def traffic(requests: int = REQUESTS, offers: int = OFFERS, models: int = 1) -> TrafficScenario:
    """A market at the same load whatever its size: replicas and requests are shared by all offers and models."""
    names = [f"model-{model + 1}" for model in range(models)]
    rate = 2.0 * offers  # of an offer 2 requests a second, about half of what it can
    providers: dict[str, Any] = {}
    for offer in range(offers):
        host = providers.setdefault(f"host-{offer // models + 1}", {"offers": {}})
        host["offers"][names[offer % models]] = {
            "model": names[offer % models],
            "serving": {"kind": "affine", "base_s": 0.01, "kv_tokens": 400_000},
            "price": {"input_usd_per_mtok": 0.2, "output_usd_per_mtok": 0.8},
        }
    return TrafficScenario.model_validate({
        "name": "growth", "traffic": {"duration_s": requests / rate}, "providers": providers,
        "routers": {"main": {"policy": {"kind": "openrouter_classic"}}},
        "demand": {name: {"model": name, "arrivals": {"kind": "poisson", "rate_per_s": rate / models}}
                   for name in names},
    })


def point(size: int, make: Callable[[], Any], assembled: Callable[[Any], Any], run: Callable[[Any], Any]) -> Point:
    """Time one point; serving is a whole run less assembling."""
    begun = time.process_time()
    scenario = make()
    assembled(scenario)
    between = time.process_time()
    run(scenario)
    ended = time.process_time()
    return Point(size, between - begun, max(0.0, ended - between - (between - begun)))


def points(line: str, most: int) -> Iterator[Point]:
    """Run a line from its smallest point to its largest."""
    for size in LINES[line]:
        if line == "customers":
            yield point(size, lambda chosen=size: market(chosen), stage, run_market)
        elif line != "requests" or size <= most:
            # as many offers as models at least: 300 models have 300
            shape = {line: size} | ({"offers": max(OFFERS, size)} if line == "models" else {})
            yield point(size, lambda chosen=shape: traffic(**chosen), assemble, run_traffic)


def slope(small: Point, large: Point, part: str) -> float:
    """Slope of log time over log size; nan where a time is too short to tell."""
    times = getattr(small, part), getattr(large, part)
    return math.log(times[1] / times[0]) / math.log(large.size / small.size) if min(times) > 0 else math.nan


def tell(line: str, found: Sequence[Point]) -> None:
    """Print a line with its slopes, and name what grows faster than its size."""
    print(f"\n{line:>12} {'assemble s':>11} {'slope':>6} {'serve s':>9} {'slope':>6}")
    for place, here in enumerate(found):
        slopes = [slope(found[place - 1], here, part) if place else math.nan for part in ("assemble_s", "serve_s")]
        print(f"{here.size:>12,} {here.assemble_s:>11.3f} {slopes[0]:>6.2f} {here.serve_s:>9.3f} {slopes[1]:>6.2f}",
              flush=True)
    for part in ("assemble_s", "serve_s"):
        if len(found) > 1 and getattr(found[-1], part) > SHORTEST_S and slope(*found[-2:], part) > SUPER_LINEAR:
            print(f"super-linear in {line}: {part.removesuffix('_s')} "
                  f"(slope {slope(*found[-2:], part):.2f} at the end)")


def main() -> None:
    """Measure every line."""
    most = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
    run_traffic(traffic(1000))
    run_market(market(LINES["customers"][0]))  # the whole of it: what happens on later days is compiled then
    for line in LINES:
        tell(line, list(points(line, most)))


if __name__ == "__main__":
    main()
