"""Windows against full resolution: the same markets simulated both ways, every number of the summary compared in pairs.

Usage: ``python benchmarks/resolution.py [replications] [days]`` (6 replications of 180 days: about ten minutes).
"""

import sys

import pandas as pd

from experiments.measures.market.run import Run
from experiments.measures.market_summary import summary
from experiments.runs.run_market import run_market
from experiments.scenarios import load_market
from experiments.stats import paired

RESOLUTIONS = ("full", "windows")
SMALL = ("customers.requests_per_s=1.4", "horizon.window_s=3600")  # full resolution of the default's 100/s takes hours


def values(resolution: str, replication: int, days: int) -> pd.Series:
    """Return the summary of one run by metric."""
    sets = [*SMALL, f"horizon.days={days}", f"horizon.resolution={resolution}"]
    result, _ = run_market(load_market("openrouter-2026", sets), replication)
    return summary(Run(result)).set_index("metric")["value"]


def main() -> None:
    """Print every metric: mean at full resolution, difference of windows with its 95 % half-width."""
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 180
    runs = {name: [values(name, r, days) for r in range(replications)] for name in RESOLUTIONS}
    inside = 0
    for metric in runs["full"][0].index:
        full, windows = ([float(run[metric]) for run in runs[name]] for name in ("full", "windows"))
        got = paired(windows, full)
        agrees = not abs(got.difference.mean) > got.difference.half_width
        inside += agrees
        mean, difference = sum(full) / len(full), got.difference
        print(f"{metric:34s} {mean:12.5g} {difference.mean:12.4g} ± {difference.half_width:9.3g}"
              f"{'' if agrees else ' *'}")
    print(f"{inside} of {len(runs['full'][0])} differences have an interval that holds zero (*: not)")


if __name__ == "__main__":
    main()
