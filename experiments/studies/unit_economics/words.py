"""Sentences of ``unit_economics``, made from its tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured
from experiments.studies.fall_of_run import fall_told

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return how wrong forecasts are and why, what the best path saves, and from which volume GPUs pay."""
    rows = folder.table(SUMMARY).set_index("quantity")

    def told(name: str, factor: float = 1.0) -> str:
        return measured(float(rows.loc[name, "mean"]), float(rows.loc[name, "half_width"]), factor)

    even = folder.table("break_evens.csv")
    today = even[even["months_ahead"] == 0.0]
    first = today[today["against"] == "closed"].set_index("path")["billion_tokens_a_month"]
    none = [f"{row['path']} against {row['against']}" for row in today.to_dict("records")
            if math.isinf(float(row["billion_tokens_a_month"]))]
    return [
        fall_told(folder.parameters),
        f"What tokens cost a customer is off by a factor of {math.exp(float(rows.loc['error', 'mean'])):.2f} in the "
        f"median (logarithm {told('error')}); {told('share of founders off by half or more')} of founders are off by "
        f"half or more, and {told('share who pay more than they forecast')} pay more than they forecast.",
        f"Mean logarithms by cause: price {told('mean ln(actual/naive), price')}, volume "
        f"{told('mean ln(actual/naive), volume')}, model {told('mean ln(actual/naive), model')}.",
        f"The best path has {told('best_gain', 100.0)} points of gross margin more than their own in the median; "
        f"margins are {told('gross margin, today')} today and {told('gross margin, in a year')} in a year, where .45 "
        "and .52 are published of AI products.",
        f"Against the closed model dedicated GPUs pay from {first['dedicated']:.3g} and owned ones from "
        f"{first['owned']:.3g} billion tokens a month today"
        + (f"; at no volume: {', '.join(none)}." if none else "."),
    ]
