"""A sweep as the terminal shows it: a line a point with its metrics, or the sensitivity indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.report.grids import factors_of, short, shows_of
from experiments.report.headings import shown
from experiments.stats import Interval
from experiments.stats.digits import measured

if TYPE_CHECKING:
    from pandas import DataFrame


def points(summary: DataFrame, metrics: Sequence[str]) -> str:
    """Return a line a point: its factors, and the means±half-widths of the metrics, in the unit above each column."""
    factors, shows = factors_of(summary), shows_of(summary)
    there = [metric for metric in metrics if metric in shows]
    grid = [[*factors, *(shown(metric, "1").heading for metric in there), "n"],
            [*("" for _ in factors), *(shows[metric].unit for metric in there), ""]]
    for point, mine in summary.groupby(factors, sort=False, dropna=False) if factors else [((), summary)]:
        of = {row.metric: Interval(row.mean, row.half_width, int(row.n)) for row in mine.itertuples()}
        cells = [measured(of[metric], shows[metric].factor, shows[metric].decimals) if metric in of else ""
                 for metric in there]
        n = max((got.n for got in of.values()), default=0)
        grid.append([*(short(value) for value in point), *cells, str(n)])
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    return "\n".join(" ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
                     for line in grid)


def indices(sensitivity: DataFrame, metrics: Sequence[str]) -> str:
    """Return the indices of the metrics as they stand in the table; their intervals stand beside them."""
    mine = sensitivity[sensitivity["metric"].isin(metrics)]
    text: str = mine.to_string(index=False, float_format=lambda value: f"{value:.4g}", na_rep="")
    return text
