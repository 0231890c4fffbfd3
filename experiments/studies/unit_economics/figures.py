"""The figure of ``unit_economics``: how far founders' forecasts are off, and gross margins by stage and path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, MARKERS, panels, plain_ticks, save_both, styled
from experiments.stats import interval
from experiments.studies.unit_economics.founders import claimed
from experiments.studies.unit_economics.measures import BENCHMARKS, PARTS, FoundYears, profit_and_loss
from sim.market.downstream.access_paths import PATHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST_SHOWN, MOST_SHOWN = 0.1, 10.0  # of actual over naive


def draw(found: FoundYears, folder: Path) -> None:
    """Draw ``unit_economics`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "unit_economics")


def figure_of(found: FoundYears, columns: int) -> Figure:
    """Return both panels."""
    figure, (left, right) = panels(2, columns)
    _forecasts(left, found)
    _margins(right, found)
    for axis in (left, right):
        axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.18), ncols=3)
    return figure


def _forecasts(axis: Axes, found: FoundYears) -> None:
    at = np.geomspace(LEAST_SHOWN, MOST_SHOWN, 161)
    columns = {"all": [seed.parts.error for seed in found.seeds],
               **{part: [getattr(seed.parts, part) for seed in found.seeds] for part in PARTS}}
    for index, (name, rows) in enumerate(columns.items()):
        below = np.array([(row[claimed(seed.founders)][:, None] <= np.log(at)).mean(axis=0)
                          for row, seed in zip(rows, found.seeds, strict=True)])
        got = [interval(column.tolist()) for column in below.T]
        middle, reach = np.array([it.mean for it in got]), np.nan_to_num([it.half_width for it in got])
        axis.plot(at, middle, color=COLOURS[index], linewidth=1.4, label=name)
        axis.fill_between(at, np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1), color=COLOURS[index],
                          alpha=0.2, linewidth=0)
    axis.axvspan(1.0 / 1.5, 1.5, color="#dddddd", zorder=0, label="wrong by less than a half")
    axis.set_xscale("log")
    plain_ticks(axis, "x")
    axis.set_ylim(0.0, 1.0)
    axis.set_xlabel("Actual over naive cost of a customer's tokens")
    axis.set_ylabel("Share of founders with no more")
    axis.set_title("Forecasts of a year, and their parts", loc="left", fontsize=10)


def _margins(axis: Axes, found: FoundYears) -> None:
    table = profit_and_loss(found.assumed)
    slow = table[table["growth"] == table["growth"].min()]
    for index, path in enumerate(PATHS):
        row = slow[slow["path"] == path]
        axis.plot(row["arr_musd"], row["gross_margin"], color=COLOURS[index], marker=MARKERS[index],
                  markersize=7 - 0.75 * index, linewidth=1.2, label=path)  # hosted shows behind routed
    for (name, value), side in zip(BENCHMARKS.items(), ("top", "bottom"), strict=True):  # away from each other
        axis.axhline(value, color="#999999", linewidth=0.8, linestyle=":")
        axis.annotate(f"published, {name}", (0.02, value), xycoords=("axes fraction", "data"), va=side, fontsize=7,
                      color="#555555")
    axis.set_xscale("log")
    plain_ticks(axis, "x")
    axis.set_ylim(-0.2, 1.0)
    axis.set_xlabel("Revenue today, million USD a year")
    axis.set_ylabel("Gross margin in a year")
    axis.set_title("A median founder by access path", loc="left", fontsize=10)
