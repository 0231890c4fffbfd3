"""Worlds of one closed and one open model whose prices are known: what the rule must make of them is worked by hand.

Uses have worths spread evenly from 0 to 1 of a point of quality. The open model costs nothing and is sold for that; a
closed one that is better by d, and costs nothing to serve, sells best at half of d to half of the uses, and earns d/4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.studies.open_gap.design import FIXED, LagCell
from experiments.studies.open_gap.measures import ClosedOutcome, FoundGap
from experiments.studies.open_gap.price_answers import DemandNow

if TYPE_CHECKING:
    from experiments.studies.open_gap.assumed import GapAssumptions

USES: Final = 4000
LIST_USD: Final = 1.0  # of a request of a closed model: prices that are tried go from a tenth of it to eight times it
A_MONTH: Final = 0.05  # points of quality that a month's lag is
CLOSED: Final = 3.0


def profit(better: float, everybody: float = 0.0) -> float:
    """Return a creator's best profit of a use, USD.

    Parameters
    ----------
    better
        How much the closed model is better than the open one.
    everybody
        What it is worth more to every use besides, whatever its worth: a name.
    """
    worth = (np.arange(USES) + 0.5) / USES
    utility = np.column_stack([worth * CLOSED + everybody, worth * (CLOSED - better)])
    demand = DemandNow(utility, np.column_stack([np.full(USES, LIST_USD), np.zeros(USES)]), np.full(USES, 1.0 / USES))
    zeros = np.zeros(2)
    return max(demand.profits(np.array([0]), zeros, zeros, 1.0)) / LIST_USD


def known(assumed: GapAssumptions, seeds: int, name: float, without: float) -> FoundGap:
    """Return a world in which a closed model's name counts, and what it has over open ones without a name.

    Parameters
    ----------
    assumed
        The lags.
    seeds
        How many, all alike.
    name, without
        What a closed model is worth more to every use, with brand and without, USD.
    """
    outcomes = {}
    for months in (assumed.behind.months, assumed.behind.long_months):
        for has_brand, worth in ((True, name), (False, without)):
            earned = profit(A_MONTH * months, worth)
            one = ClosedOutcome(earned, earned, earned, 0.5, 1.0, 1.0, 1.0)
            outcomes[LagCell(months, has_brand=has_brand)] = [one] * seeds
            outcomes[LagCell(months, pricing=FIXED, has_brand=has_brand)] = [one] * seeds
        alone = ClosedOutcome(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
        outcomes[LagCell(months, has_open=False)] = [alone] * seeds
    return FoundGap(assumed, outcomes)
