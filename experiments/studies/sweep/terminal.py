"""A sweep as the terminal shows it: a line a point with its metrics, or the sensitivity indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from experiments.report.grids import factors_of, short, shows_of
from experiments.report.headings import shown
from experiments.stats import Interval
from experiments.stats.digits import measured

if TYPE_CHECKING:
    from pandas import DataFrame

TOLD: Final = 10  # points without a value


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
    """Return the indices of the metrics as they stand in the table, and below it why some have none.

    Their intervals stand beside them.
    """
    mine = sensitivity[sensitivity["metric"].isin(metrics)]
    text: str = mine.drop(columns="note").to_string(index=False, float_format=lambda value: f"{value:.4g}", na_rep="")
    # the first point that lacks a value is told with the others (`gaps`)
    lines = [f"{', '.join(key)}: {note.partition(': the first at ')[0]}"
             for key, notes in notes_of(mine) for note in notes]
    return "\n".join([text, "", *lines]) if lines else text


def gaps(frame: DataFrame) -> str:
    """Return at which points which metrics lack a value and why, the first `TOLD` of them."""
    factors = list(frame.columns[:frame.columns.get_loc("metric")])
    lines = []
    for (_, why), mine in frame.groupby(["row", "why"], sort=False):
        where = ", ".join(f"{name} {short(mine[name].iloc[0])}" for name in factors)
        runs = ", ".join(map(str, sorted(set(mine["replication"]))))
        lines.append(f"  {where}; replication {runs}; {', '.join(dict.fromkeys(mine['metric']))}: {why}")
    more = [f"  and {len(lines) - TOLD} more"] if len(lines) > TOLD else []
    return "\n".join(["points without a value (all are in sensitivity_gaps.csv):", *lines[:TOLD], *more])


def notes_of(sensitivity: DataFrame) -> list[tuple[tuple[str, ...], list[str]]]:
    """Return why there is no index, by metric (and policy before it), where that is so; each reason once."""
    keys = [name for name in ("policy", "metric") if name in sensitivity]
    noted = sensitivity[sensitivity["note"].fillna("") != ""]
    return [(tuple(map(str, key)), [str(note) for note in dict.fromkeys(mine["note"])])
            for key, mine in noted.groupby(keys, sort=False)]
