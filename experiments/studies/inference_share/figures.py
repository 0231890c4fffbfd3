"""The figure of ``inference_share``: by which year inference has passed training, at which share of points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, panels, save_both, styled
from experiments.stats import interval
from experiments.studies.inference_share.measures import ALL, FROZEN, OF_MONEY, FoundDates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHORT = {ALL: "all drawn", OF_MONEY: "only money drawn", FROZEN: "all drawn, demand frozen"}
AFTER = 4.0  # years beyond the claim's that are shown


def draw(found: FoundDates, folder: Path) -> None:
    """Draw ``inference_share`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "inference_share")


def figure_of(found: FoundDates, columns: int) -> Figure:
    """Return both panels."""
    from matplotlib.ticker import MaxNLocator

    figure, (left, right) = panels(2, columns)
    for index, (case, label) in enumerate(SHORT.items()):
        _curve(left, found, found.dates[case], label, index)
    left.set_title("By what is drawn", loc="left", fontsize=10)
    for index, (value, dates) in enumerate(found.by_penetration.items()):
        _curve(right, found, dates, f"{value:g} of uses live at first", index)
    right.set_title("By how many uses are live, only money drawn", loc="left", fontsize=10)
    for axis in (left, right):
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        low, high = found.assumed.budgets.first_year + found.window
        axis.axvspan(low, high, color="#dddddd", zorder=0, label="the claim's years")
        axis.set_ylim(0.0, 1.0)
        axis.set_xlabel("Year")
        axis.set_ylabel("Share of points that have passed")
        axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.18), ncols=2)
    return figure


def _curve(axis: Axes, found: FoundDates, dates: np.ndarray, label: str, index: int) -> None:
    years = np.linspace(0.0, float(found.window[1]) + AFTER, 193)
    passed = (dates[:, :, None] <= years).mean(axis=1)  # seeds by years
    got = [interval(column.tolist()) for column in passed.T]
    middle, reach = np.array([it.mean for it in got]), np.nan_to_num([it.half_width for it in got])
    at = found.assumed.budgets.first_year + years
    axis.plot(at, middle, color=COLOURS[index], linewidth=1.4, label=label)
    axis.fill_between(at, np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1), color=COLOURS[index], alpha=0.2,
                      linewidth=0)
