"""The figure of ``early_mover``: gross margins by who moves when, and how the gap closes later on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, panels, save_both, styled
from experiments.stats import interval
from experiments.studies.early_mover.measures import (
    AFTER,
    BEFORE,
    FROZEN,
    LATE,
    LONG,
    MOVING,
    PLACE_NAMES,
    SOON,
    FoundMovers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(found: FoundMovers, folder: Path) -> None:
    """Draw ``early_mover`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "early_mover")


def figure_of(found: FoundMovers, columns: int) -> Figure:
    """Return the three panels."""
    figure, (left, middle, right) = panels(3, columns)
    races = found.cases[MOVING]
    for place, name in enumerate(PLACE_NAMES):
        _curve(left, np.arange(races[0].margins.shape[1]), [race.margins[place] for race in races], name, place)
        _curve(middle, np.arange(races[0].shares.shape[1]), [race.shares[place] for race in races], name, place)
    for axis, label, title in ((left, "Gross margin", "Margin by when a firm moves"),
                               (middle, "Share of customers", "Customers by when a firm moves")):
        axis.set_xlabel("Month")
        axis.set_ylabel(label)
        axis.set_title(title, loc="left", fontsize=10)
    middle.set_ylim(bottom=0.0)
    at = np.arange(BEFORE, AFTER + 1)
    for index, (case, label) in enumerate(((MOVING, "firms move"), (FROZEN, "prices and customers as they were"))):
        _curve(right, at, [100.0 * race.gaps[LATE] for race in found.cases[case]], label, index)
    for month in (SOON, LONG):
        right.axvline(month, color="#999999", linewidth=0.8, linestyle=":")
    right.axhline(0.0, color="#999999", linewidth=0.8)
    right.set_xlabel("Months since the firm of month 18 moved")
    right.set_ylabel("Gap in gross margin, points")
    right.set_title("First to move less month 18", loc="left", fontsize=10)
    for axis in (left, middle, right):
        axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.18), ncols=2)
    return figure


def _curve(axis: Axes, at: np.ndarray, rows: list[np.ndarray], label: str, index: int) -> None:
    got = [interval(column.tolist()) for column in np.array(rows).T]
    middle, reach = np.array([it.mean for it in got]), np.nan_to_num([it.half_width for it in got])
    axis.plot(at, middle, color=COLOURS[index], linewidth=1.4, label=label)
    axis.fill_between(at, middle - reach, middle + reach, color=COLOURS[index], alpha=0.2, linewidth=0)
