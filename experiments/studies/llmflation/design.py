"""What ``llmflation`` asks: uses of which all is known, at the list prices of the built-in market's models."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.studies.llmflation.assumed import IndexAssumptions
from experiments.verdicts.assumed_study import AssumedDesign


@dataclass(frozen=True)
class KnownUses(AssumedDesign[IndexAssumptions]):
    """How many draws of uses, and of models that will come."""
