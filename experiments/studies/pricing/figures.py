"""Figures of the pricing study: Edgeworth's saw-tooth, and posted prices beside what was published."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.output.figure_style import COLOURS, save_both, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from experiments.studies.pricing.measures import Found

MOVES: Final = 150  # of the saw-tooth that are shown


def draw(study: "Found", folder: Path) -> None:
    """Draw ``pricing.svg`` and ``pricing.png``."""
    with styled():
        save_both(lambda columns: figure_of(study, columns), folder / "pricing")


def figure_of(study: "Found", columns: int) -> "Figure":
    """Return both panels, side by side or one below the other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    rows, columns = (1, 2) if columns > 1 else (2, 1)
    width = 6.0 if columns > 1 else 5.0
    figure = Figure(figsize=(width * columns, 4.6 * rows), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    FigureCanvasAgg(figure)
    left, right = figure.subplots(rows, columns)
    _saw_tooth(left, study)
    _posted(right, study.rows[study.rows["part"].str.startswith("posted")])
    return figure


def _saw_tooth(axis: "Axes", study: "Found") -> None:
    path = study.saw_tooth[:MOVES]
    for seller in range(path.shape[1]):
        axis.step(np.arange(len(path)), path[:, seller], where="post", color=COLOURS[seller], linewidth=1.2,
                  label=f"seller {seller + 1}")
    axis.axhline(study.lower_price, color="#555555", linewidth=1, linestyle=":", label="Edgeworth's lower price (P4)")
    axis.set_xlabel("Move (sellers in turn)")
    axis.set_ylabel("Price (unit cost = 1)")
    axis.set_title("Undercutting with limited capacity", loc="left", fontsize=10)
    axis.set_ylim(top=1.18 * float(path.max()))
    axis.legend(loc="upper right", ncols=3, fontsize=8)


def _posted(axis: "Axes", rows: "DataFrame") -> None:
    """Found over published: the grey band is what was published, scaled to its middle."""
    places = np.arange(len(rows))[::-1]
    middle = (rows["known_low"] + rows["known_high"]).to_numpy(float) / 2
    low, high = rows["known_low"].to_numpy(float) / middle, rows["known_high"].to_numpy(float) / middle
    axis.barh(places, high - low, left=low, height=0.6, color="#d9d9d9", label="published band")
    axis.plot(np.ones(len(rows)), places, "|", color="#555555", markersize=11, label="published (middle of a band)")
    axis.errorbar(rows["mean"].to_numpy(float) / middle, places, xerr=rows["half_width"].to_numpy(float) / middle,
                  fmt="o", color=COLOURS[1], markersize=5, capsize=3, label="found, with 95 % interval")
    axis.set_yticks(places, list(rows["quantity"]))
    axis.set_xlabel("Relative to the published value")
    axis.set_xlim(left=0)
    axis.set_ylim(-0.8, len(rows) + 1.2)
    axis.set_title("Posted prices of the menu-cost strategy", loc="left", fontsize=10)
    axis.legend(loc="upper right", fontsize=8, ncols=1)
