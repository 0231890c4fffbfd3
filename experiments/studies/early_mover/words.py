"""Sentences of ``early_mover``, made from its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured
from experiments.studies.early_mover.measures import (
    ALIVE,
    ALIVE_STANDING,
    CUSTOMERS,
    LATE,
    LONG,
    PLACE_NAMES,
    SOON,
)
from experiments.studies.fall_of_run import fall_told

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return how the gap closes, what the inputs say of it, and who is left."""
    rows = folder.table(SUMMARY).set_index(["later", "quantity"])
    late, never = PLACE_NAMES[LATE], PLACE_NAMES[-1]

    def mean(later: str, name: str) -> float:
        return float(rows.loc[(later, name), "mean"])

    def told(later: str, name: str, factor: float = 1.0) -> str:
        return measured(mean(later, name), float(rows.loc[(later, name), "half_width"]), factor)

    return [
        fall_told(folder.parameters),
        f"Who moves first is at most {100.0 * mean(late, 'largest'):.1f} points of gross margin ahead of who decides "
        f"in {late}; {SOON} months after that one has moved {told(late, 'early_share')} of it is left, {LONG} months "
        f"after {told(late, 'lasting_share')}, {told(late, 'lasting_points', 100.0)} points.",
        f"With prices and customers as they were, which is what the inputs alone say, "
        f"{100.0 * mean(late, 'lasting_points, inputs alone'):.2f} points are left after {LONG} months.",
        f"At the end the firm of {late} has {told(late, CUSTOMERS)} of the customers, and one that never moves "
        f"{told(never, CUSTOMERS)}; {told(never, ALIVE)} of those are still there ({mean(never, ALIVE_STANDING):.2f} "
        "if none moves).",
    ]
