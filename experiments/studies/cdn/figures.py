"""The figure of the study of shared pools: what is saved by how many tenants, and waits beside a bursting neighbour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.output.figure_style import COLOURS, panels, save_both, styled
from experiments.stats.intervals import interval
from experiments.studies.cdn.design import ALONE, MANY, NEIGHBOUR, SHARED, Cell
from experiments.studies.cdn.measures import PoolsFound
from experiments.studies.cdn.square_root import load_of, slots_needed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TENANTS: Final = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500, 1000)  # of the closed form
THRESHOLDS: Final = {"supported": 0.25, "contradicted": 0.10}


def draw(found: PoolsFound, folder: Path) -> None:
    """Draw ``cdn.svg``, ``.pdf`` and ``.png``."""
    with styled():
        save_both(lambda columns: figure_of(found, columns), folder / "cdn")


def figure_of(found: PoolsFound, columns: int) -> Figure:
    """Return both panels, side by side or one below the other."""
    figure, axes = panels(2, columns)
    _savings(axes[0], found)
    _waits(axes[1], found)
    return figure


def _savings(axis: Axes, found: PoolsFound) -> None:
    limit = found.assumed.ttft_s
    levels = sorted({cell.correlation for cell in found.needed} | {1.0})
    for level, colour in zip(levels, COLOURS, strict=False):
        assumed = found.assumed.model_copy(update={"correlation": level})
        alone = slots_needed(load_of(assumed, 1), limit)
        lines = [1 - slots_needed(load_of(assumed, number), limit) / (number * alone) for number in TENANTS]
        axis.plot(TENANTS, [100 * share for share in lines], color=colour, linewidth=1.4,
                  label=f"correlation {level:g}")
        cells = [cell for cell in found.needed if cell.tenancy == SHARED and (cell.correlation == level)]
        seen = [interval(found.saving(cell)) for cell in cells]
        axis.errorbar([cell.tenants for cell in cells], [100 * it.mean for it in seen],
                      yerr=[100 * it.half_width for it in seen], fmt="o", color=colour, markersize=5, capsize=3)
    for said, share in THRESHOLDS.items():
        axis.axhline(100 * share, color="#555555", linewidth=1, linestyle=":")
        axis.text(1000, 100 * share + 0.7, f"{said} {'above' if said == 'supported' else 'below'}", fontsize=8,
                  ha="right", color="#555555")
    axis.set_xscale("log")
    axis.set_xlabel("Tenants of a pool")
    axis.set_ylabel("Capacity saved (%)")
    axis.set_title("Lines: inputs alone; dots: simulated", loc="left", fontsize=10)
    axis.legend(fontsize=8, loc="upper left")
    axis.set_ylim(top=axis.get_ylim()[1] * 1.25)


def _waits(axis: Axes, found: PoolsFound) -> None:
    mine = found.assumed.correlation
    for tenancy, colour in zip((ALONE, SHARED, NEIGHBOUR), COLOURS, strict=False):
        cell = Cell(tenancy, 1 if tenancy == ALONE else MANY, mine)
        frame = found.waits
        its = frame[(frame["tenancy"] == tenancy) & (frame["tenants"] == cell.tenants)
                    & (frame["correlation"] == mine)]
        groups = [(slots / cell.tenants, interval(of["ttft_p99_s"].tolist())) for slots, of in its.groupby("slots")]
        axis.errorbar([slots for slots, _ in groups], [it.mean for _, it in groups],
                      yerr=[it.half_width for _, it in groups], color=colour, fmt="o-", markersize=4, linewidth=1.2,
                      capsize=3, label=tenancy if cell.tenants == 1 else f"{cell.tenants} tenants, {tenancy}")
    axis.axhline(found.assumed.ttft_s, color="#555555", linewidth=1, linestyle=":", label="the tenants' limit")
    axis.set_yscale("log")
    axis.set_ylim(found.assumed.step_s, 10 * axis.get_ylim()[1])  # room for the legend
    axis.set_xlabel("Slots a tenant")
    axis.set_ylabel("p99 of the time to the first token (s)")
    axis.set_title(f"Correlation {mine:g}", loc="left", fontsize=10)
    axis.legend(fontsize=8, loc="upper right")
