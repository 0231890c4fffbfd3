"""How far the kept runs of the built-in calibration are, and how implausible the scenario itself is by them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from experiments.validation.comparison import markdown, number
from experiments.validation.facts.fact_ledger import FactLedger, read_ledger
from experiments.validation.history.calibrated_market import progress_of
from experiments.validation.history.matching import CENTRE, MatchingPlan
from experiments.validation.history.ruling_out import CUTOFF, implausibility, second_largest, target_of
from experiments.validation.history.run_file import DoneRun, read_runs

KEPT_RUNS: Final = Path(__file__).with_name("kept_runs.csv")  # what docs/market/calibration.md tells of


def runs_page() -> str:
    """Return what the kept runs say, as Markdown."""
    ledger = read_ledger()
    return told_of_runs(ledger, read_runs(KEPT_RUNS, ledger), progress_of(KEPT_RUNS, ledger, MatchingPlan()))


def told_of_runs(ledger: FactLedger, runs: Sequence[DoneRun], progress: Sequence[str]) -> str:
    """Return how far runs are, and how implausible the centre is (E95), with V_s from its replications.

    Parameters
    ----------
    ledger
        The facts.
    runs
        All runs of a file; those at the centre count that the code of the last one did.
    progress
        A line a stage.
    """
    mine = [it.facts for it in runs if it.stage == CENTRE and it.code == runs[-1].code]
    lines = f"Runs so far: {'; '.join(progress)}."
    if len(mine) < 2:
        return f"{lines} Fewer than two at the centre: nothing can be said yet."
    table, far = [("fact", "observed", "mean at the centre", "sd of one run", "implausibility")], []
    for fact in ledger.moments:
        values = np.array([fact.on_scale(facts[fact.name]) for facts in mine])
        noise = float(np.var(values, ddof=1))
        far.append(float(implausibility(target_of(fact, noise), np.mean(values), noise / len(values))))
        mean = float(np.mean([facts[fact.name] for facts in mine]))
        scale = " (log)" if fact.scale == "log" else ""
        table.append((fact.name, number(fact.observed or 0.0), number(mean), f"{noise**0.5:.2g}{scale}",
                      f"{far[-1]:.2f}"))
    second = float(second_largest(np.array([far]))[0])
    verdict = "would be kept" if second <= CUTOFF else "is ruled out"
    return (f"{lines}\n\n{markdown(table)}\n\nThe second largest is {second:.2f}: by these {len(mine)} replications "
            f"the scenario itself {verdict} (E96).")
