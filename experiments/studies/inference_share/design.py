"""What ``inference_share`` runs: points over the ranges of all assumptions, for each of which a date is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from experiments.studies.inference_share.assumed import ShareAssumptions
from experiments.verdicts.assumed_study import AssumedDesign

POINTS: Final = 200
HORIZON_YEARS: Final = 30.0


@dataclass(frozen=True)
class BudgetYears(AssumedDesign[ShareAssumptions]):
    """How many dates are found.

    Attributes
    ----------
    points_a_seed
        At least 2.
    horizon_years
        A crossing later than this is none.
    """

    least: ClassVar = {**AssumedDesign.least, "points_a_seed": 2}
    points_a_seed: int = POINTS
    horizon_years: float = HORIZON_YEARS
