"""Sentences of ``deepseek_day``, made from its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return how far rates, nodes and cost are from what was published."""
    rows = {str(row["figure"]): row for row in folder.table(SUMMARY).to_dict("records")}
    told = []
    for name in ("prefill, hits included", "decode", "nodes, mean", "cost"):
        row = rows[name]
        told.append(f"{name} {row['error']:+.0%} by closed form and {row['simulated_error']:+.0%} stepped through "
                    f"({measured(row['simulated'], row['half_width'])} {row['unit']} against {row['published']:g})")
    nodes = rows["nodes, mean"]
    return [f"With the exchange of tokens that was published: {'; '.join(told)}.",
            f"With published rates it is arithmetic: tokens over rates give {nodes['arithmetic']:.1f} nodes of the "
            f"{nodes['published']:.1f} published.",
            f"Decode stepped through with requests of random lengths does "
            f"{rows['decode']['simulated'] / rows['decode']['published_exchange'] - 1:+.1%} of the closed form."]
