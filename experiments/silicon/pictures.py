"""Figures of a validation: predicted against measured, and throughput against interactivity beside measured points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.output.figure_style import look, panels, plain_ticks, save_both, styled
from experiments.silicon.validating import ODD

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

COMPARED: Final = (
    ("tok_s_user", "tokens/s/user"), ("tok_s_gpu", "output tokens/s/GPU"), ("ttft_s", "time to first token, s"))
OF_EACH_GPU: Final = 2  # layouts
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
    title = "Points of the other half, to which no constant was fitted; on the line predicted is measured"
    _legend(figure, axes[0], title, columns)
    return figure


def _frontiers(points: DataFrame, columns: int) -> Figure:
    chosen = _layouts(points)
    figure, axes = panels(len(chosen), columns)
    by_layout = points.set_index(LAYOUT).sort_index()
    for axis, layout in zip(axes, chosen, strict=True):
        _frontier(axis, by_layout.loc[[layout]])
        gpu, model, precision, framework, tp, groups, prompt, output = layout
        title = f"{model} {precision}, {tp * groups} x {gpu}\n{framework}, {prompt} in, {output} out"
        axis.set_title(title, fontsize=8)
    _legend(figure, axes[0], "Throughput against interactivity; lines join medians of equal concurrency", columns)
    return figure


def _layouts(points: DataFrame) -> list[tuple[Any, ...]]:
    """Of each GPU so many layouts, each of another model: those with most concurrencies, then most points."""
    sizes = points.groupby(LAYOUT, sort=True)["concurrency"].agg(["nunique", "size"]).reset_index()
    sizes = sizes.sort_values(["nunique", "size"], ascending=False, kind="stable").drop_duplicates(["gpu", "model"])
    chosen = sizes.groupby("gpu", sort=False).head(OF_EACH_GPU).sort_values("gpu", kind="stable")
    return list(chosen[LAYOUT].itertuples(index=False, name=None))


def _frontier(axis: Axes, part: DataFrame) -> None:
    """Software versions differ: the line of what was measured joins medians, and every point is a dot."""
    for index, (prefix, label) in enumerate((("measured_", "measured"), ("", "predicted"))):
        colour, marker, line = look(index)
        x, y = f"{prefix}tok_s_user", f"{prefix}tok_s_gpu"
        axis.plot(part[x], part[y], marker, color=colour, markersize=3.5, alpha=0.4, linestyle="none")
        middle = part.groupby("concurrency", sort=True)[[x, y]].median()
        axis.plot(middle[x], middle[y], line, marker=marker, color=colour, markersize=4, linewidth=0.9, label=label)
    axis.set(xscale="log", yscale="log", xlabel="tokens/s/user", ylabel="output tokens/s/GPU")
    plain_ticks(axis, "x")
    plain_ticks(axis)


def _legend(figure: Figure, axis: Axes, title: str, columns: int) -> None:
    lines = [line for line in axis.get_lines() if not str(line.get_label()).startswith("_")]
    figure.legend(lines, [str(line.get_label()) for line in lines], loc="outside lower center",
                  ncols=min(2 * columns, 3), fontsize=8)
    figure.suptitle(title, fontsize=9, color="#555555")
