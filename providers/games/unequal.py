"""Price competition of sellers who are not alike: the equilibria to which the strategies' answers must lead.

Sellers of any costs and qualities meet in one number only, the sum of their attractions (an aggregative game: Selten
1970; Nocke and Schutz, Econometrica 2018). Given that sum each seller's share solves an equation of its own, whose root
falls as the sum rises; the shares add up to one at one sum. Two bisections therefore find the equilibrium, and there is
no other. No best response is computed on the way.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

_HALVINGS = 100

Curve = Callable[[np.ndarray], np.ndarray]


def logit_prices(
    costs: Sequence[float], values: Sequence[float], alpha: float, nest: float = 1.0
) -> np.ndarray:
    """Nash prices under nested logit (P6); float64 (sellers,).

    Parameters
    ----------
    costs, values
        Unit cost of each seller, and the price at which a customer of average taste is indifferent between its offer
        and nothing.
    alpha
        Utility lost for one unit of price.
    nest
        Dissimilarity in (0, 1]; 1 is the plain logit.
    """
    cost, value = np.array(costs, float), np.array(values, float)

    def prices(shares: np.ndarray, total: float) -> np.ndarray:
        inside = 1 / (1 + math.exp(-nest * total))  # of customers who buy at all
        asked: np.ndarray = cost + nest / alpha / (1 - (1 - nest) * shares - nest * shares * inside)
        return asked

    def shares_at(total: float) -> np.ndarray:
        return _root(lambda s: np.log(s) + total - alpha * (value - prices(s, total)) / nest, 1.0, len(cost))

    total = _whole(shares_at)
    return prices(shares_at(total), total)


def router_prices(costs: Sequence[float], exponent: float) -> np.ndarray:
    """Prices under a ``1/price^k`` router and fixed demand (P7); infinite unless ``k (1 - 1/N) > 1``, as in P3."""
    cost, count = np.array(costs, float), len(costs)
    if exponent * (1 - 1 / count) <= 1:
        return np.full(count, math.inf)
    most = 1 - 1 / exponent  # a seller with a larger share would charge more, whatever the others do

    def prices(shares: np.ndarray) -> np.ndarray:
        elasticity = exponent * (1 - shares)
        asked: np.ndarray = cost * elasticity / (elasticity - 1)
        return asked

    def shares_at(total: float) -> np.ndarray:
        return _root(lambda s: np.log(s) + total + exponent * np.log(prices(s)), most, count)

    return prices(shares_at(_whole(shares_at)))


def logit_joint_prices(costs: Sequence[float], values: Sequence[float], alpha: float) -> np.ndarray:
    """Prices of one owner of all offers under logit: the same margin on each, ``m = 1 / (alpha (1 - sum s))`` (P1)."""
    cost, value = np.array(costs, float), np.array(values, float)

    def excess(margin: np.ndarray) -> np.ndarray:
        # the customers who buy nothing are 1 / (1 + all attractions)
        over: np.ndarray = margin - (1 + np.exp(alpha * (value - cost - margin[:, None])).sum(axis=1)) / alpha
        return over

    most = (1 + np.exp(alpha * (value - cost)).sum()) / alpha
    joint: np.ndarray = cost + _root(excess, float(most), 1)
    return joint


def _root(rising: Curve, top: float, count: int) -> np.ndarray:
    """Root in (0, top) of each of some functions that rise from below zero, or ``top``: by bisection."""
    low, high = np.zeros(count), np.full(count, top)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = rising(middle) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    found: np.ndarray = (low + high) / 2
    return found


def _whole(shares_at: Callable[[float], np.ndarray]) -> float:
    """Log of the attractions' sum at which the shares, which fall with it, add up to one."""
    low, high = -1.0, 1.0
    while shares_at(low).sum() < 1:
        low *= 2
    while shares_at(high).sum() >= 1:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if shares_at(middle).sum() >= 1 else (low, middle)
    return (low + high) / 2
