"""Where marketplaces compete: who has how many customers, day by day, and on what terms."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.output.figure_style import COLOURS, save, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

PANELS: Final = {  # column: heading, and what the axis says
    "customer_share": ("Customers", "Share of workloads"),
    "paid_over_mean": ("Price paid over the mean, fee left out", "Paid over mean of all"),
    "ttft_mean_s": ("Wait", "Mean time to the first token, s"),
}


def draw_marketplaces(days: "DataFrame", folder: Path) -> None:
    """Draw ``marketplaces.svg`` and ``.png`` from the table ``daily_marketplaces``."""
    with styled():
        save(figure_of_marketplaces(days), folder / "marketplaces")


def figure_of_marketplaces(days: "DataFrame") -> "Figure":
    """Return three panels over the days: shares of customers, prices paid, waits."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.0, 3.9), layout="constrained")
    FigureCanvasAgg(figure)
    for axis, (column, (heading, label)) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        _lines(axis, days, column)
        axis.set_title(heading, loc="left", fontsize=10)
        axis.set_ylabel(label)
        axis.set_xlabel("Day")
    figure.axes[0].set_ylim(0, 1)
    figure.axes[0].legend(fontsize=8)
    return figure


def _lines(axis: "Axes", days: "DataFrame", column: str) -> None:
    for place, (name, rows) in enumerate(days.groupby("marketplace", sort=False)):
        axis.plot(rows["day"], rows[column], color=COLOURS[place % len(COLOURS)], label=str(name), linewidth=1.4)
