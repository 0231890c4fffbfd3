"""Tables of a write-up from the tables of a run: every mean with its half-width, and the number of replications."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.measures.catalogue import Show, spelt
from experiments.report.blocks import Column, Table
from experiments.report.headings import shown
from experiments.report.numbers import NONE, measured, number, plain

if TYPE_CHECKING:
    from pandas import DataFrame

MEASURES: Final = ("metric", "unit", "mean", "half_width", "n")
MOST_ROWS: Final = 40  # points of a sweep that a table holds; of more, the extremes are shown
MOST_METRICS: Final = 10


class Estimate(NamedTuple):
    """A mean over replications with its half-width (nan below two) and their number."""

    mean: float
    half_width: float
    n: int


def factors_of(summary: DataFrame) -> list[str]:
    """Return the columns of a summary that say which point a row is of."""
    return [name for name in summary.columns if name not in (*MEASURES, "failed")]


def chosen(summary: DataFrame, most: int = MOST_METRICS) -> list[str]:
    """Return the metrics that a short table shows."""
    units = dict(zip(summary["metric"], summary["unit"], strict=True))
    return [metric for metric, unit in units.items() if shown(metric, str(unit)).short][:most]


def shows_of(summary: DataFrame) -> dict[str, Show]:
    """Return how every metric of a summary is shown: in one unit, chosen by the size of all its means."""
    return {str(metric): shown(str(metric), str(mine["unit"].iloc[0])).show_for(mine["mean"])
            for metric, mine in summary.groupby("metric", sort=False)}


def by_point(
    summary: DataFrame, metrics: Sequence[str], name: str, caption: str, shows: Mapping[str, Show] | None = None
) -> Table:
    """Return a table with a row a point and a column a metric.

    The number of replications stands in the caption, and in the cells where it differs from that. ``shows`` says how
    metrics are shown where several tables are to be compared; by default the table's own numbers decide.
    """
    shows = shows_of(summary) if shows is None else shows
    factors = factors_of(summary)
    units = dict(zip(summary["metric"], summary["unit"], strict=True))
    cells: dict[tuple[Any, ...], dict[str, Estimate]] = {}
    columns = [summary[factor] for factor in factors]
    for row, *point in zip(summary[list(MEASURES)].itertuples(index=False), *columns, strict=True):
        cells.setdefault(tuple(point), {})[row.metric] = Estimate(row.mean, row.half_width, int(row.n))
    usual = max((it.n for of in cells.values() for it in of.values()), default=0)
    heads = [Column(factor, words=True) for factor in factors]
    heads += [Column(shown(metric, units[metric]).heading, spelt(shows[metric].unit)) for metric in metrics]
    rows = [(*(plain(value) for value in point),
             *(cell(of.get(metric), shows[metric].factor, usual) for metric in metrics))
            for point, of in cells.items()]
    return Table(name, f"{caption} {replications(usual)}", tuple(heads), tuple(rows))


def cell(found: Estimate | None, factor: float, usual: int) -> str:
    """Return ``mean ± half-width``, with the number of replications if it is not the usual one."""
    if found is None or found.n == 0 or math.isnan(found.mean):
        return NONE
    text = measured(found.mean, found.half_width, factor) if found.n > 1 else number(found.mean * factor)
    return text if found.n == usual else f"{text} (n = {found.n})"


def replications(n: int) -> str:
    """Return what a caption says of the intervals.

    Examples
    --------
    >>> replications(5)
    'Mean ± half-width of the 95 % interval over n = 5 replications.'
    """
    if n == 1:
        return "One replication (n = 1): the numbers have no interval."
    return f"Mean ± half-width of the 95 % interval over n = {n} replications."


def extremes(summary: DataFrame, name: str) -> Table:
    """Return, for a design of many points, the lowest and the highest mean of every metric and where they lie."""
    factors, shows = factors_of(summary), shows_of(summary)
    rows = []
    for metric in chosen(summary, 24):
        mine = summary[(summary["metric"] == metric) & summary["mean"].notna()]
        if mine.empty:
            continue
        show = shows[metric]
        row = [shown(metric, str(mine["unit"].iloc[0])).heading, spelt(show.unit) or "1"]
        for place in (mine["mean"].idxmin(), mine["mean"].idxmax()):
            at = mine.loc[place]
            row.append(cell(Estimate(at["mean"], at["half_width"], int(at["n"])), show.factor, -1))
            row.append(", ".join(f"{factor} = {short(at[factor])}" for factor in factors))
        rows.append(tuple(row))
    points = len(summary[factors].drop_duplicates())
    heads = (Column("metric", words=True), Column("unit", words=True), Column("lowest"), Column("at", words=True),
             Column("highest"), Column("at", words=True))
    return Table(name, f"Lowest and highest mean of every metric among {points} points, with its half-width of the "
                       "95 % interval over n replications. Extremes of many noisy means lie further out than the "
                       "truth. All points: `summary.csv`.", heads, tuple(rows))


def short(value: object) -> str:
    """Return a factor's value with at most four significant digits."""
    return f"{value:.4g}" if isinstance(value, float) else plain(value)
