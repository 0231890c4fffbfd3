"""``cost_fall`` drawn: the share of mix, prices of open models and size, against what GPUs' cost is divided by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.output.figure_style import COLUMNS, look, panels, plain_ticks, save_both, styled, whiskers
from experiments.stats import Interval, interval
from experiments.studies.cost_fall.design import CLOSED, ENTRY
from experiments.studies.cost_fall.measures import ALL, LISTED, OPEN, SHARE, FoundFalls

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

APART: Final = 0.03  # between lines at one divisor, as a share of it
NAMES: Final = {(ENTRY, ALL): "entry, all tokens", (ENTRY, OPEN): "entry, open models",
                (CLOSED, ALL): "no entry, all tokens", (CLOSED, OPEN): "no entry, open models",
                (ENTRY, LISTED): "demand at list prices"}


class FallPanel(NamedTuple):
    """A panel: its metric, title and label, and whose lines it has, by arm and kind of tokens."""

    metric: str
    title: str
    label: str
    whose: tuple[str, ...]


PANELS: Final = (
    FallPanel(SHARE, "Climb, or more of the same", "Mix over mix and volume (E196)", (ALL, OPEN, LISTED)),
    FallPanel("open_price", "What open models cost", "Price over that without a fall", (OPEN,)),
    FallPanel("size_b", "Bigger models", "Token-weighted size (bn par.)", (ALL, OPEN)),
)


def draw(found: FoundFalls, folder: Path) -> None:
    """Draw ``cost_fall`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "cost_fall")


def figure_of(found: FoundFalls, columns: int = COLUMNS) -> Figure:
    """Return three panels a day of measurement, in rows."""
    days, divisors = found.design.after, list(found.design.divisors)
    figure, axes = panels(len(PANELS) * len(days), columns)
    for place, axis in enumerate(axes):
        panel, day = PANELS[place % len(PANELS)], days[place // len(PANELS)]
        frame = found.frame[(found.frame["after_days"] == day) & (found.frame["metric"] == panel.metric)]
        _lines(axis, frame, panel, divisors)
        axis.set_title(f"{panel.title}: day {day}", loc="left", fontsize=10)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", fontsize=8,
                  ncols=min(columns, 3))
    return figure


def _lines(axis: Axes, frame: DataFrame, panel: FallPanel, divisors: list[float]) -> None:
    at = divisors[1:] if panel.metric == SHARE else divisors  # without a fall there is nothing to divide
    for place, ((arm, tokens), name) in enumerate(NAMES.items()):
        if tokens not in panel.whose:
            continue
        colour, marker, line = look(place)
        got = _intervals(frame[(frame["arm"] == arm) & (frame["tokens"] == tokens)], at)
        means, reach = [it.mean for it in got], [it.half_width for it in got]
        beside = np.array(at) * (1 + APART * (place - 2))
        axis.errorbar(beside, means, yerr=whiskers(means, reach, log=panel.metric == "open_price"), color=colour,
                      marker=marker, linestyle=line, markersize=5, elinewidth=1.0, capsize=2, label=name)
    axis.set_xscale("log")
    axis.set_xticks(at, [f"{divisor:g}" for divisor in at])
    axis.minorticks_off()
    axis.set_xlabel("Cost of GPUs divided by")
    axis.set_ylabel(panel.label)
    if panel.metric == SHARE:
        axis.axhline(0.5, color="#333333", linewidth=0.8, linestyle="--")
        axis.set_ylim(-0.05, 1.05)
    elif panel.metric == "open_price":
        axis.plot(at, 1.0 / np.array(at), color="#888888", linestyle=":", linewidth=1.0)
        axis.set_yscale("log")
        plain_ticks(axis)
    else:
        axis.set_ylim(bottom=0)


def _intervals(frame: DataFrame, divisors: list[float]) -> list[Interval]:
    return [interval(frame.loc[frame["divisor"] == divisor, "value"].tolist()) for divisor in divisors]
