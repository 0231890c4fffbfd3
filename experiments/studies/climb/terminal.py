"""A climb as the terminal shows it: a line for each control, divisor and day of measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.measures.catalogue import measure
from experiments.stats import Interval
from experiments.stats.digits import measured
from experiments.studies.climb.measures import SHOWN, summary

if TYPE_CHECKING:
    from pandas import DataFrame


def table(frame: DataFrame) -> str:
    """Return the climb as aligned text: one line a control, divisor and day, means±half-widths."""
    shown = [measure(name) for name in SHOWN]
    means = summary(frame).set_index(["control", "divisor", "after_days", "metric"])
    grid = [["customers", "prices /", "after, days", *(f"{it.heading}, {it.show.unit}" for it in shown)]]
    points = zip(frame["control"], frame["divisor"], frame["after_days"], strict=True)
    for control, divisor, after in dict.fromkeys(points):
        line = [str(control), f"{divisor:g}", str(after)]
        for it in shown:
            row = means.loc[(control, divisor, after, it.name)]
            got = Interval(float(row["mean"]), float(row["half_width"]), int(row["n"]))
            line.append(measured(got, it.show.factor, it.show.decimals))
        grid.append(line)
    widths = [max(len(line[i]) for line in grid) for i in range(len(grid[0]))]
    return "\n".join(" ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in grid)
