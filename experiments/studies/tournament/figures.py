"""Figures of a tournament: good requests against what one costs, at each load, and what load does."""

import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import measure
from experiments.output.figure_style import COLUMNS, look, panels, plain_ticks, save_both, say, styled, whiskers
from experiments.output.names import name_lines, name_points
from experiments.stats import Interval
from experiments.studies.tournament.measures import COST, GOOD, Found
from experiments.studies.tournament.terminal import show_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOG_FROM: Final = 10.0  # largest over smallest from which the axis is logarithmic
TOP: Final = 102.0  # %, of an axis of shares: points at 100 are whole
ROOM: Final = 1.25  # of a log axis beyond the outermost means
WAIT: Final = "ttft_p90_s"  # of all requests: its line ends where it falls among those not completed
LOAD_PANELS: Final = (WAIT, GOOD, COST)
NAMES_PT: Final = 7.2  # small enough for fourteen names beside each other
NOTHING: Final = "No request was completed."


def frontier(result: Found, folder: Path) -> None:
    """Draw good requests against the cost of one, one panel a load, as ``frontier`` in all formats.

    Bars are 95 % intervals over replications; hollow points are dominated policies; the step line joins the others.
    """
    with styled():
        save_both(lambda columns: _frontier(result, columns), folder / "frontier")


def loads(result: Found, folder: Path) -> None:
    """Draw tail TTFT, good requests and the cost of one against load as ``loads``; nothing with a single load."""
    if len(result.design.loads) < 2:
        return
    with styled():
        save_both(lambda columns: _loads(result, columns), folder / "loads")


def _frontier(result: Found, columns: int) -> "Figure":
    figure, axes = panels(len(result.design.loads), columns)
    for axis, load in zip(axes, result.design.loads, strict=True):
        _frontier_panel(axis, result, load)
        axis.set_title(f"load {load:g}", loc="left", fontsize=10)
        axis.set_xlabel(measure(COST).axis(show_of(result, COST)))
        axis.set_ylabel(measure(GOOD).axis(show_of(result, GOOD)))
    _one_scale(axes, result)
    figure.suptitle(_wrapped(f"{result.design.scenario.name}: filled: on the frontier; hollow: dominated; bars: 95 % "
                             "intervals", columns), fontsize=9, color="#555555")
    for axis, load in zip(axes, result.design.loads, strict=True):
        name_points(figure, axis, _points(result, load), NAMES_PT, _colours(result))
    return figure


def _loads(result: Found, columns: int) -> "Figure":
    figure, axes = panels(len(LOAD_PANELS), columns)
    for axis, metric in zip(axes, LOAD_PANELS, strict=True):
        _load_panel(axis, result, metric)
        axis.set_xlabel("Load (1 = the scenario's own)")
        axis.set_ylabel(measure(metric).axis(show_of(result, metric)))
    if _means(result, WAIT):
        _log(axes[0], _means(result, WAIT))
    axes[1].set_ylim(bottom=max(0.0, min(axes[1].get_ylim()[0], 99.0)), top=100.2)
    axes[2].set_ylim(bottom=max(0.0, axes[2].get_ylim()[0]))
    figure.suptitle(_wrapped(f"{result.design.scenario.name}: bars: 95 % intervals over replications, side by side",
                             columns), fontsize=9, color="#555555")
    figure.draw_without_rendering()
    for axis, metric in zip(axes, LOAD_PANELS, strict=True):
        axis.set_xlim(axes[1].get_xlim())
        ends = {policy: _end(result, index, metric) for index, policy in enumerate(result.design.policies)}
        name_lines(axis, ends, _colours(result), NAMES_PT)
    return figure


def _frontier_panel(axis: "Axes", result: Found, load: float) -> None:
    from matplotlib.ticker import MaxNLocator

    points, filled = _points(result, load), []
    for index, policy in enumerate(result.design.policies):
        if policy not in points:
            continue
        cost, good = _shown(result, policy, load, COST), _shown(result, policy, load, GOOD)
        best = result.on_frontier(policy, load)
        colour, marker, _ = look(index)
        axis.errorbar(
            cost.mean, good.mean, xerr=whiskers([cost.mean], [cost.half_width]),
            yerr=whiskers([good.mean], [good.half_width]), fmt=marker, color=colour,
            markerfacecolor=colour if best else "white", markersize=6, elinewidth=0.9,
            alpha=1.0 if best else 0.75, zorder=3 if best else 2)
        filled += [points[policy]] if best else []
    line = _upper_left([x for x, _ in filled], [y for _, y in filled])
    axis.step([x for x, _ in line], [y for _, y in line], where="post", color="#999999", lw=1, zorder=1)
    axis.xaxis.set_major_locator(MaxNLocator(6))
    if not points:
        say(axis, NOTHING)


def _one_scale(axes: "list[Axes]", result: Found) -> None:
    """Give all loads the same axes: what moves from panel to panel is then the policy, not the scale."""
    costs = _means(result, COST)
    if not costs:
        return
    low, high = min(axis.get_xlim()[0] for axis in axes), max(axis.get_xlim()[1] for axis in axes)
    bottom, top = min(axis.get_ylim()[0] for axis in axes), max(axis.get_ylim()[1] for axis in axes)
    for axis in axes:
        axis.set_xlim(max(low, 0.0) if min(costs) >= 0 else low, high)
        axis.set_ylim(max(bottom, 0.0), min(top, TOP))
        if max(costs) > LOG_FROM * min(costs) > 0:
            axis.set_xscale("log", nonpositive="clip")
            axis.set_xlim(min(costs) / ROOM, high)
            plain_ticks(axis, "x")


def _log(axis: "Axes", means: list[float]) -> None:
    """A log axis from the lowest mean on: a bar that reaches below, even below nought, goes to its edge."""
    positive = [mean for mean in means if mean > 0]
    if positive:
        axis.set_yscale("log", nonpositive="clip")
        axis.set_ylim(min(positive) / ROOM, axis.get_ylim()[1])
        plain_ticks(axis)


def _upper_left(xs: list[float], ys: list[float]) -> list[tuple[float, float]]:
    """The points than which none is both further left and higher, from left to right."""
    kept: list[tuple[float, float]] = []
    for x, y in sorted(zip(xs, ys, strict=True)):
        if not kept or y > kept[-1][1]:
            kept.append((x, y))
    return kept


def _load_panel(axis: "Axes", result: Found, metric: str) -> None:
    for index, policy in enumerate(result.design.policies):
        got = [_shown(result, policy, load, metric) for load in result.design.loads]
        colour, marker, line = look(index)
        places, means = _beside(result, index), [each.mean for each in got]
        axis.errorbar(places, means, color=colour, fmt="none", elinewidth=0.8, alpha=0.5, zorder=2,
                      yerr=whiskers(means, [each.half_width for each in got], log=metric == WAIT))
        axis.plot(places, means, line, color=colour, marker=marker, markersize=4.5, linewidth=1.0, zorder=3)
    axis.set_xticks(result.design.loads, [f"{load:g}" for load in result.design.loads])
    if not _means(result, metric):
        say(axis, NOTHING)


def _beside(result: Found, index: int) -> list[float]:
    """Places of a policy's points, side by side so that bars stay apart, and clear of the next load's."""
    loads, count = result.design.loads, len(result.design.policies)
    apart = 0.45 * min(b - a for a, b in pairwise(sorted(loads))) / count
    return [load + apart * (index - (count - 1) / 2) for load in loads]


def _end(result: Found, index: int, metric: str) -> tuple[float, float]:
    """Where a policy's line ends: at the highest load at which it has a mean."""
    policy, places = result.design.policies[index], _beside(result, index)
    ends = [(load, place, _shown(result, policy, load, metric).mean)
            for load, place in zip(result.design.loads, places, strict=True)]
    known = [end for end in ends if math.isfinite(end[2])] or ends
    return max(known)[1:]


def _points(result: Found, load: float) -> dict[str, tuple[float, float]]:
    """Cost and share of good requests of the policies that have both, as shown."""
    found = {policy: tuple(_shown(result, policy, load, metric).mean for metric in (COST, GOOD))
             for policy in result.design.policies}
    return {policy: (x, y) for policy, (x, y) in found.items() if math.isfinite(x) and math.isfinite(y)}


def _shown(result: Found, policy: str, load: float, metric: str) -> Interval:
    """A mean with its half-width in the unit in which the metric is shown; a censored one is no point."""
    got, factor = result.interval(policy, load, metric), show_of(result, metric).factor
    if math.isinf(got.mean):
        return Interval(math.nan, math.nan, 0)
    return Interval(got.mean * factor, got.half_width * factor, got.n)


def _means(result: Found, metric: str) -> list[float]:
    """All means of a metric that there are, as shown."""
    return list(filter(math.isfinite, (_shown(result, *cell, metric).mean for cell in result.design.cells())))


def _colours(result: Found) -> dict[str, str]:
    return {policy: look(index)[0] for index, policy in enumerate(result.design.policies)}


def _wrapped(text: str, columns: int) -> str:
    """A title in lines that a figure of one panel can hold."""
    return text if columns >= COLUMNS else text.replace(": ", ":\n", 1).replace("; bars", ";\nbars")
