"""Sampled against full resolution: the same markets simulated both ways.

Usage: ``python benchmarks/sampling.py [requests/s] [days] [seeds] [threads]`` (2 requests/s, 8 days, one seed: seconds;
116 requests/s, 5 days: a minute a seed).

Prints the differences of what is sold by seed, their means with standard errors, and fails where one is larger than it
may be: 2 % of price paid and tokens, half a point of offers' shares and of losses by reason, 10 % of the 99th
percentile of the time to first token. No host may enter: in the first four weeks none would, and the engine of a full
run keeps no memory for four hundred of them.
"""

import math
import sys
import time

import numpy as np

from experiments.runs.run_market import run_market
from experiments.scenarios import load_market
from experiments.validation.sampled_against_full import ALLOWED, POINTS, SoldNumbers, differences, numbers


def run(resolution: str, rate: str, days: str, seed: int, threads: int) -> SoldNumbers:
    """Run one market, and say how long it took."""
    sets = [f"customers.requests_per_s={rate}", f"horizon.days={days}", f"horizon.resolution={resolution}",
            "supply.entry.types=0"]
    begun = time.perf_counter()
    result, traffic = run_market(load_market("openrouter-2026", sets), seed, threads=threads)
    print(f"seed {seed} {resolution:8s} {traffic.born.sum():>11,} requests in {time.perf_counter() - begun:7.1f} s",
          flush=True)
    return numbers(result)


def main() -> None:
    """Print every difference, and fail if one is too large."""
    rate, days, seeds, threads = (sys.argv[1:] + ["2", "8", "1", "1"][len(sys.argv) - 1:])[:4]
    bad, told = 0, []
    for seed in range(int(seeds)):
        told.append(differences(*(run(resolution, rate, days, seed, int(threads))
                                  for resolution in ("sampled", "full"))))
        for name, difference in told[-1].items():
            wrong = abs(difference) > ALLOWED.get(name, POINTS)
            bad += wrong
            print(f"  {name:14s} {difference:+9.4f}{' ' if name in ALLOWED else ' points'}{' *' if wrong else ''}")
    if len(told) > 1:
        print(f"means of {len(told)} seeds ± standard errors")
        for name in told[0]:
            values = np.array([one[name] for one in told])
            print(f"  {name:14s} {values.mean():+9.4f} ± {values.std(ddof=1) / math.sqrt(len(values)):.4f}")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
