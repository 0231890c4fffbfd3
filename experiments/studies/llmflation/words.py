"""Sentences of ``llmflation``, made from its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured
from experiments.studies.llmflation.measures import CHEAPEST, TRUE

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return by what each index falls a year beside the true cost of living."""
    rows = folder.table(SUMMARY).to_dict("records")
    falls = {str(row["index"]): measured(row["divided_by_a_year"], row["half_width"]) for row in rows}
    others = ", ".join(f"{name} by {fall}" for name, fall in falls.items() if name not in (TRUE, CHEAPEST))
    return [f"The true cost of living is divided by {falls[TRUE]} a year; the cheapest price of a constant quality by "
            f"{falls[CHEAPEST]}; {others}."]
