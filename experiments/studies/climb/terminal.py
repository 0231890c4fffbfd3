"""A climb as the terminal shows it: a line for each control and divisor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experiments.measures.catalogue import measure
from experiments.studies.climb.measures import SHOWN, summary

if TYPE_CHECKING:
    from pandas import DataFrame


def table(frame: DataFrame) -> str:
    """Return the climb as aligned text: one line a control and divisor, means with half-widths."""
    shown = [measure(name) for name in SHOWN]
    means = summary(frame).set_index(["control", "divisor", "metric"])
    grid = [["utility", "prices /", *(f"{it.heading}, {it.show.unit}" for it in shown)]]
    for control, divisor in dict.fromkeys(zip(frame["control"], frame["divisor"], strict=True)):
        line = [str(control), f"{divisor:g}"]
        for it in shown:
            row, factor = means.loc[(control, divisor, it.name)], it.show.factor
            half = row["half_width"] * factor
            line.append(f"{row['mean'] * factor:.3g}" + (f" ± {half:.1g}" if np.isfinite(half) else ""))
        grid.append(line)
    widths = [max(len(line[i]) for line in grid) for i in range(len(grid[0]))]
    return "\n".join(" ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in grid)
