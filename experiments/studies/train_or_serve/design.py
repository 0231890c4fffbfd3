"""What ``train_or_serve`` runs: a lab's two years under five kinds of split, and pure hosts beside it, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from experiments.studies.train_or_serve.assumed import FleetAssumptions
from experiments.verdicts.assumed_study import AssumedDesign
from sim.errors import ScenarioError

STEP_HOURS: Final = 2
COARSE_HOURS: Final = 4


@dataclass(frozen=True)
class FleetYears(AssumedDesign[FleetAssumptions]):
    """How finely a lab's years are looked at.

    Attributes
    ----------
    step_hours
        In which demand and split are constant; it divides a day.
    """

    least: ClassVar = {**AssumedDesign.least, "step_hours": 1}
    step_hours: int = STEP_HOURS

    def __post_init__(self) -> None:
        """Check the design."""
        super().__post_init__()
        if 24 % self.step_hours:
            raise ScenarioError(f"step_hours is {self.step_hours}, but must divide a day of 24")
