"""A climb as the terminal shows it: a line for each control and divisor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experiments.studies.climb.measures import summary

if TYPE_CHECKING:
    from pandas import DataFrame


def table(frame: DataFrame) -> str:
    """Return the climb as aligned text: one line a control and divisor, means with half-widths."""
    shown = {"size_b": "size, bn par.", "quality": "quality, 0-1", "paid_usd_per_mtok": "paid, USD/Mtok",
             "tokens_per_day": "tokens, bn/day", "spend_usd_per_day": "spend, kUSD/day",
             "completed_share": "done, %"}
    factors = {"tokens_per_day": 1e-9, "spend_usd_per_day": 1e-3, "completed_share": 100.0}
    means = summary(frame).set_index(["control", "divisor", "metric"])
    grid = [["utility", "prices /", *shown.values()]]
    for control, divisor in dict.fromkeys(zip(frame["control"], frame["divisor"], strict=True)):
        line = [str(control), f"{divisor:g}"]
        for metric in shown:
            row, factor = means.loc[(control, divisor, metric)], factors.get(metric, 1.0)
            half = row["half_width"] * factor
            line.append(f"{row['mean'] * factor:.3g}" + (f" ± {half:.1g}" if np.isfinite(half) else ""))
        grid.append(line)
    widths = [max(len(line[i]) for line in grid) for i in range(len(grid[0]))]
    return "\n".join(" ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in grid)
