"""What the rule of the climb compares: mix over mix and volume, of the cells in which it is least and most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from experiments.studies.bills import extreme
from experiments.studies.climb.design import CONTROLS, FIRST_DAY, NULL, UNMOVED, ClimbCell
from experiments.studies.climb.measures import Found

if TYPE_CHECKING:
    from pandas import DataFrame

SHARE: Final = "climb_share"
MOVED: Final = tuple(name for name in CONTROLS if name != UNMOVED)  # whom a fall gives a reason to move
Cells = Mapping[tuple[ClimbCell, int], Sequence[float]]  # by cell and day: the share of each seed


def shares(frame: DataFrame, controls: Iterable[str]) -> Cells:
    """Return mix over mix and volume by cell and day, one a seed; the base of each kind of customers is left out."""
    wanted, found = set(controls), {}
    rows = frame[(frame["metric"] == SHARE) & frame["control"].isin(wanted)]
    for (control, divisor, path, day), part in rows.groupby(["control", "divisor", "path", "after_days"], sort=False):
        first = frame.loc[frame["control"] == control, "divisor"].iloc[0]
        if divisor != first:
            found[ClimbCell(control, divisor, path), int(day)] = part["value"].tolist()
    return found


def statistics(found: Found) -> dict[str, Sequence[float]]:
    """Return what the rule compares."""
    cells = shares(found.frame, MOVED)
    return {"least_share": extreme(cells, 1), "most_share": extreme(cells, -1)}


def control(found: Found) -> Sequence[float]:
    """Return the control's share, of the cell in which it is farthest from 0: by E131 nobody moves."""
    cells = shares(found.frame, [NULL])
    return max(cells.values(), key=lambda values: abs(sum(values)), default=[])


def by_rung(found: Found) -> dict[str, Sequence[float]]:
    """Return the least and the most share of the first day's choices at list prices, and of demand over time."""
    alone, all_ = shares(found.frame, [FIRST_DAY]), statistics(found)
    return {"L0 least share: choices of the first day at list prices, in money and within budgets": extreme(alone, 1),
            "L0 most share": extreme(alone, -1), "L1 least share: demand at list prices": all_["least_share"],
            "L1 most share": all_["most_share"]}


def above(cells: Cells, limit: float = 0.5) -> list[tuple[ClimbCell, int]]:
    """Return the cells, with their days, whose mean share is above a limit."""
    return [cell for cell, values in cells.items() if values and sum(values) / len(values) > limit]
