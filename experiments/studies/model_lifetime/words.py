"""Sentences of ``model_lifetime``, made from its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return how long models live, how many pay, and what serving changes about their size."""
    rows = {str(row["quantity"]): row for row in folder.table(SUMMARY).to_dict("records")}

    def told(name: str) -> str:
        return measured(rows[name]["mean"], rows[name]["half_width"])

    median = folder.table("sizes.csv").set_index("served").loc["median"]
    return [
        f"Of {told('models looked at')} models a seed the median one has lost half of its peak {told('median life')} "
        f"months after its release; {told('short_lived')} of them had not earned their cost by then "
        f"({told('short_lived, closed models')} of the closed, {told('short_lived, open models')} of the open ones). "
        f"Whether {told('of these, open whether they pay')} do is open.",
        f"Profit over cost, less 1, is {told('median_return')} in the median over that life, "
        f"{told('median return within a month')} within one month and {told('median return within a year')} within a "
        f"year; were spend shared evenly by all models on sale it would be "
        f"{told('median return, spend shared evenly')}.",
        f"A model that serves {median['served_t']:.3g} T tokens is cheapest at {median['size_over_hoffmann']:.2f} of "
        f"the size and {median['tokens_over_hoffmann']:.2f} of the training tokens that are best if none is served, "
        f"which saves {median['saved_share']:.1%} of both together.",
    ]
