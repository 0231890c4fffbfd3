"""The figure of ``llmflation``: every index, month by month."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import look, panels, save_both, styled
from experiments.stats import interval
from experiments.studies.llmflation.measures import NAMES, FoundIndices

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(found: FoundIndices, folder: Path) -> None:
    """Draw ``llmflation`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda _: figure_of(found), folder / "llmflation")


def figure_of(found: FoundIndices) -> Figure:
    """Return the one panel; in logarithms, as indices multiply."""
    from matplotlib.ticker import MaxNLocator

    figure, (axis,) = panels(1, 1)
    figure.set_size_inches(6.4, 4.8)
    months = 1 + np.arange(len(found.seeds[0].live))
    for index, name in enumerate(NAMES):
        colour, _, line = look(index)
        got = [interval(np.log([it.indices[name][month - 1] for it in found.seeds]).tolist()) for month in months]
        middle, reach = np.array([it.mean for it in got]), np.nan_to_num([it.half_width for it in got])
        axis.plot(months, np.exp(middle), line, color=colour, linewidth=2.0 if index == 0 else 1.3, label=name)
        axis.fill_between(months, np.exp(middle - reach), np.exp(middle + reach), color=colour, alpha=0.15, linewidth=0)
    axis.set_yscale("log")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("Month")
    axis.set_ylabel("Index (first month 1)")
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.14), ncols=2)
    return figure
