"""A load curve: how cost and tail latency of three routing policies grow with load, in pairs, with a figure.

Usage: ``python examples/load_curve.py [FOLDER]``; the runs are kept in FOLDER, so that a second time takes no time.
"""

import sys
from pathlib import Path

from experiments import load, sweep

POLICIES = ("openrouter_classic", "power_of_d", "peak_ewma")
LOADS = (0.6, 0.9, 1.2)


def main(folder: Path) -> None:
    """Run the curve, print what differs from the first policy, and draw it."""
    scenario = load("tournament", "traffic.duration_s=120", "traffic.warmup_s=20", "traffic.drain_s=120")
    folder.mkdir(parents=True, exist_ok=True)
    with sweep(scenario, {"traffic.load": LOADS}, policies=POLICIES, replications=4,
               store=folder / "store.duckdb") as results:
        for metric in ("cost_usd_per_mtok", "e2e_p99_s"):
            print(results.compare(metric, baseline=POLICIES[0]).to_string(index=False, float_format="%.3g"))
        figure = results.plot.metric("e2e_p99_s", over="traffic.load")
        figure.savefig(folder / "load_curve.svg")
        print(f"drew {folder / 'load_curve.svg'}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/load_curve"))
