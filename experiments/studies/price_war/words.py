"""Sentences of ``price_war``, made from its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured
from experiments.studies.price_war.war_cells import RULES

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return what rules make of prices, and what entry makes of what is above cost."""
    rows = {str(row["quantity"]): row for row in folder.table(SUMMARY).to_dict("records")}

    def told(name: str) -> str:
        row: dict[str, Any] = rows[name]
        return f"{measured(row['mean'], row['half_width'])} ({row['inputs_alone']:.3g} from the inputs alone)"

    entry = "; ".join(f"{rule}: {told(f'hosts under free entry: {rule}')} hosts, "
                      f"{told(f'markup turned into idle cost: {rule}')} of the markup idle" for rule in RULES)
    return [f"The rule's main effect is {told('variance due to: rule')} of the variance of log prices.",
            f"Under free entry, all demand being routed, {entry}."]
