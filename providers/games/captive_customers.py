"""Captives and shoppers: customers who are pinned to a seller, and customers who take the cheapest (Varian 1980).

There is no equilibrium in single prices: whoever is cheapest alone would raise its price, whoever ties would undercut.
All draw from one distribution, so that dispersion is what the model predicts. Equations P9 of docs/market/pricing.md.
"""

from typing import NamedTuple

import numpy as np

from providers.pricing.captives import margin_share
from providers.pricing.registry import PricingError


class Captives(NamedTuple):
    """A market of equal sellers.

    Attributes
    ----------
    sellers
        How many, at least 2.
    cost, ceiling
        Unit cost, and the most that customers pay.
    pinned
        Demand of all captives together; each seller has an equal part of them.
    shopping
        Demand of those who take the cheapest.
    """

    sellers: int
    cost: float
    ceiling: float
    pinned: float
    shopping: float


def lowest_price(market: Captives) -> float:
    """Return the lowest price that anybody posts: all shoppers there are worth what the captives are at the ceiling."""
    return float(price_at(market, np.zeros(1))[0])


def price_at(market: Captives, share: np.ndarray) -> np.ndarray:
    """Return the price below which a ``share`` of all posted prices lies (P9), float64 as ``share``."""
    _check(market)
    pinned = market.pinned / (market.pinned + market.shopping)
    margin = margin_share(np.asarray(share, float), market.sellers - 1, pinned)
    return np.asarray(market.cost + (market.ceiling - market.cost) * margin)


def share_below(market: Captives, prices: np.ndarray) -> np.ndarray:
    """Return the share of posted prices at or below each price (P9 turned round), float64 as ``prices``."""
    low = lowest_price(market)
    inside = np.clip(np.asarray(prices, float), low, market.ceiling)
    above = market.pinned * (market.ceiling - inside) / (market.sellers * market.shopping * (inside - market.cost))
    return np.asarray(1.0 - np.clip(above, 0.0, 1.0) ** (1.0 / (market.sellers - 1)))


def profit(market: Captives) -> float:
    """Return what each seller earns at any price that it posts: its captives at the ceiling."""
    _check(market)
    return (market.ceiling - market.cost) * market.pinned / market.sellers


class Dispersion(NamedTuple):
    """How posted prices differ.

    Attributes
    ----------
    mean
        Mean price, over cost.
    variation
        Standard deviation over the mean.
    """

    mean: float
    variation: float


def dispersion(market: Captives, points: int = 20_001) -> Dispersion:
    """Return mean and dispersion of the prices that the model predicts, from its quantiles (P9)."""
    middles = (np.arange(points) + 0.5) / points
    prices = price_at(market, middles)
    return Dispersion(float(prices.mean() / market.cost), float(prices.std() / prices.mean()))


def _check(market: Captives) -> None:
    if market.sellers < 2:
        raise PricingError(f"sellers is {market.sellers}; captives and shoppers need at least 2")
    if not market.ceiling > market.cost:
        raise PricingError(f"ceiling is {market.ceiling:g}; it must be above cost, {market.cost:g}")
    for name, demand in (("pinned", market.pinned), ("shopping", market.shopping)):
        if demand <= 0:
            raise PricingError(f"{name} is {demand:g}; it must be above 0")
