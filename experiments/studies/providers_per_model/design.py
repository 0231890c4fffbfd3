"""What ``providers_per_model`` asks: hosts of models whose demand is drawn, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.studies.providers_per_model.assumed import HostAssumptions
from experiments.verdicts.assumed_study import AssumedDesign


@dataclass(frozen=True)
class DrawnModels(AssumedDesign[HostAssumptions]):
    """How many draws of all models, with their demand and hosts."""
