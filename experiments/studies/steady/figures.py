"""The figure of a steady-state study: the course of every metric, its warm-up shaded."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.measures.catalogue import measure
from experiments.output.figure_style import look, panels, save, styled
from experiments.studies.steady.measures import Found, pooled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

def draw(result: Found, folder: Path) -> None:
    """Draw the course of every metric with the warm-up shaded, as ``warm_up.svg``, ``.pdf`` and ``.png``."""
    design = result.design
    with styled():
        figure, axes = panels(len(design.metrics))
        for axis, metric in zip(axes, design.metrics, strict=True):
            _panel(axis, result, metric)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(handles)), fontsize=8)
        n = design.replications
        figure.suptitle(f"{design.scenario.name}: warm-up of {result.warm_up_s:g} s shaded; windows of "
                        f"{_width_s(result):g} s, {n} replication{'s' if n > 1 else ''} together",
                        fontsize=9, color="#555555")
        save(figure, folder / "warm_up")


def _panel(axis: Axes, result: Found, metric: str) -> None:
    design = result.design
    means: list[Any] = []
    for index, policy in enumerate(design.policies):
        colour, _, line = look(index)
        series = pooled(result.courses[policy, metric], design).reshape(-1, 5).mean(axis=1)
        at_s = (np.arange(len(series)) + 0.5) * _width_s(result)
        axis.plot(at_s, series, line, color=colour, linewidth=0.9, label=policy)
        means.append(series)
    axis.axvspan(0.0, result.warm_up_s, color="#dddddd", zorder=0)
    axis.set_xlim(0.0, result.end_s)
    axis.set_ylim(bottom=0.0, top=1.1 * max(float(series.max()) for series in means) or 1.0)
    axis.set_xlabel("Simulated time (s)")
    axis.set_ylabel(measure(metric).axis)


def _width_s(result: Found) -> float:
    """Length of the stretches that are drawn."""
    return result.end_s / math.floor(result.design.windows / 5)
