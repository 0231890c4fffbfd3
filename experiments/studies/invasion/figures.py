"""The figure of invasions: how the odds of each invader changed against each incumbent."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.output.figure_style import save, styled
from experiments.stats import interval
from experiments.studies.invasion.measures import RESISTED

DARK: Final = 0.7  # of the strongest colour, from which on ink is white

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from experiments.studies.invasion.measures import Invaded


def draw(found: "Invaded", folder: Path) -> None:
    """Draw ``invasion.svg`` and ``invasion.png``."""
    with styled():
        save(figure_of(found), folder / "invasion")


def figure_of(found: "Invaded") -> "Figure":
    """Return a square a pair: final share of the invader, coloured by what its rule did to its odds."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rules, meetings = found.design.rules, found.design.meetings()
    values = [found.values(meeting) for meeting in meetings]
    odds = np.array([interval(it["odds"].tolist()).mean for it in values]).reshape(len(rules), -1)
    finite = odds[np.isfinite(odds)]
    most = max(float(np.abs(finite).max(initial=0.0)), 0.1)
    figure = Figure(figsize=(2.6 + 0.95 * len(rules), 2.2 + 0.75 * len(rules)), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    axis.grid(False)
    image = axis.imshow(odds, cmap="PuOr_r", vmin=-most, vmax=most)
    for place, (meeting, it) in enumerate(zip(meetings, values, strict=True)):
        share = interval(it["final_share"].tolist())
        text = f"{100 * share.mean:.1f} %" + (f"\n± {100 * share.half_width:.1f}" if share.n > 1 else "")
        weight = "bold" if found.stays_below(meeting) >= RESISTED else "normal"
        row, column = divmod(place, len(rules))
        ink = "white" if abs(odds[row, column]) > DARK * most else "black"
        axis.text(column, row, text, ha="center", va="center", fontsize=7.5, weight=weight, color=ink)
    axis.set_xticks(range(len(rules)), rules, rotation=35, ha="right", fontsize=8)
    axis.set_yticks(range(len(rules)), rules, fontsize=8)
    axis.set_xlabel("Invader (a twentieth of customers on the first day)")
    axis.set_ylabel("Incumbent")
    axis.set_title("Invader's final share; bold: the incumbent resists", loc="left", fontsize=10)
    figure.colorbar(image, ax=axis, label="Invader's log odds less those with the incumbent's rule", shrink=0.8)
    return figure
