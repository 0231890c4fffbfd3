"""Demand as a seller may believe in it, and the price that earns most against it."""

from collections.abc import Callable
from typing import Final

import numpy as np

Curve = Callable[[np.ndarray], np.ndarray]  # prices to values, elementwise

_POINTS: Final = 201
_ZOOMS: Final = 6
_STEPS: Final = np.arange(_POINTS)


def router_share(prices: np.ndarray, rivals: np.ndarray, exponent: float) -> np.ndarray:
    """Share of a fixed demand under a router that gives shares in proportion to ``price ** -exponent`` (E17).

    Parameters
    ----------
    prices
        Own prices to try, above 0.
    rivals
        Prices of the rivals, above 0, in the same unit.
    exponent
        The router's exponent.
    """
    if exponent == 0:
        return np.full(len(prices), 1 / (1 + len(rivals)))
    ratios = np.log(rivals[None, :] / prices[:, None])
    attractions = np.exp(np.minimum(-exponent * ratios, 600.0)).sum(axis=1)  # over the own one; bounded: no overflow
    share: np.ndarray = 1 / (1 + attractions)
    return share


def nested_logit_share(
    prices: np.ndarray, rivals: np.ndarray, alpha: float, value: float, nest: float = 1.0
) -> np.ndarray:
    """Share of all customers under nested logit: the offers are one nest, buying nothing is the other.

    Parameters
    ----------
    prices, rivals
        Own prices to try, and those of the rivals.
    alpha
        Utility lost for one unit of price.
    value
        Price at which a customer of average taste is indifferent between an offer and nothing.
    nest
        Dissimilarity in (0, 1]; 1 is the plain logit.
    """
    own = alpha * (value - prices) / nest
    others = alpha * (value - rivals) / nest
    top = np.maximum(own, others.max(initial=-np.inf))
    inside = np.exp(own - top) + np.exp(others[None, :] - top[:, None]).sum(axis=1)
    inclusive = nest * (top + np.log(inside))
    share: np.ndarray = np.exp(own - top) / inside * np.exp(-np.logaddexp(0.0, -inclusive))
    return share


def best_price(profit: Curve, low: float, high: float) -> float:
    """Return the price between ``low`` and ``high``, both above 0, that earns most (the lower of equals).

    A grid over the whole range, in equal ratios, then finer grids around its best point: no derivative, and no
    assumption of a single peak beyond the first grid's spacing. The result is good to about 1e-8 of itself,
    where profits cannot be told apart in double precision.
    """
    for _ in range(_ZOOMS):
        grid = _grid(low, high)
        best = int(np.argmax(profit(grid)))
        low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, _POINTS - 1)])
        if high - low <= 1e-9 * high:
            break
    return float(grid[best])


def _grid(low: float, high: float) -> np.ndarray:
    """Prices in equal ratios from ``low`` to ``high``, both above 0."""
    # `numpy.geomspace` to the bit, which takes eight times as long for what else it allows
    first, last = np.log10(low), np.log10(high)
    grid: np.ndarray = np.power(10.0, _STEPS * ((last - first) / (_POINTS - 1)) + first)
    grid[0], grid[-1] = low, high
    return grid
