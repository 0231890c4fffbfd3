"""Figures of a sweep: metrics over a factor, metrics over sampled points, or the indices of a sensitivity design."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.designs import INDICES
from experiments.designs.sensitivity import NOISE
from experiments.measures.catalogue import capital, spelt
from experiments.output.figure_style import COLOURS, MARKERS, save_both, say, styled, whiskers
from experiments.report.headings import shown
from experiments.runs.specs import POLICY
from experiments.studies.sweep.design import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

COLUMNS: Final = 2  # panels side by side
MAIN: Final = {  # a figure each
    "morris": ("mu_star",), "sobol": ("ST",), "sobol-pairs": ("ST",), "morris+sobol": ("mu_star", "ST")}
LABELS: Final = {"mu_star": "mean absolute effect over the range", "ST": "share of variance, with interactions (ST)",
                 "S1": "by the factor alone (S1)"}
MOST_LINES: Final = 8


def draw(design: Sweep, frames: dict[str, DataFrame], folder: Path) -> None:
    """Draw ``sensitivity`` for designs with indices, ``metrics`` for the others, as SVG, PDF and PNG."""
    with styled():
        if design.plan.kind in INDICES:
            number = 0
            for policy in design.policies or ("",):
                frame = frames["sensitivity"]
                mine = frame[frame[POLICY] == policy] if design.policies else frame
                for index in MAIN[design.plan.kind]:
                    number += 1
                    name = "sensitivity" if number == 1 else f"sensitivity-{number}"
                    save_both(partial(_bars, design, mine, policy, index), folder / name)
        else:
            save_both(partial(_lines, design, frames["summary"]), folder / "metrics")


def _bars(design: Sweep, frame: DataFrame, policy: str, index: str, columns: int) -> Figure:
    """One panel a metric, one bar a factor, the largest on top; of a policy and an index."""
    figure, axes = _panels(design, 0.32 * len(design.plan.factors) + 1.3, 6.6, columns)
    for axis, metric in zip(axes, design.shown, strict=True):
        part = frame[frame["metric"] == metric]
        main = part[part["index"] == index].sort_values("value", ascending=True, kind="stable")
        places = np.arange(len(main))
        values = main["value"].to_numpy(float)
        half = np.nan_to_num(main["high"].to_numpy(float) - values)
        axis.barh(places, np.nan_to_num(values), xerr=half, color=COLOURS[0], height=0.62,
                  error_kw={"elinewidth": 1.0, "capsize": 2.5, "ecolor": "#333333"}, label=LABELS[index])
        if index == "ST":
            alone = part[part["index"] == "S1"].set_index("factor")["value"].reindex(main["factor"]).to_numpy(float)
            axis.plot(alone, places, "D", color=COLOURS[1], markersize=4, label=LABELS["S1"])
        axis.set_yticks(places, [_short(name) for name in main["factor"]])
        unit = spelt(str(part["unit"].iloc[0])) if len(part) else ""
        axis.set_xlabel(f"{LABELS[index]}{f' ({unit})' if index == 'mu_star' and unit else ''}")
        noise = part.loc[part["factor"] == NOISE, "value"]
        told = f"; noise {noise.iloc[0]:.0%} of variance" if np.isfinite(noise).any() else ""
        axis.set_title(f"{_named(metric)}{told}", loc="left", fontsize=10)
        axis.set_xlim(left=min(0.0, axis.get_xlim()[0]))
        if not np.isfinite(values).any():
            notes = main["note"].unique() if len(main) else ["every run must have a value"]
            say(axis, f"No index: {str(notes[0]).partition(': ')[0]}.")  # what follows is too long for a panel
    if index == "ST":
        # shares of a variance are compared from metric to metric; effects have units of their own
        far = [axis.get_xlim() for axis in axes]
        for axis in axes:
            axis.set_xlim(min(left for left, _ in far), max(right for _, right in far))
    if index == "ST":
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", fontsize=8, ncols=2)
    _title(figure, design, f"bars: 95 % bootstrap intervals{f', policy {policy}' if policy else ''}", columns)
    return figure


def _lines(design: Sweep, frame: DataFrame, columns: int) -> Figure:
    """One panel a metric over the first factor with several numbers; lines are policies or the next factor."""
    factors = [factor.path for factor in design.plan.factors]
    over = next((name for name in factors if _numeric(frame, name)), factors[0])
    by = next((name for name in (POLICY, *factors) if name in frame and name != over
               and 1 < frame[name].nunique() <= MOST_LINES), None)
    figure, axes = _panels(design, 3.4, 5.4, columns)
    for axis, metric in zip(axes, design.shown, strict=True):
        part = frame[frame["metric"] == metric]
        groups: list[tuple[Any, DataFrame]] = [("", part)] if by is None else list(part.groupby(by, sort=False))
        row = shown(metric, str(part["unit"].iloc[0]) if len(part) else "1")
        show = row.show_for(part["mean"])
        for place, (label, group) in enumerate(groups):
            _line(axis, group.assign(**{name: show.factor * group[name] for name in ("mean", "half_width")}), over,
                  str(label), place, sampled=_sampled(design))
        axis.set_xlabel(over)
        axis.set_ylabel(row.axis(show))
        if not part["mean"].notna().any():
            say(axis, "No run has a value." if len(part) else "No run has succeeded.")
    if by is not None:
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, title=by, fontsize=8, loc="outside lower center",
                      ncols=min(len(labels), 2 * columns, 4))
    others = [name for name in factors if name not in (over, by) and name in frame and frame[name].nunique() > 1]
    note = f"points differ in {', '.join(others)}, too" if others else "bars: 95 % intervals over replications"
    _title(figure, design, note, columns)
    return figure


def _line(axis: Axes, group: DataFrame, over: str, label: str, place: int, *, sampled: bool) -> None:
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    x = group[over].to_numpy() if _numeric(group, over) else group[over].astype(str).to_numpy()
    several = sampled or len(set(x.tolist())) < len(x)
    axis.errorbar(x, group["mean"].to_numpy(float), yerr=whiskers(group["mean"], group["half_width"]), color=colour,
                  marker=marker, markersize=4, label=label, linewidth=0 if several else 1.1, elinewidth=0.9)


def _sampled(design: Sweep) -> bool:
    return design.plan.places is not None


def _numeric(frame: DataFrame, name: str) -> bool:
    values = frame[name]
    return values.dtype.kind in "iuf" and values.nunique() > 1


def _panels(design: Sweep, height: float, width: float, columns: int) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    count = len(design.shown)
    columns = min(count, COLUMNS, columns)
    rows = -(-count // columns)
    figure = Figure(figsize=(width * columns, height * rows + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(count)]


def _short(path: str) -> str:
    """The last three names of a path: enough to know it, short enough for an axis."""
    parts = path.split(".")
    return path if len(parts) <= 3 else "… " + ".".join(parts[-3:])


def _named(metric: str) -> str:
    """What the catalogue calls a metric."""
    return capital(shown(metric, "1").words)


def _title(figure: Figure, design: Sweep, note: str, columns: int) -> None:
    plan, between = design.plan, " " if columns > 1 else "\n"
    size = f"{len(plan.points)} points, {design.replications} replications"
    figure.suptitle(f"{design.scenario.name}, {plan.kind} design: {size};{between}{note}", fontsize=9, color="#555555")
