"""Sentences of ``elasticities``, made from its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.output.folder import SUMMARY
from experiments.report.numbers import measured
from experiments.studies.elasticities.estimators import routed_from_slope
from experiments.studies.elasticities.measures import PUBLISHED

if TYPE_CHECKING:
    from experiments.output.folder import Folder


def sentences(folder: Folder) -> list[str]:
    """Return what the regressions say, what is true, and what the published slope says of what is routed."""
    rows = {str(row["estimate"]): row for row in folder.table(SUMMARY).to_dict("records")}
    platform = folder.parameters["assumed"]["platform"]

    def told(name: str) -> str:
        return measured(rows[name]["mean"], rows[name]["half_width"])

    plain, levels = rows["least squares, as published"], rows["in levels, rents"]
    return [
        f"Where demand's own slope is {plain['truth']:.2f}, the published regression finds "
        f"{told('least squares, as published')}, and {told('least squares, no rule')} once the router places all at "
        f"random; prices moved by rents give {told('prices moved by rents')}, and demand alone, from the experiment, "
        f"is found as {told('routed at random')}.",
        f"{levels['truth']:.3f} of requests are routed by the rule; in levels that is found as "
        f"{told('in levels, rents')}, from the slope as {told('-slope / k, rents')}, and by who takes the "
        f"slope for an own elasticity as {told('-slope / (k (1 - 1/N))')}.",
        f"The published slope of {PUBLISHED:g} says by itself, at k = {platform['exponent']:g}, that "
        f"{routed_from_slope(PUBLISHED, platform['exponent']):.3f} is routed.",
    ]
