"""What a run costs beyond its simulation (configuration, start, store), and how well two processes share runs.

Usage: ``python benchmarks/lab_overhead.py``
"""

import tempfile
import time
from pathlib import Path

from experiments import load
from experiments.runs.keys import specs_of
from experiments.runs.run_traffic import run_traffic
from experiments.runs.runner import run_all
from experiments.store.store import Store
from sim.scenario import TrafficScenario
from sim.scenario.load import plain

TINY, LARGE = 200, 40
JOBS = 2


def overhead_ms() -> float:
    """Return milliseconds per tiny run over the simulation itself, in one process."""
    scenario = load("duel", "traffic.duration_s=20", "traffic.warmup_s=5")
    run_traffic(scenario)  # compiled by now
    started = time.perf_counter()
    for replication in range(TINY):
        run_traffic(scenario, replication)
    alone = time.perf_counter() - started
    return 1e3 * (_sweep_s(scenario, TINY, 1) - alone) / TINY


def efficiency() -> tuple[float, float]:
    """Return seconds of a large run, and the parallel efficiency of two processes over such runs."""
    scenario = load("tournament", "traffic.duration_s=7000")
    one = _sweep_s(scenario, LARGE, 1)
    two = _sweep_s(scenario, LARGE, JOBS)
    return one / LARGE, one / (JOBS * two)


def _sweep_s(scenario: TrafficScenario, replications: int, jobs: int) -> float:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store.duckdb") as store:
        started = time.perf_counter()
        specs = specs_of("traffic", plain(scenario), [{}], replications)
        store.begin("bench", {}, specs)
        run_all(specs, store, jobs=jobs)
        return time.perf_counter() - started


def main() -> None:
    """Print both."""
    print(f"overhead: {overhead_ms():.1f} ms a run")
    seconds, share = efficiency()
    print(f"parallel efficiency of {JOBS} processes: {share:.2f} (runs of {seconds:.1f} s)")


if __name__ == "__main__":
    main()
