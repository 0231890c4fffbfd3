"""The figure of ``providers_per_model``: how many models have so many hosts or more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.output.figure_style import COLOURS, panels, plain_ticks, save_both, styled
from experiments.stats import interval
from experiments.studies.providers_per_model.measures import FoundHosts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OBSERVED = ((3.0, 82.0, "three or more"), (7.0, 32.3, "a tenth"), (27.0, 1.0, "the most"))  # hosts, models


def draw(found: FoundHosts, folder: Path) -> None:
    """Draw ``providers_per_model`` as SVG, PDF and PNG."""
    with styled():
        save_both(lambda _: figure_of(found), folder / "providers_per_model")


def figure_of(found: FoundHosts) -> Figure:
    """Return the one panel, both ways in logarithms."""
    figure, (axis,) = panels(1, 1)
    figure.set_size_inches(6.0, 4.6)
    at = np.arange(1, found.all_hosts + 1)
    for index, (rows, label) in enumerate(((found.unequal, "demand as unequal as published"),
                                           (found.equal, "demand the same for all"))):
        got = [interval([float((hosts >= number).sum()) for hosts in rows]) for number in at]
        middle, reach = np.array([it.mean for it in got]), np.nan_to_num([it.half_width for it in got])
        axis.plot(at, np.where(middle > 0.0, middle, np.nan), color=COLOURS[index], linewidth=1.4, label=label)
        axis.fill_between(at, np.maximum(middle - reach, 0.1), np.maximum(middle + reach, 0.1), color=COLOURS[index],
                          alpha=0.2, linewidth=0)
    axis.plot([hosts for hosts, _, _ in OBSERVED], [models for _, models, _ in OBSERVED], "o", color="#000000",
              markersize=5, label="observed")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_ylim(bottom=0.5)
    plain_ticks(axis, "x")
    plain_ticks(axis, "y")
    axis.set_xlabel("Hosts")
    axis.set_ylabel("Models with so many or more")
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.14), ncols=2)
    return figure
