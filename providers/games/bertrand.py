"""Price competition: closed forms, and the market's own best responses that must arrive there.

Sources of the formulas: Train 2009 (logit, nested logit); Anderson, de Palma and Thisse 1992 (logit Bertrand);
the router's equilibrium is derived in docs/market/pricing.md.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from providers.games.repeated import GAME_TARIFF, GameRules, of_each, play
from providers.pricing.demand import best_price, nested_logit_share
from providers.pricing.registry import bind
from sim.scenario.pricing_settings import PricingChoice


class Outcome(NamedTuple):
    """Where best responses end.

    Attributes
    ----------
    prices
        float64 (sellers,): last prices.
    settled
        Whether the last round moved no price by more than a millionth of itself (the grid allows two steps).
    at_ceiling
        Whether a seller ended at its highest allowed price: the unbounded game has no such equilibrium.
    rounds
        Rounds that were played.
    """

    prices: np.ndarray
    settled: bool
    at_ceiling: bool
    rounds: int

    @property
    def divergent(self) -> bool:
        """Whether prices went up to the ceiling, or were still moving at the end."""
        return self.at_ceiling or not self.settled


def respond(choice: PricingChoice, rules: GameRules, start: list[float], ceiling: float, rounds: int = 200) -> Outcome:
    """Let sellers of one best-response strategy answer each other in turn until prices stand still.

    Parameters
    ----------
    choice
        Kind and parameters of the strategy; a game's fine grid and the ceiling are added.
    rules
        Costs, qualities and the router's exponent.
    start
        First price of each seller.
    ceiling
        Highest price of a seller, in units of its cost.
    rounds
        Most rounds.
    """
    given = {**GAME_TARIFF, "ceiling_markup": ceiling, **choice.parameters}
    sellers = [bind(PricingChoice(kind=choice.kind, **given)) for _ in start]
    prices, settled, played = np.array(start), False, 0
    while not settled and played < rounds:
        path = play(sellers, rules, list(prices), len(start))
        settled = bool(np.all(np.abs(path[-1] - prices) <= 2e-6 * prices))
        prices, played = path[-1], played + 1
    top = ceiling * of_each(rules.cost, len(start), "cost") * (1 - 1e-6)
    return Outcome(prices, settled, bool(np.any(prices >= top)), played)


def logit_share(price: float, others: int, alpha: float, value: float, nest: float = 1.0) -> float:
    """Share of one of ``1 + others`` sellers that all charge ``price``."""
    return float(nested_logit_share(np.array([price]), np.full(others, price), alpha, value, nest)[0])


def logit_nash(sellers: int, cost: float, alpha: float, value: float, nest: float = 1.0) -> float:
    """Symmetric Nash price under nested logit (P1, P2): root of ``p = c + (nest/alpha) / (1 - (1 - nest)/n - nest s)``.

    ``nest = 1`` is the plain logit, ``p = c + 1 / (alpha (1 - s))``.
    """
    def excess(price: float) -> float:
        share = logit_share(price, sellers - 1, alpha, value, nest)
        return cost + (nest / alpha) / (1 - (1 - nest) / sellers - nest * share) - price

    return _root(excess, cost, cost + max(value, cost) + 50 / alpha)


def logit_joint(sellers: int, cost: float, alpha: float, value: float) -> float:
    """Price of one owner of all offers under logit: root of ``p = c + 1 / (alpha (1 - n s))`` (P1)."""
    def excess(price: float) -> float:
        return cost + 1 / (alpha * (1 - sellers * logit_share(price, sellers - 1, alpha, value))) - price

    return _root(excess, cost, cost + max(value, cost) + 50 / alpha)


def logit_joint_searched(sellers: int, cost: float, alpha: float, value: float) -> float:
    """The same by search: the common price that earns most (``best_price``, as the strategies use it)."""
    def profit(prices: np.ndarray) -> np.ndarray:
        shares = np.array([logit_share(float(price), sellers - 1, alpha, value) for price in prices])
        earned: np.ndarray = (prices - cost) * shares
        return earned

    return best_price(profit, cost, 10 * cost)


def router_nash(sellers: int, cost: float, exponent: float, routed: float = 1.0) -> float:
    """Symmetric price of a ``1/price^k`` router, fixed demand (P3): ``c e / (e - 1)``, ``e = routed k (1 - 1/N)``.

    Infinite where ``e <= 1``: whatever the others charge, each would charge more. With ``routed < 1`` it is a local
    equilibrium only, see ``router_escape``.
    """
    elasticity = routed * exponent * (1 - 1 / sellers)
    return cost * elasticity / (elasticity - 1) if elasticity > 1 else math.inf


def router_escape(sellers: int, cost: float, exponent: float, routed: float) -> float:
    """Ceiling above which a seller leaves ``router_nash`` to live on customers who are not routed.

    At the symmetric price ``p`` each earns ``(p - c) / N``; at a ceiling ``r`` far above, nearly
    ``(r - c)(1 - routed) / N`` plus its rest of routed demand. Root of their difference; infinite for ``routed = 1``.
    """
    price = router_nash(sellers, cost, exponent, routed)
    if routed >= 1 or not math.isfinite(price):
        return price if not math.isfinite(price) else math.inf

    def gain(ceiling: float) -> float:
        rest = routed / (1 + (sellers - 1) * (ceiling / price) ** exponent)
        return float((ceiling - cost) * (rest + (1 - routed) / sellers) - (price - cost) / sellers)

    low = price * (1 + 1e-3)
    high = cost + (price - cost) / (1 - routed)  # there unrouted customers alone pay as much
    while gain(low) >= 0 and low < high:
        low *= 1.001
    return _root(gain, low, high)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Root of a function that changes sign between two points, by bisection."""
    sign = function(low) > 0
    for _ in range(100):
        middle = (low + high) / 2
        if (function(middle) > 0) == sign:
            low = middle
        else:
            high = middle
    return (low + high) / 2
