"""The figure of ``train_or_serve``: a week of the fleet, and what each kind of split earns less."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, panels, save_both, styled
from experiments.stats import interval
from experiments.studies.train_or_serve.measures import FIXED, MARGINAL, NIGHTS, SHADOW, FoundSplits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = (FIXED, NIGHTS, MARGINAL)


def draw(found: FoundSplits, folder: Path) -> None:
    """Draw ``train_or_serve`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "train_or_serve")


def figure_of(found: FoundSplits, columns: int) -> Figure:
    """Return both panels."""
    figure, (left, right) = panels(2, columns)
    mine = found.week[found.week["kind"] == MARGINAL]
    left.fill_between(mine["hour"] / 24.0, mine["load"], color="#cccccc", linewidth=0, step="mid", label="load")
    for index, kind in enumerate(SHOWN):
        part = found.week[found.week["kind"] == kind]
        left.plot(part["hour"] / 24.0, part["serving"], color=COLOURS[index], linewidth=1.2, drawstyle="steps-mid",
                  label=f"serving, {kind}")
    left.set_xlabel("Day of a week")
    left.set_ylabel("Share of the fleet")
    left.set_ylim(bottom=0.0)
    left.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.18), ncols=2)
    kinds = (FIXED, NIGHTS, SHADOW)
    got = [interval([100.0 * value for value in found.loss(kind)]) for kind in kinds]
    at = np.arange(len(kinds))
    right.bar(at, [it.mean for it in got], yerr=np.nan_to_num([it.half_width for it in got]), color=COLOURS[0],
              width=0.6, error_kw={"linewidth": 1.0})
    right.set_xticks(at, ["fixed", "nights", "shadow\nprice"])
    right.set_ylabel("Earns less than the marginal split (%)")
    right.axhline(2.0, color="#555555", linewidth=0.8, linestyle=":", label="what the rule asks of a fixed split")
    right.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.18))
    return figure
