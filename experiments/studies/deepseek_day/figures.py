"""The figure of ``deepseek_day``: every figure of the day over what was published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, MARKERS, panels, plain_ticks, save_both, styled
from experiments.stats import interval
from experiments.studies.deepseek_day.measures import FoundDay, figures
from experiments.validation.deepseek_day import CASES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ALLOWED = 0.25  # relative error that supports the claim


def draw(found: FoundDay, folder: Path) -> None:
    """Draw ``deepseek_day`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda _: figure_of(found), folder / "deepseek_day")


def figure_of(found: FoundDay) -> Figure:
    """Return the one panel."""
    figure, (axis,) = panels(1, 1)
    figure.set_size_inches(7.4, 4.4)
    shown = [it for it in figures() if it.name not in ("hits", "node-hours", "profit over cost")]
    places = np.arange(len(shown))[::-1]
    axis.axvspan(1.0 - ALLOWED, 1.0 + ALLOWED, color="#dddddd", zorder=0, label="within a quarter")
    for index, case in enumerate(CASES):
        ours = [it.of(found.closed[case]) / it.published for it in shown]
        axis.plot(ours, places, MARKERS[index], color=COLOURS[index], markersize=6, label=f"closed form, {case}")
    got = [interval([it.of(rates) / it.published for rates in found.stepped]) for it in shown]
    axis.errorbar([it.mean for it in got], places - 0.18, xerr=np.nan_to_num([it.half_width for it in got]), fmt="D",
                  color=COLOURS[3], markersize=5, capsize=3, label=f"stepped through, {CASES[-1]}")
    axis.set_yticks(places, [it.name for it in shown])
    axis.set_xscale("log")
    plain_ticks(axis, "x")
    axis.axvline(1.0, color="#555555", linewidth=1)
    axis.set_xlabel("Over what was published")
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.14), ncols=2)
    return figure
