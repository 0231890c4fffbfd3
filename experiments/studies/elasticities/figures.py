"""The figure of ``elasticities``: estimates of every seed beside what is true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, panels, save_both, styled
from experiments.stats import interval
from experiments.studies.elasticities.measures import PUBLISHED, FoundSlopes, Named, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPREAD = 0.12  # of seeds around their row, so that they can be told apart


def draw(found: FoundSlopes, folder: Path) -> None:
    """Draw ``elasticities`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "elasticities")


def figure_of(found: FoundSlopes, columns: int) -> Figure:
    """Return both panels."""
    figure, (left, right) = panels(2, columns)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width * 1.35, height)
    rows = named(found)
    _panel(left, [it for it in rows if it.of == "slope of demand"], "Slope of log requests on log price")
    left.axvline(PUBLISHED, color="#555555", linewidth=1, linestyle=":", label="published, NBER w34608")
    left.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0.0, 1.0))
    _panel(right, [it for it in rows if it.of == "routed share"], "Share that is routed")
    return figure


def _panel(axis: Axes, rows: list[Named], what: str) -> None:
    places = np.arange(len(rows))[::-1]
    for index, (place, it) in enumerate(zip(places, rows, strict=True)):
        got = interval(it.values)
        apart = np.linspace(-SPREAD, SPREAD, len(it.values)) if len(it.values) > 1 else np.zeros(1)
        axis.plot(it.values, place + apart, ".", color="#999999", markersize=3)
        axis.errorbar(got.mean, place, xerr=np.nan_to_num(got.half_width), fmt="o", color=COLOURS[index], markersize=5,
                      capsize=3)
        axis.plot(float(np.mean(it.truth)), place, "|", color="#000000", markersize=16, markeredgewidth=1.6)
    axis.set_yticks(places, [it.name for it in rows])
    axis.set_ylim(-0.6, len(rows) - 0.4)
    axis.set_xlabel(f"{what} (bar: what is true)")
