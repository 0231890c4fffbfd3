"""Figures of a validation: predicted against measured, and throughput against interactivity beside measured points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.output.figure_style import look, panels, plain_ticks, save_both, styled
from experiments.silicon.validating import ODD

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

COMPARED: Final = (
    ("tok_s_user", "tokens/s/user"), ("tok_s_gpu", "output tokens/s/GPU"), ("ttft_s", "time to first token, s"))
CURVES: Final = 6  # the layouts with most points
LAYOUT: Final = ["gpu", "model", "stated", "framework", "tp", "attention_dp", "prompt", "output"]


def draw(points: DataFrame, folder: Path) -> None:
    """Draw both figures from the points with constants by GPU and framework."""
    own = points[points["constants"] == "by GPU and framework"]
    with styled():
        save_both(lambda columns: _compared(own[own["split"] == ODD], columns), folder / "predicted_measured")
        save_both(lambda columns: _frontiers(own, columns), folder / "frontier")


def _compared(points: DataFrame, columns: int) -> Figure:
    figure, axes = panels(len(COMPARED), columns)
    for axis, (name, label) in zip(axes, COMPARED, strict=True):
        for index, (gpu, part) in enumerate(points.groupby("gpu", sort=True)):
            colour, marker, _ = look(index)
            axis.plot(part[f"measured_{name}"], part[name], marker, color=colour, markersize=2.5, alpha=0.5,
                      linestyle="none", label=str(gpu))
        ends = [part for column in (name, f"measured_{name}") for part in (points[column].min(), points[column].max())]
        line = np.array([min(ends), max(ends)])
        axis.plot(line, line, "-", color="#555555", linewidth=0.8)
        axis.set(xscale="log", yscale="log", xlabel=f"measured {label}", ylabel=f"predicted {label}")
    _legend(figure, axes[0], "Points of the other half, to which no constant was fitted", columns)
    return figure


def _frontiers(points: DataFrame, columns: int) -> Figure:
    sizes = points.groupby(LAYOUT, sort=True).size().sort_values(ascending=False, kind="stable")
    figure, axes = panels(min(CURVES, len(sizes)), columns)
    by_layout = points.set_index(LAYOUT).sort_index()
    for axis, layout in zip(axes, sizes.index, strict=False):
        _frontier(axis, by_layout.loc[[layout]].sort_values("concurrency"))
        gpu, model, precision, framework, tp, groups, prompt, output = layout
        title = f"{model} {precision}, {tp * groups} x {gpu}\n{framework}, {prompt} in, {output} out"
        axis.set_title(title, fontsize=8)
    _legend(figure, axes[0], "Throughput against interactivity, one point a concurrency", columns)
    return figure


def _frontier(axis: Axes, part: DataFrame) -> None:
    for index, (prefix, label) in enumerate((("measured_", "measured"), ("", "predicted"))):
        colour, marker, line = look(index)
        axis.plot(part[f"{prefix}tok_s_user"], part[f"{prefix}tok_s_gpu"], line if not prefix else "none",
                  marker=marker, color=colour, markersize=4, linewidth=0.9, label=label)
    axis.set(xscale="log", yscale="log", xlabel="tokens/s/user", ylabel="output tokens/s/GPU")
    plain_ticks(axis)


def _legend(figure: Figure, axis: Axes, title: str, columns: int) -> None:
    lines = [line for line in axis.get_lines() if not str(line.get_label()).startswith("_")]
    figure.legend(lines, [str(line.get_label()) for line in lines], loc="outside lower center",
                  ncols=min(2 * columns, 3), fontsize=8)
    figure.suptitle(title, fontsize=9, color="#555555")
