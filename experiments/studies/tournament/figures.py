"""Figures of a tournament: the cost-latency frontier at each load, and what load does to the tail."""

import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import measure
from experiments.output.figure_style import look, panels, plain_ticks, save, styled
from experiments.studies.tournament.measures import COST, LATENCY, Found

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOG_FROM: Final = 10.0  # largest over smallest latency from which the axis is logarithmic
LOAD_PANELS: Final = ("ttft_p99_s", "completed_share", COST)


def frontier(result: Found, folder: Path) -> None:
    """Draw cost against latency, one panel a load, as ``frontier.svg`` and ``frontier.png``.

    Bars are 95 % intervals over replications; hollow grey-edged points are dominated policies; the step line
    joins the others.
    """
    with styled():
        figure, axes = panels(len(result.design.loads))
        for axis, load in zip(axes, result.design.loads, strict=True):
            _frontier_panel(axis, result, load)
            axis.set_title(f"load {load:g}", loc="left", fontsize=10)
            axis.set_xlabel(measure(COST).shown_axis)
        axes[0].set_ylabel(measure(LATENCY).shown_axis)
        _legend(figure, result, "filled: on the frontier; hollow: dominated; bars: 95 % intervals")
        save(figure, folder / "frontier")


def loads(result: Found, folder: Path) -> None:
    """Draw tail TTFT and cost against load as ``loads.svg`` and ``loads.png``; nothing with a single load."""
    if len(result.design.loads) < 2:
        return
    with styled():
        figure, axes = panels(3)
        for axis, metric in zip(axes, LOAD_PANELS, strict=True):
            _load_panel(axis, result, metric)
            axis.set_xlabel("Load (1 = the scenario's own)")
            axis.set_ylabel(measure(metric).shown_axis)
        axes[0].set_yscale("log", nonpositive="clip")
        axes[0].set_ylim(bottom=_lowest(result, "ttft_p99_s") / 2)
        plain_ticks(axes[0])
        axes[1].set_ylim(bottom=max(0.0, min(axes[1].get_ylim()[0], 99.0)), top=100.2)
        axes[2].set_ylim(bottom=max(0.0, axes[2].get_ylim()[0]))
        _legend(figure, result, "bars: 95 % intervals over replications, side by side", lines=True)
        save(figure, folder / "loads")


def _frontier_panel(axis: "Axes", result: Found, load: float) -> None:
    from matplotlib.ticker import MaxNLocator

    best = []
    for index, policy in enumerate(result.design.policies):
        cost, latency = result.interval(policy, load, COST), result.interval(policy, load, LATENCY)
        if cost.n == 0 or latency.n == 0:
            continue
        dominated = result.dominated_by(policy, load) is not None
        colour, marker, _ = look(index)
        axis.errorbar(
            cost.mean, latency.mean, xerr=_bar(cost.half_width), yerr=_bar(latency.half_width), fmt=marker,
            color=colour, markerfacecolor="white" if dominated else colour, markersize=6,
            elinewidth=0.9, alpha=0.75 if dominated else 1.0, zorder=2 if dominated else 3,
        )
        best.append((cost.mean, latency.mean))
    best = _lower_left(best)
    axis.step([x for x, _ in best], [y for _, y in best], where="post", color="#999999", lw=1, zorder=1)
    axis.xaxis.set_major_locator(MaxNLocator(6))
    low, high = axis.get_ylim()
    if high > LOG_FROM * max(low, 0.0):
        axis.set_yscale("log")
        plain_ticks(axis)


def _lower_left(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points than which none is both further left and lower, from left to right."""
    kept: list[tuple[float, float]] = []
    for x, y in sorted(points):
        if not kept or y < kept[-1][1]:
            kept.append((x, y))
    return kept


def _load_panel(axis: "Axes", result: Found, metric: str) -> None:
    factor = measure(metric).show.factor
    loads, policies = result.design.loads, result.design.policies
    # side by side, so that bars stay apart; those of one load stay clear of the next load's
    apart = 0.45 * min(b - a for a, b in pairwise(sorted(loads))) / len(policies)
    for index, policy in enumerate(policies):
        intervals = [result.interval(policy, load, metric) for load in loads]
        colour, marker, line = look(index)
        places = [load + apart * (index - (len(policies) - 1) / 2) for load in loads]
        means = [got.mean * factor for got in intervals]
        axis.errorbar(places, means, yerr=[_bar(got.half_width) * factor for got in intervals], color=colour,
                      fmt="none", elinewidth=0.8, alpha=0.5, zorder=2)
        axis.plot(places, means, line, color=colour, marker=marker, markersize=4.5, linewidth=1.0, zorder=3)
    axis.set_xticks(loads, [f"{load:g}" for load in loads])


def _legend(figure: "Figure", result: Found, note: str, lines: bool = False) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for index, policy in enumerate(result.design.policies):
        colour, marker, line = look(index)
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=5, linewidth=1.0, label=policy,
                              linestyle=line if lines else "none"))
    columns = min(6 if len(result.design.loads) > 1 else 3, len(handles))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=8, handletextpad=0.3,
                  columnspacing=1.2)
    figure.suptitle(f"{result.design.scenario.name}: {note}", fontsize=9, color="#555555")


def _lowest(result: Found, metric: str) -> float:
    """Smallest mean of a metric; intervals may reach below it, and below zero, where a log axis ends."""
    means = [result.interval(policy, load, metric).mean for policy, load in result.design.cells()]
    return min((mean for mean in means if mean > 0), default=1.0)


def _bar(half_width: float) -> float:
    return half_width if math.isfinite(half_width) else 0.0


