"""The figure of a steady-state study: the course of every metric, its warm-up shaded."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.measures.catalogue import measure
from experiments.output.figure_style import look, panels, save_both, say, styled
from experiments.studies.steady.measures import Found, pooled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(result: Found, folder: Path) -> None:
    """Draw the course of every metric with the warm-up shaded, as ``warm_up.svg``, ``.pdf`` and ``.png``."""
    with styled():
        save_both(lambda columns: _figure(result, columns), folder / "warm_up")


def _figure(result: Found, columns: int) -> Figure:
    design = result.design
    figure, axes = panels(len(design.metrics), columns)
    for axis, metric in zip(axes, design.metrics, strict=True):
        _panel(axis, result, metric)
    drawn = {str(line.get_label()): line for axis in axes for line in axis.get_lines()}  # some may lack in a panel
    if drawn:
        # as many side by side as the figure is wide
        figure.legend(list(drawn.values()), list(drawn), loc="outside lower center",
                      ncols=min(2 * columns, 4, len(drawn)), fontsize=8)
    n, between = design.replications, " " if columns > 1 else "\n"
    figure.suptitle(f"{design.scenario.name}: warm-up of {result.warm_up_s:g} s shaded;{between}windows of "
                    f"{_width_s(result):g} s, {n} replication{'s' if n > 1 else ''} together",
                    fontsize=9, color="#555555")
    return figure


def _panel(axis: Axes, result: Found, metric: str) -> None:
    design = result.design
    courses = {policy: pooled(result.courses[policy, metric], design).reshape(-1, 5).mean(axis=1)
               for policy in design.policies if result.counts(policy, metric)}
    largest = max((float(series.max()) for series in courses.values()), default=1.0)
    show = measure(metric).show_for([largest])
    if not courses:
        say(axis, "No request was completed.")
    for index, policy in enumerate(design.policies):
        if policy not in courses:
            continue
        colour, _, line = look(index)
        series = show.factor * courses[policy]
        at_s = (np.arange(len(series)) + 0.5) * _width_s(result)
        axis.plot(at_s, series, line, color=colour, linewidth=0.9, label=policy)
    axis.axvspan(0.0, result.warm_up_s, color="#dddddd", zorder=0)
    axis.set_xlim(0.0, result.end_s)
    axis.set_ylim(bottom=0.0, top=1.1 * show.factor * largest or 1.0)
    axis.set_xlabel("Simulated time (s)")
    axis.set_ylabel(measure(metric).axis(show))


def _width_s(result: Found) -> float:
    """Length of the stretches that are drawn."""
    return result.end_s / math.floor(result.design.windows / 5)
