"""What a sweep found: means over replications, failures, and sensitivity indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.designs import INDICES, sensitivity
from experiments.runs.specs import POLICY
from experiments.studies.sweep.design import Sweep

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame

    from experiments.store.results import Results


@dataclass(frozen=True)
class Found:
    """Results of a sweep.

    Attributes
    ----------
    design
        What was run.
    frames
        ``summary``, a row for every point, policy and metric: the factors, metric, unit, mean, half_width, n,
        failed; and ``sensitivity`` of a design that has indices.
    """

    design: Sweep
    frames: dict[str, DataFrame]


def found_in(design: Sweep, results: Results) -> Found:
    """Return what the runs in a store say.

    Raises
    ------
    ScenarioError
        If a metric is to be shown that the runs do not have; the runs stay in the store.
    """
    frames = {"summary": results.metrics()}
    if len(frames["summary"]):  # some run succeeded
        design.check_metrics(list(frames["summary"]["metric"].unique()))
    found = indices(design, results)
    if found is not None:
        frames["sensitivity"] = found
    return Found(design, frames)


def indices(design: Sweep, results: Results) -> DataFrame | None:
    """Return the sensitivity indices of the shown metrics, by policy if it has several; None if its plan has none.

    Returns
    -------
    DataFrame or None
        Columns policy (if there are policies), metric, unit, factor, index, value, low, high.
    """
    import pandas as pd

    if design.plan.kind not in INDICES:
        return None
    table = results.table("metrics")
    parts = []
    for place, policy in enumerate(design.policies or ("",)):
        for metric in design.shown:
            chosen = table[table["metric"] == metric]
            unit = str(chosen["unit"].iloc[0]) if len(chosen) else ""
            found = sensitivity(design.plan, _answers(design, chosen, place))
            found.insert(0, "metric", metric)
            found.insert(1, "unit", unit)
            if design.policies:
                found.insert(0, POLICY, policy)
            parts.append(found)
    return pd.concat(parts, ignore_index=True)


def _answers(design: Sweep, chosen: DataFrame, place: int) -> np.ndarray:
    """Values of a metric, float64 (points of the plan, replications), nan where a run gave none."""
    import numpy as np

    count = len(design.plan.points)
    # nan for what failed, which makes all indices nan: they cannot be had from part of a plan
    answers = np.full((count, design.replications), np.nan)
    rows = chosen["row"].to_numpy(int) - place * count
    mine = (rows >= 0) & (rows < count)
    answers[rows[mine], chosen["replication"].to_numpy(int)[mine]] = chosen["value"].to_numpy(float)[mine]
    return answers
