"""Made-up worlds of two rules: one in which the efficient rule is stable, and one in which it is not."""

import numpy as np

from experiments.scenarios import load_market
from experiments.studies.invasion.design import HELD, NEW, Invasion, Meeting
from experiments.studies.invasion.measures import Invaded
from experiments.studies.invasion.sides import Side

CHEAP, LAX = "openrouter_floor", "litellm_least_busy"
NEWCOMERS = 0.05


def two_rules(stable: bool, seeds: int) -> Invaded:
    """Return a world in which a token costs 1 where all take the cheapest and 2 where nobody looks at prices.

    Parameters
    ----------
    stable
        Whether newcomers who do not look at prices leave those who do alone; otherwise all pay half as much again.
    seeds
        Replications, all alike.
    """
    prices = {Meeting(CHEAP, CHEAP): 1.0, Meeting(CHEAP, LAX): 1.0 if stable else 1.5, Meeting(LAX, CHEAP): 1.9,
              Meeting(LAX, LAX): 2.0}
    design = Invasion(load_market("invasion"), (CHEAP, LAX), seeds)
    return Invaded(design, {meeting: {
        HELD: _side(1.0 - NEWCOMERS, price, seeds), NEW: _side(NEWCOMERS, price, seeds)}
        for meeting, price in prices.items()})


def _side(share: float, price: float, seeds: int) -> Side:
    each, month = np.full(seeds, share), np.full((seeds, 1), share)
    return Side(each, each, price * month, 1e6 * month, price * each, each, each, each, each)
