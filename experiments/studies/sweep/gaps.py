"""Runs for want of which a sensitivity design has no indices: which they are, and why they have no value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from experiments.measures.catalogue import known
from experiments.store.completeness import DONE, FAILED

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame

    from experiments.store.results import Results


class Gap(NamedTuple):
    """A run without a value of a metric: row of the design (as in ``failures.csv``), replication, and why."""

    metric: str
    row: int
    replication: int
    why: str


def gaps_in(answers: np.ndarray, place: int, metric: str, results: Results) -> list[Gap]:
    """Return the runs that have no value of a metric under one policy.

    Parameters
    ----------
    answers
        float64 (points of the plan, replications); not finite where there is none.
    place
        Which policy; its rows follow those of the policies before it.
    metric
        Name of the metric.
    results
        Where the runs are.
    """
    import numpy as np

    holes = np.argwhere(~np.isfinite(answers))
    if not len(holes):
        return []
    state = results.runs.set_index(["row", "replication"])["state"].to_dict()
    problem = results.failures().set_index(["row", "replication"])["problem"].to_dict()
    gaps = []
    for point, replication in holes.tolist():
        run = (place * len(answers) + point, replication)
        if state.get(run) == FAILED:
            why = f"failed: {problem[run]}"
        elif state.get(run) == DONE:
            why = _undefined(metric, infinite=bool(np.isinf(answers[point, replication])))
        else:
            why = "not done yet"
        gaps.append(Gap(metric, *run, why))
    return gaps


def reasons(gaps: Iterable[Gap], first: int) -> dict[int, str]:
    """Return why a point has no answer, by its place in the plan, of which row ``first`` is the first point."""
    found: dict[int, str] = {}
    for gap in gaps:
        found.setdefault(gap.row - first, f"replication {gap.replication}: {gap.why}")
    return found


def frame_of(gaps: list[Gap], results: Results) -> DataFrame:
    """Return runs without a value as a frame: the factors (and policy), metric, row, replication, why."""
    import pandas as pd

    frame = pd.DataFrame(gaps, columns=list(Gap._fields))
    points = results.points.loc[frame["row"]].reset_index(drop=True)
    return pd.concat([points, frame], axis=1)


def _undefined(metric: str, infinite: bool) -> str:
    """Why a run that was done has no value of a metric."""
    if infinite:
        return "done, but its value is infinite"
    row = known(metric)
    if row is None:
        return "done, but without a value"
    if row.below:
        return f"done, but without a value: nothing to divide by ({row.below})"
    return f"done, but without a value: nothing to measure ({row.doc})"
