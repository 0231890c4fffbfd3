"""What ``price_war`` asks: seasons of posted prices over the whole grid, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.studies.price_war.assumed import PriceWarAssumptions
from experiments.verdicts.assumed_study import AssumedDesign


@dataclass(frozen=True)
class PriceWar(AssumedDesign[PriceWarAssumptions]):
    """How many seeds of all seasons."""
