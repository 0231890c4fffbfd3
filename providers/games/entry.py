"""Free entry: how many sellers a market can carry."""

import math
from collections.abc import Callable

from providers.games.bertrand import logit_nash, logit_share, router_nash
from providers.pricing.registry import PricingError


def free_entry(profit: Callable[[int], float], fixed_cost: float, most: int = 10_000) -> int:
    """Return the largest number of sellers at which each still earns its fixed cost; 0 if not even one does.

    Sellers enter one by one while the next one would earn enough, as profit falls with their number. Where a
    profit is infinite (no equilibrium price) the next one enters.

    Raises
    ------
    PricingError
        If more than ``most`` sellers would enter.
    """
    entered = 0
    while profit(entered + 1) >= fixed_cost:
        entered += 1
        if entered >= most:
            raise PricingError(f"fixed_cost is {fixed_cost!r}: more than {most} sellers enter; it must be higher")
    return entered


def router_profit(sellers: int, demand: float, cost: float, exponent: float) -> float:
    """Profit of each under a ``1/price^k`` router at its symmetric price; infinite where there is none."""
    price = router_nash(sellers, cost, exponent)
    return (price - cost) * demand / sellers if math.isfinite(price) else math.inf


def router_entry(demand: float, cost: float, exponent: float, fixed_cost: float) -> float:
    """Closed form for ``k > 1``: ``N = (demand cost / fixed_cost + k) / (k - 1)``, as a real number (P5).

    At the symmetric price a seller earns ``D c / (N (k - 1) - k)``.
    """
    return (demand * cost / fixed_cost + exponent) / (exponent - 1)


def logit_profit(sellers: int, cost: float, alpha: float, value: float) -> float:
    """Profit of each at the logit Nash price, for a mass 1 of customers."""
    price = logit_nash(sellers, cost, alpha, value)
    return (price - cost) * logit_share(price, sellers - 1, alpha, value)
