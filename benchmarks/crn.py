"""What common random numbers gain when policies are compared on the default scenario.

Usage: ``python benchmarks/crn.py [REPLICATIONS]``
"""

import sys
from pathlib import Path

from experiments.scenarios import load_traffic
from experiments.store.store import Store
from experiments.studies.perform import How, play_missing
from experiments.studies.tournament import STUDY
from experiments.studies.tournament.design import DEFAULT_POLICIES, Tournament
from experiments.studies.tournament.measures import Found, found_in

METRICS = ("cost_usd_per_mtok", "e2e_p50_s", "e2e_p99_s", "ttft_p50_s", "good_share", "completed_share")
LOADS = (0.6, 1.0, 1.4)
REPLICATIONS = 30


def table(result: Found, load: float) -> str:
    """Return the variance of an independent difference over that of the paired one, a row a policy."""
    known = [metric for metric in METRICS if metric in result.metrics]
    lines = [f"load {load:g}, differences to {result.design.baseline}, {result.design.replications} replications",
             f"{'':24}" + "".join(f"{metric:>20}" for metric in known)]
    for policy in result.design.policies:
        if policy != result.design.baseline:
            cells = [result.paired(policy, result.design.baseline, load, metric).variance_reduction for metric in known]
            lines.append(f"{policy:24}" + "".join(f"{cell:>20.1f}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATIONS
    design = Tournament(load_traffic("tournament"), DEFAULT_POLICIES, LOADS, replications)
    with Store(None) as store:
        result = found_in(design, play_missing(design, STUDY, store, How(Path("."))))
    for load in LOADS:
        print(table(result, load), end="\n\n")


if __name__ == "__main__":
    main()
