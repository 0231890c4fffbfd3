"""Studies that add replications until half-widths meet their targets (equation L7 of docs/lab/statistics.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.stats.refusals import StatisticsError
from experiments.stats.sequential import Stopping, Target, enough_of, stops_at
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.store.results import Results

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


def check_targets(design: Any, stopping: Stopping) -> None:  # noqa: ANN401 - a study's Design
    """Refuse targets of metrics that runs of traffic do not have; a market's are known when it has run.

    Raises
    ------
    ScenarioError
        If there is one.
    """
    from experiments.measures.traffic_metrics import names_of
    from sim.scenario import TrafficScenario

    if isinstance(design.scenario, TrafficScenario):
        _refuse_unknown(stopping.targets, names_of(design.scenario.providers))


def _refuse_unknown(targets: Iterable[str], known: list[str]) -> None:
    unknown = [metric for metric in targets if metric not in known]
    if unknown:
        raise ScenarioError(f"--until: metric {unknown[0]!r} is not one of the study's: {', '.join(known)}")


def replicate_until(
    design: Any, stopping: Stopping, play: Callable[[Any], Results]  # noqa: ANN401 - a dataclass that is a study's Design
) -> tuple[Any, Results, int]:
    """Add replications to all points alike until every point meets every target and stays so, or there are too many.

    Parameters
    ----------
    design
        What to run (`experiments.studies.study.Design`); its number of replications is not used.
    stopping
        The rule, applied to each point of the design.
    play
        Runs what is missing of a design.

    Returns
    -------
    tuple of Design, Results and int
        The design with the number of replications it took, its results, and how many points have met the targets.

    Raises
    ------
    ScenarioError
        If a target's metric is not one of the runs'.
    """
    count = min(stopping.first + stopping.ahead(stopping.first), stopping.most)
    while True:
        design = replace(design, replications=count)
        results = play(design)
        points = _by_point(results, len(design.points()), count, list(stopping.targets))
        following = max(stops_at(values, stopping) for values in points)
        if following <= count:
            return design, results, sum(enough_of(values, stopping) is not None for values in points)
        count = following


def _by_point(results: Results, points: int, replications: int, metrics: list[str]) -> list[Values]:
    """Values of every point, nan where a run failed."""
    table = results.table("metrics")
    known = list(table["metric"].unique())
    if known:  # some run succeeded
        _refuse_unknown(metrics, known)
    values = np.full((len(metrics), points, replications), np.nan)
    for place, metric in enumerate(metrics):
        mine = table[table["metric"] == metric]
        values[place, mine["row"].to_numpy(int), mine["replication"].to_numpy(int)] = mine["value"].to_numpy(float)
    return [dict(zip(metrics, values[:, point].tolist(), strict=True)) for point in range(points)]
