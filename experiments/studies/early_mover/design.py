"""What ``early_mover`` runs: markets of five firms, each of which stands once in each place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from experiments.studies.early_mover.assumed import MoverAssumptions
from experiments.verdicts.assumed_study import AssumedDesign

MARKETS: Final = 40
MONTHS: Final = 48
LEAST_MONTHS: Final = 36  # the last firm decides in month 18, needs at most some months, and is looked at for a year


@dataclass(frozen=True)
class MoverMarkets(AssumedDesign[MoverAssumptions]):
    """How many markets are looked at, and for how long.

    Attributes
    ----------
    markets
        Of a seed; five races are run of each, so that every firm stands once in each place.
    months
        Of each race, at least 36.
    """

    least: ClassVar = {**AssumedDesign.least, "markets": 1, "months": LEAST_MONTHS}
    markets: int = MARKETS
    months: int = MONTHS
