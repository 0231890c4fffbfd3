"""Many requests in one run: speed and peak memory, which must not grow with the horizon.

Usage: python benchmarks/long_run.py [REQUESTS]        (default 100000000)
"""

import resource
import sys
import time

from experiments.bench.bench import loaded, pool_scenario
from experiments.runs.run_traffic import run_traffic


def main() -> None:
    """Serve the pool of `tokenmarket bench` for as many requests as asked and print what it took."""
    requests = int(float(sys.argv[1])) if len(sys.argv) > 1 else 100_000_000
    scenario = loaded(pool_scenario(), requests)
    start = time.perf_counter()
    outcome = run_traffic(scenario)
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    born = int(outcome.born.sum())
    print(f"{born:,} requests in {seconds:.1f} s ({born / seconds:,.0f}/s), peak memory {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
