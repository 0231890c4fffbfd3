"""What a sweep found: means over replications, failures, and sensitivity indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.designs import INDICES, sensitivity
from experiments.runs.specs import POLICY
from experiments.studies.sweep.design import Sweep
from experiments.studies.sweep.gaps import Gap, frame_of, gaps_in, reasons

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
        failed; ``sensitivity`` of a design that has indices, and ``sensitivity_gaps``, a row for every run for want of
        which there are none.
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
    return Found(design, frames | indices(design, results))


def indices(design: Sweep, results: Results) -> dict[str, DataFrame]:
    """Return the sensitivity indices of the shown metrics, by policy if it has several; nothing if its plan has none.

    Returns
    -------
    dict[str, DataFrame]
        ``sensitivity``: columns policy (if there are policies), metric, unit, factor, index, value, low, high, note.
        ``sensitivity_gaps``, if there are any: those of `gaps.frame_of`.
    """
    import pandas as pd

    if design.plan.kind not in INDICES:
        return {}
    table = results.table("metrics")
    parts: list[DataFrame] = []
    gaps: list[Gap] = []
    for place, policy in enumerate(design.policies or ("",)):
        for metric in design.shown:
            chosen = table[table["metric"] == metric]
            unit = str(chosen["unit"].iloc[0]) if len(chosen) else ""
            answers = _answers(design, chosen, place)
            mine = gaps_in(answers, place, metric, results)
            gaps += mine
            found = sensitivity(design.plan, answers, reasons(mine, place * len(design.plan.points)))
            found.insert(0, "metric", metric)
            found.insert(1, "unit", unit)
            if design.policies:
                found.insert(0, POLICY, policy)
            parts.append(found)
    frames = {"sensitivity": pd.concat(parts, ignore_index=True)}
    return {**frames, "sensitivity_gaps": frame_of(gaps, results)} if gaps else frames


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
