"""The figure of the study of policies: price paid against the wait, a panel a condition."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.output.figure_style import COLOURS, panels, save_both, styled
from experiments.stats.intervals import interval
from experiments.studies.policies.measures import PoliciesFound

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS: Final = "os^Dv<>Ph*X"


def draw(found: PoliciesFound, folder: Path) -> None:
    """Draw ``policies.svg``, ``.pdf`` and ``.png``."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "policies")


def figure_of(found: PoliciesFound, columns: int) -> Figure:
    """Return a panel for each condition; below and to the left is better."""
    conditions = list(dict.fromkeys(cell.condition for cell in found.fared))
    names = list(dict.fromkeys(cell.policy for cell in found.fared))
    dearest = max(it.paid_usd_per_mtok for fared in found.fared.values() for it in fared)
    figure, axes = panels(len(conditions), columns)
    for axis, condition in zip(axes, conditions, strict=False):
        for place, name in enumerate(names):
            fared = next(it for cell, it in found.fared.items() if cell == (condition, name))
            paid, wait = interval([it.paid_usd_per_mtok for it in fared]), interval([it.ttft_p99_s for it in fared])
            axis.errorbar(paid.mean, wait.mean, xerr=paid.half_width, yerr=wait.half_width, markersize=5, capsize=2,
                          fmt=MARKS[place % len(MARKS)], color=COLOURS[place % len(COLOURS)], label=name)
        axis.set_yscale("log")
        axis.set_xlim(0, 1.15 * dearest)
        axis.set_title(condition, loc="left", fontsize=10)
        axis.set_xlabel("Price paid (USD per million tokens)")
        axis.set_ylabel("p99 of the wait (s)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(names), 2 * columns + 1), fontsize=8)
    return figure
