"""The figure of ``price_war``: price over cost by rule and hosts, and whose doing its variance is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, MARKERS, panels, save_both, styled
from experiments.stats import interval
from experiments.studies.price_war import closed_prices
from experiments.studies.price_war.measures import NAMES, FoundWar, known, shares_of
from experiments.studies.price_war.rule_season import MOST
from experiments.studies.price_war.war_cells import ENTRY, FEW, MANY, RULES, WarCell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HOSTS = (FEW, MANY, ENTRY)


def draw(found: FoundWar, folder: Path) -> None:
    """Draw ``price_war`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "price_war")


def figure_of(found: FoundWar, columns: int) -> Figure:
    """Return both panels."""
    figure, (left, right) = panels(2, columns)
    _prices(left, found)
    _shares(right, found)
    return figure


def _prices(axis: Axes, found: FoundWar) -> None:
    """Price over cost where all demand is routed, capacity is ample and nobody fails."""
    for index, rule in enumerate(RULES):
        for told in (True, False):
            at = np.arange(len(HOSTS)) + 0.1 * (2 * index + (not told)) - 0.25
            got = [interval([math.exp(it) for it in found.values(
                lambda end: end.log_paid, rule=rule, hosts=hosts, all_routed=True, ample=True, outages=False,
                told=told)]) for hosts in HOSTS]
            axis.errorbar(at, [it.mean for it in got], yerr=np.nan_to_num([it.half_width for it in got]),
                          fmt=MARKERS[index], color=COLOURS[index], markersize=5, capsize=2,
                          markerfacecolor=COLOURS[index] if told else "white",
                          label=f"{rule}, {'told' if told else 'learned'}")
        alone = [math.exp(closed_prices.known_log_price(WarCell(rule, hosts, True, True, False, True), found.assumed,
                                                        MOST)) for hosts in HOSTS]
        axis.hlines(alone, np.arange(len(HOSTS)) + 0.2 * index - 0.3, np.arange(len(HOSTS)) + 0.2 * index - 0.1,
                    color="#000000", linewidth=1.2, label="" if index else "inputs alone")
    axis.set_xticks(range(len(HOSTS)), [f"{found.assumed.few} hosts", f"{found.assumed.many} hosts", ENTRY])
    axis.set_ylabel("Price paid over unit cost")
    axis.set_ylim(bottom=1.0)
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.1), ncols=2)


def _shares(axis: Axes, found: FoundWar) -> None:
    rows = [shares_of({cell: end.log_paid for cell, end in seed.items()}) for seed in found.seeds]
    got = [interval([row[name] for row in rows]) for name in NAMES]
    places = np.arange(len(NAMES))[::-1]
    axis.barh(places, [it.mean for it in got], height=0.6, color="#c9d9e8", label="in seasons, with 95 % interval")
    axis.errorbar([it.mean for it in got], places, xerr=np.nan_to_num([it.half_width for it in got]), fmt="none",
                  ecolor=COLOURS[0], capsize=3)
    alone = shares_of(known(found.assumed))
    axis.plot([alone[name] for name in NAMES], places, "|", color="#000000", markersize=13, label="inputs alone")
    axis.set_yticks(places, list(NAMES.values()))
    axis.set_xlim(0.0, 1.0)
    axis.set_xlabel("Share of the variance of log price over the grid")
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.18))
