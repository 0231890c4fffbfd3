"""Sentences of ``providers_per_model``, made from its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return each number that was not used beside what was observed."""
    rows = [row for row in folder.table(SUMMARY).to_dict("records") if row["role"] == "predicted"]
    told = [f"{row['fact']} {measured(row['mean'], row['half_width'])} ({row['observed']:g} observed, "
            f"{row['at_equal_demand']:g} at equal demand)" for row in rows]
    return [f"With the mean alone set: {'; '.join(told)}."]
