"""Sentences of ``early_mover``, made from its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured
from experiments.studies.early_mover.measures import LATE, LONG, PLACE_NAMES, SOON
from experiments.studies.fall_of_run import fall_told

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return how the gap closes, what the inputs say of it, and who is left."""
    rows = folder.table(SUMMARY).set_index("later")
    late, never = rows.loc[PLACE_NAMES[LATE]], rows.loc[PLACE_NAMES[-1]]

    def told(row: str, name: str, factor: float = 1.0) -> str:
        return measured(float(rows.loc[row, name]), float(rows.loc[row, f"{name}_half_width"]), factor)

    name = str(late.name)
    return [
        fall_told(folder.parameters),
        f"Who moves first is at most {100.0 * float(late['largest_gap']):.1f} points of gross margin ahead of who "
        f"decides in {name}; {SOON} months after that one has moved {told(name, 'early_share')} of it is left, {LONG} "
        f"months after {told(name, 'lasting_share')}, {told(name, 'lasting_points', 100.0)} points.",
        f"With prices and customers as they were, which is what the inputs alone say, "
        f"{100.0 * float(late['lasting_points_inputs_alone']):.2f} points are left after {LONG} months.",
        f"At the end the firm of {name} has {told(name, 'customers')} of the customers, and one that never moves "
        f"{told(PLACE_NAMES[-1], 'customers')}; {told(PLACE_NAMES[-1], 'alive')} of those are still there "
        f"({float(never['alive_if_none_moves']):.2f} if none moves).",
    ]
