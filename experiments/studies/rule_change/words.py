"""Sentences of ``rule_change``, made from its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured
from experiments.studies.rule_change.best_answers import NEW, OLD

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return what becomes of prices, batches and speeds, and who gains."""
    rows = {(str(row["quantity"]), str(row["arm"])): row for row in folder.table(SUMMARY).to_dict("records")}

    def told(name: str, arm: str) -> str:
        row: dict[str, Any] = rows[name, arm]
        return measured(row["mean"], row["half_width"])

    def both(name: str) -> str:
        return f"{told(name, OLD)} under 1/p² and {told(name, NEW)} under the new rule"

    gain = "value of time from which customers gain"
    return [f"Price paid over the least cost is {both('price paid over the least cost')}; of reviews "
            f"{both('reviews that move a price')} move a price.",
            f"Batches are {both('batch, geometric mean')}, and speeds {both('speed')} tokens a second.",
            f"Customers gain from {told(gain, NEW)} USD an hour on; the rule takes an hour to be worth "
            f"{rows['price of waiting in the rule', NEW]['mean']:.3g} USD."]
