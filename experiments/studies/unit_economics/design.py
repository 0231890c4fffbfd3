"""What ``unit_economics`` asks: founders who are drawn, a year of their costs, and what each path would have cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from experiments.studies.unit_economics.assumed import FounderAssumptions
from experiments.verdicts.assumed_study import AssumedDesign

FOUNDERS: Final = 400


@dataclass(frozen=True)
class FounderYears(AssumedDesign[FounderAssumptions]):
    """How many founders a seed; as many of each stage, as nearly as can be.

    Attributes
    ----------
    founders
        At least 5.
    """

    least: ClassVar = {**AssumedDesign.least, "founders": 5}
    founders: int = FOUNDERS
