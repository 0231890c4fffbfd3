"""In which admissible markets the verdict is another: the falls, once, at vectors that reproduce what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.studies.cost_fall.falls_weighed import statistics
from experiments.studies.cost_fall.measures import FoundFalls, frame_of, runs_in
from experiments.validation.facts.fact_ledger import read_ledger
from experiments.verdicts.robustness import Robustness, ruled, told
from experiments.verdicts.rule import DecisionRule
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results
    from experiments.studies.cost_fall.design import CostFall

WHERE: Final = "the admissible set, one run of each fall"
EFFECTS: Final = ("statistic", "factor", "index", "value", "low", "high")


def vectors_in(path: Path, most: int) -> tuple[tuple[float, ...], ...]:
    """Return the first of the admissible vectors that a file of a calibration has.

    Raises
    ------
    LedgerError
        If it is no such file.
    ScenarioError
        If it has fewer, or their number is below 0.
    """
    from experiments.validation.history.findings import read_vectors

    vectors = read_vectors(path, read_ledger()) if most else []
    if not 0 <= most <= len(vectors):
        raise ScenarioError(f"--vectors is {most}, but must be 0 to {len(vectors)}: {path} has so many")
    return tuple(vectors[:most])


def found_elsewhere(design: CostFall, results: Results) -> tuple[FoundFalls, ...]:
    """Return what the runs at each admissible vector say, those in the order of the design."""
    runs, first, falls = runs_in(results), len(design.points()), len(design.divisors)
    alone = replace(design, replications=1, vectors=())
    found = []
    for number in range(len(design.vectors)):
        # the arm with entry comes first among the cells, so that its falls have the first rows
        mine = {(fall, 0): runs[row, 0] for fall in range(falls)
                if (row := first + number * falls + fall, 0) in runs}
        found.append(FoundFalls(alone, frame_of(alone, mine)))
    return tuple(found)


def where_it_flips(
    rule: DecisionRule, vectors: Sequence[Sequence[float]], found: Sequence[FoundFalls], said: str
) -> Robustness | None:
    """Return the verdict at each vector; None if there are none.

    Parameters
    ----------
    rule
        The decision rule.
    vectors, found
        Values of the ledger's parameters, and what was found there.
    said
        The verdict that is to stand.
    """
    import pandas as pd

    if not vectors:
        return None
    names = [it.name for it in read_ledger().parameters]
    points: DataFrame = pd.DataFrame([
        ruled(rule, dict(zip(names, vector, strict=True)), {name: value for name, (value,) in statistics(it).items()})
        for vector, it in zip(vectors, found, strict=True)])
    # no screening (Morris): forty runs of a market more, and the calibration has told which parameters facts move
    return Robustness(pd.DataFrame(columns=list(EFFECTS)), points, told(points, names, said, WHERE))
