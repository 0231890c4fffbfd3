"""The figure of ``rule_change``: frontiers with where hosts go, and prices of hosts who answer each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, MARKERS, panels, plain_ticks, save_both, styled
from experiments.stats import interval
from experiments.studies.rule_change.batch_frontier import CASES, best_batch, usual_frontier
from experiments.studies.rule_change.best_answers import NEW, OLD
from experiments.studies.rule_change.measures import HOSTS, ChangeCell, FoundChange

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = "deepseek-v3"  # whose prices are drawn, of five hosts
REVIEWS = 120  # that are drawn


def draw(found: FoundChange, folder: Path) -> None:
    """Draw ``rule_change`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "rule_change")


def figure_of(found: FoundChange, columns: int) -> Figure:
    """Return all three panels."""
    figure, (left, middle, right) = panels(3, columns)
    _batches(left, found)
    _paths(middle, found)
    _levels(right, found)
    return figure


def _batches(axis: Axes, found: FoundChange) -> None:
    """Frontiers of plain hosts, the batch of E138, and the mean batches that were chosen."""
    for index, model in enumerate(CASES):
        frontier = usual_frontier(model, found.assumed)
        axis.plot(1.0 / frontier.step_s, frontier.cost, color=COLOURS[index], linewidth=1.2, label=model)
        place = best_batch(frontier, found.assumed.speed_cost)
        axis.plot(1.0 / frontier.step_s[place], frontier.cost[place], "*", color=COLOURS[index], markersize=11)
        for arm, face in ((OLD, "white"), (NEW, COLOURS[index])):
            batch = float(np.mean(found.values(lambda _, end: end.log_batch, arm, model)))
            axis.plot(np.interp(batch, np.log(frontier.batch), 1.0 / frontier.step_s),
                      np.exp(np.interp(batch, np.log(frontier.batch), np.log(frontier.cost))), MARKERS[index],
                      color=COLOURS[index], markerfacecolor=face, markersize=6)
    axis.set_yscale("log")
    plain_ticks(axis, "y")
    axis.set_xlabel("Tokens a second of a user")
    axis.set_ylabel("Cost (USD a million tokens)")
    axis.set_title("Hollow: old rule; filled: new; star: E138", loc="left", fontsize=10)
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.16), ncols=2)


def _paths(axis: Axes, found: FoundChange) -> None:
    for arm, colour, label in ((OLD, COLOURS[0], "old rule"), (NEW, COLOURS[1], "new rule")):
        path = found.seeds[0][ChangeCell(SHOWN, HOSTS[1], arm)].paths[:REVIEWS]
        for host in range(path.shape[1]):
            axis.step(np.arange(len(path)), path[:, host], where="post", color=colour, linewidth=0.9,
                      label="" if host else label)
    axis.set_xlabel("Reviews")
    axis.set_ylabel("Price over the least cost")
    axis.set_title(f"Five hosts of {SHOWN}, one seed", loc="left", fontsize=10)
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.16), ncols=2)


def _levels(axis: Axes, found: FoundChange) -> None:
    for index, model in enumerate(CASES):
        for arm, face in ((OLD, "white"), (NEW, COLOURS[index])):
            got = [interval([seed[ChangeCell(model, hosts, arm)].paid for seed in found.seeds]) for hosts in HOSTS]
            at = np.arange(len(HOSTS)) + 0.12 * (index - 1) + (0.04 if arm == NEW else -0.04)
            axis.errorbar(at, [it.mean for it in got], yerr=np.nan_to_num([it.half_width for it in got]),
                          fmt=MARKERS[index], color=COLOURS[index], markerfacecolor=face, markersize=5, capsize=2,
                          label=f"{model}, {'new' if arm == NEW else 'old'}")
    axis.set_xticks(range(len(HOSTS)), [f"{hosts} hosts" for hosts in HOSTS])
    axis.set_ylim(bottom=1.0)
    axis.set_ylabel("Price paid over the least cost")
    axis.set_title("Level of prices, 95 % intervals", loc="left", fontsize=10)
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.16), ncols=2)
