"""Sweeps that add replications until half-widths meet their targets (equation L7 of docs/lab/statistics.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from experiments.stats.errors import StatisticsError
from experiments.stats.sequential import Stopping, Target, enough_of, stops_at
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.store.results import Results
    from experiments.studies.sweep.design import Study

Values = dict[str, list[float]]  # by metric, then by replication


def parse_targets(texts: Sequence[str]) -> dict[str, Target]:
    """Read ``METRIC=HALF_WIDTH`` or, relative to the mean, ``METRIC=PERCENT%``.

    Raises
    ------
    ScenarioError
        If a text is of neither form, or names a metric again.

    Examples
    --------
    >>> parse_targets(["e2e_p99_s=0.5", "cost_usd_per_mtok=2%"])["cost_usd_per_mtok"]
    Target(half_width=0.02, relative=True)
    """
    targets: dict[str, Target] = {}
    for text in texts:
        metric, _, width = (part.strip() for part in text.partition("="))
        relative = width.endswith("%")
        try:
            target = Target(float(width.removesuffix("%")) / (100 if relative else 1), relative)
        except ValueError:
            raise ScenarioError(f"--until {text!r} is not of the form METRIC=HALF_WIDTH or METRIC=PERCENT%") from None
        except StatisticsError as error:
            raise ScenarioError(f"--until {text!r}: {error}") from None
        if metric in targets:
            raise ScenarioError(f"--until names {metric} twice")
        targets[metric] = target
    return targets


def replicate_until(
    study: Study, stopping: Stopping, play: Callable[[Study], Results]
) -> tuple[Study, Results, int]:
    """Add replications to all points alike until every point meets every target and stays so, or there are too many.

    Parameters
    ----------
    study
        What to run; its number of replications is not used.
    stopping
        The rule, applied to each point of the design under each policy.
    play
        Runs what is missing of a study.

    Returns
    -------
    tuple of Study, Results and int
        The study with the number of replications it took, its results, and how many points have met the targets.
    """
    count = min(stopping.first + stopping.ahead(stopping.first), stopping.most)
    while True:
        study = replace(study, replications=count)
        results = play(study)
        points = _by_point(study, results, list(stopping.targets))
        following = max(stops_at(values, stopping) for values in points)
        if following <= count:
            return study, results, sum(enough_of(values, stopping) is not None for values in points)
        count = following


def _by_point(study: Study, results: Results, metrics: list[str]) -> list[Values]:
    """Values of every point, nan where a run failed."""
    table = results.table("metrics")
    if len(table):  # some run succeeded
        study.check_metrics(table["metric"].unique())
    values = np.full((len(metrics), len(study.points()), study.replications), np.nan)
    for place, metric in enumerate(metrics):
        mine = table[table["metric"] == metric]
        values[place, mine["row"].to_numpy(int), mine["replication"].to_numpy(int)] = mine["value"].to_numpy(float)
    return [dict(zip(metrics, values[:, point].tolist(), strict=True)) for point in range(values.shape[1])]
