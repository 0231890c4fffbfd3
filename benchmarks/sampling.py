"""Sampled against full resolution: the same markets simulated both ways.

Usage: ``python benchmarks/sampling.py [requests/s] [days] [seeds] [threads]`` (2 requests/s, 8 days, one seed: seconds;
116 requests/s: half a minute a day of the full run and thread).

Prints the differences of what is sold, and fails where one is larger than it may be: 2 % of price paid and tokens, half
a point of offers' shares and of losses by reason, 10 % of the 99th percentile of the time to first token.
"""

import sys
import time

from experiments.runs.run_market import run_market
from experiments.scenarios import load_market
from experiments.validation.sampled_against_full import ALLOWED, POINTS, SoldNumbers, differences, numbers


def run(resolution: str, rate: str, days: str, seed: int, threads: int) -> SoldNumbers:
    """Run one market, and say how long it took."""
    sets = [f"customers.requests_per_s={rate}", f"horizon.days={days}", f"horizon.resolution={resolution}"]
    begun = time.perf_counter()
    result, traffic = run_market(load_market("openrouter-2026", sets), seed, threads=threads)
    print(f"seed {seed} {resolution:8s} {traffic.born.sum():>11,} requests in {time.perf_counter() - begun:7.1f} s",
          flush=True)
    return numbers(result)


def main() -> None:
    """Print every difference, and fail if one is too large."""
    rate, days, seeds, threads = (sys.argv[1:] + ["2", "8", "1", "1"][len(sys.argv) - 1:])[:4]
    bad = 0
    for seed in range(int(seeds)):
        found = [run(resolution, rate, days, seed, int(threads)) for resolution in ("sampled", "full")]
        for name, difference in differences(*found).items():
            wrong = abs(difference) > ALLOWED.get(name, POINTS)
            bad += wrong
            print(f"  {name:14s} {difference:+9.4f}{' ' if name in ALLOWED else ' points'}{' *' if wrong else ''}")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
