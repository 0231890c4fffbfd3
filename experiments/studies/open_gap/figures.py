"""The figure of ``open_gap``: closed models' profit and share of tokens by how far open models are behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, panels, save_both, styled
from experiments.stats import interval
from experiments.studies.open_gap.design import BEST, FIXED, LagCell
from experiments.studies.open_gap.measures import FoundGap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES = ((BEST, True, "brand, creators answer"), (FIXED, True, "brand, list prices"),
         (BEST, False, "no brand, creators answer"), (FIXED, False, "no brand, list prices"))


def draw(found: FoundGap, folder: Path) -> None:
    """Draw ``open_gap`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "open_gap")


def figure_of(found: FoundGap, columns: int) -> Figure:
    """Return both panels."""
    figure, (left, right) = panels(2, columns)
    behind = found.assumed.behind
    for index, (pricing, has_brand, label) in enumerate(LINES):
        cells = sorted(cell for cell in found.outcomes
                       if (cell.pricing, cell.has_brand, cell.gap, cell.cloud_share, cell.has_open)
                       == (pricing, has_brand, behind.gap, 0.0, True))
        if not cells:
            continue
        _curve(left, index, label, cells, [found.kept(cell) for cell in cells])
        _curve(right, index, label, cells, [[it.token_share for it in found.outcomes[cell]] for cell in cells])
    left.axhspan(0.5, 0.75, color="#dddddd", zorder=0, label="neither half nor three quarters")
    left.set_ylabel(f"Profit over that at {behind.long_months:g} months")
    right.set_ylabel("Closed share of tokens")
    for axis in (left, right):
        axis.set_xlabel("Lag of open models (months)")
        axis.set_ylim(bottom=0.0)
    left.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.18), ncols=2)
    return figure


def _curve(axis: Axes, index: int, label: str, cells: list[LagCell], values: list[list[float]]) -> None:
    got = [interval(row) for row in values]
    months = np.array([cell.months for cell in cells])
    middle, reach = np.array([it.mean for it in got]), np.nan_to_num([it.half_width for it in got])
    axis.plot(months, middle, color=COLOURS[index], linewidth=1.4, marker="o", markersize=3, label=label)
    axis.fill_between(months, middle - reach, middle + reach, color=COLOURS[index], alpha=0.2, linewidth=0)
