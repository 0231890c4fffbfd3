"""What firms that sell software ask: Bertrand competition under logit, each knowing its share of those who look.

    (E141)  P_j = c_j + 1 / (alpha (1 - s_j)),     s_j = sum_i n_i s_ij / sum_i n_i

over groups i of customers who look, those of each firm and those who have none. At psi = 0 all groups are alike, and
these are the Nash prices of plain logit. With psi a firm does not tell who is held from who is
not: best responses that do so did not settle at a part of the ranges (docs/market/downstream.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sim.errors import MarketError
from sim.market.downstream.software_demand import choice_shares

if TYPE_CHECKING:
    from sim.market.downstream.software_demand import SoftwareTaste

CLOSE: Final = 1e-10  # of a price, in units of 1 / alpha
ROUNDS: Final = 2000


class SoftwareSales(NamedTuple):
    """What firms compete with and for; leading axes are markets.

    Attributes
    ----------
    costs
        Of serving a customer for a month, float64 (..., firms).
    tastes
        xi of each firm, float64 (..., firms); -inf of one that is no longer there.
    looking
        Customers who look, float64 (..., firms + 1): those of each firm, then those who have none.
    """

    costs: np.ndarray
    tastes: np.ndarray
    looking: np.ndarray


def best_responses(prices: np.ndarray, sales: SoftwareSales, taste: SoftwareTaste) -> np.ndarray:
    """Return the right side of E141 at some prices, float64 (..., firms)."""
    alpha = _per_market(taste.alpha, prices)
    return np.asarray(sales.costs + 1.0 / (alpha * (1.0 - sold_shares(prices, sales, taste))))


def sold_shares(prices: np.ndarray, sales: SoftwareSales, taste: SoftwareTaste) -> np.ndarray:
    """Return which share of those who look takes each firm at some prices, float64 (..., firms)."""
    shares = choice_shares(sales.tastes - _per_market(taste.alpha, prices) * prices, taste.switching)
    everybody = sales.looking.sum(axis=-1)[..., None]
    return np.asarray((sales.looking[..., :, None] * shares).sum(axis=-2) / np.where(everybody > 0.0, everybody, 1.0))


def software_prices(sales: SoftwareSales, taste: SoftwareTaste, start: np.ndarray | None = None) -> np.ndarray:
    """Return prices of which each answers the others (E141), float64 (..., firms).

    Parameters
    ----------
    sales
        What firms compete with and for.
    taste
        What customers weigh; its ``level`` is in the tastes already.
    start
        Prices from which the way begins, such as last month's; cost plus 1 / alpha by default.

    Raises
    ------
    MarketError
        If no such prices are found.
    """
    alpha = _per_market(taste.alpha, sales.costs)
    prices = np.array(sales.costs + 1.0 / alpha if start is None else start, float)
    for _ in range(ROUNDS):
        left = 1.0 - sold_shares(prices, sales, taste)
        change = sales.costs + 1.0 / (alpha * left) - prices
        # a margin falls by s / (1 - s) of a rise of the own price, so that this is Newton's step, firm by firm
        prices += left * change
        if np.abs(alpha * change).max() < CLOSE:
            return prices
    raise MarketError(f"no prices of software were found at which every firm answers the others, in {ROUNDS} rounds")


def alpha_of_margin(margin: float | np.ndarray, looking: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the alpha at which an equal firm's price leaves so much over cost, 1 / (m (1 - s)) (E143).

    Parameters
    ----------
    margin
        m, price less cost.
    looking, shares
        Customers who look by group, and the share of each that takes the firm, float64 (groups,).
    """
    return np.asarray(1.0 / (np.asarray(margin) * (1.0 - float(looking @ shares / looking.sum()))))


def _per_market(value: float | np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return a number of each market so that it stands beside its firms."""
    number = np.asarray(value, float)
    return number[..., None] if number.ndim and number.ndim < like.ndim else number
