"""Sellers under a rule whose weights fall along a drawn curve: no common price holds, and best answers cycle.

Whoever is a little dearer than the best keeps most of its weight, whoever is 30 % dearer hardly any, and a share of the
draws goes to everybody: a seller alone far above lives on exploration, one just below takes what the others lose.
"""

from typing import NamedTuple

import numpy as np

from providers.games.repeated import GAME_TARIFF, GameRules, play
from providers.pricing.registry import bind
from providers.pricing.sold_through import PriceRule, Rules, share_under
from sim.price_response import DrawnCurve
from sim.scenario.pricing_settings import PricingChoice

TRIED = 2001  # prices of a seller that thinks of leaving


class Cycle(NamedTuple):
    """Where best answers in turn go on, after the first quarter of the moves.

    Attributes
    ----------
    paid
        Mean over moves of the price that customers pay, over unit cost: each seller's counts by its share.
    lowest, highest
        Prices seen, over unit cost.
    """

    paid: float
    lowest: float
    highest: float


def cycle(sellers: int, curve: DrawnCurve, ceiling: float = 10.0, rounds: int = 60) -> Cycle:
    """Let equal sellers answer each other in turn, price being all that tells them apart.

    Parameters
    ----------
    sellers
        How many.
    curve
        The rule; its cost of speed does not count, since all are as fast.
    ceiling
        Highest price over unit cost.
    rounds
        How often each answers.
    """
    rule = PriceRule(1.0, curve=curve._replace(speed_cost=0.0))
    choice = PricingChoice(kind="best_response_router", ceiling_markup=ceiling, **GAME_TARIFF)
    path = play([bind(choice) for _ in range(sellers)], GameRules(sold_through=Rules((rule,))), [3.0] * sellers,
                rounds * sellers)
    later = path[len(path) // 4:]
    paid = [sum(float(share_under(rule, row[i:i + 1], np.delete(row, i))[0]) * row[i] for i in range(sellers))
            for row in later]
    return Cycle(float(np.mean(paid)), float(later.min()), float(later.max()))


def gain_of_leaving(sellers: int, curve: DrawnCurve, price: float, ceiling: float = 10.0) -> float:
    """What the best other price earns a seller over what the common one does, with unit cost 1; 1 is an equilibrium."""
    rule = PriceRule(1.0, curve=curve._replace(speed_cost=0.0))
    tried = np.geomspace(1.0, ceiling, TRIED)
    earned = (tried - 1.0) * share_under(rule, tried, np.full(sellers - 1, price))
    return float(earned.max() / ((price - 1.0) / sellers))
