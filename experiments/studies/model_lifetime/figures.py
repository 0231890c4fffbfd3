"""The figure of ``model_lifetime``: returns by how long a model lives, and how long models do live."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, panels, save_both, styled
from experiments.stats import interval
from experiments.studies.model_lifetime.flows import ModelFlow
from experiments.studies.model_lifetime.measures import FoundLives, judged, median_of, returns

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MONTHS = 15  # that are shown


def draw(found: FoundLives, folder: Path) -> None:
    """Draw ``model_lifetime`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "model_lifetime")


def figure_of(found: FoundLives, columns: int) -> Figure:
    """Return both panels."""
    figure, (left, right) = panels(2, columns)
    months = np.arange(1, MONTHS + 1)
    back = [[float(np.median(returns(found.assumed, flows, float(month)))) + 1.0 for flows in found.seeds]
            for month in months]
    _band(left, months, back, 0, "median over models")
    quarter = [[float(np.quantile(returns(found.assumed, flows, float(month)), 0.25)) + 1.0 for flows in found.seeds]
               for month in months]
    _band(left, months, quarter, 1, "quarter of models has less")
    left.axhline(1.0, color="#555555", linewidth=1, linestyle=":", label="training is paid")
    middle = float(np.mean([median_of(found.assumed, flows) for flows in found.seeds]))
    if math.isfinite(middle):
        left.axvline(middle, color="#000000", linewidth=1, label="median life")
    left.set_yscale("log")
    left.set_xlabel("Life (months from release)")
    left.set_ylabel("Gross profit over cost of the model")
    _band(right, np.arange(0, MONTHS + 1), [[_alive(found, flows, month) for flows in found.seeds]
                                            for month in range(MONTHS + 1)], 0, "share not yet below half its peak")
    right.set_ylim(0.0, 1.0)
    right.set_xlabel("Months from release")
    right.set_ylabel("Share of models")
    for axis in (left, right):
        axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.18), ncols=2)
    return figure


def _band(axis: Axes, at: np.ndarray, rows: list[list[float]], index: int, label: str) -> None:
    got = [interval(row) for row in rows]
    middle, reach = np.array([it.mean for it in got]), np.nan_to_num([it.half_width for it in got])
    axis.plot(at, middle, color=COLOURS[index], linewidth=1.4, label=label)
    axis.fill_between(at, np.maximum(middle - reach, 1e-4), middle + reach, color=COLOURS[index], alpha=0.2,
                      linewidth=0)


def _alive(found: FoundLives, flows: Sequence[ModelFlow], month: int) -> float:
    """Kaplan and Meier's share of a seed's models whose life has not ended by a month."""
    lives = [judged(found.assumed, flow) for flow in flows]
    left = 1.0
    for end in sorted({it.life for it in lives if not math.isnan(it.life) and it.life <= month}):
        there = sum((it.seen if math.isnan(it.life) else it.life) >= end for it in lives)
        left *= 1.0 - sum(it.life == end for it in lives) / there
    return left
