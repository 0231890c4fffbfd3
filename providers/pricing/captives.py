"""Prices drawn at random between cost and a ceiling, as those must who have captives and compete for shoppers."""

import math
from typing import Final

import numpy as np
from numpy.random import Generator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Regular, StrategyKind
from providers.pricing.tariff import RegularTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity


class CaptivesAndShoppers(RegularTariff):
    """Parameters of ``captives_and_shoppers``."""

    pinned: float = quantity(
        0.3, unit="1", doc="Share of demand that is pinned to one of the sellers, whatever it charges", gt=0, lt=1,
        source="assumption; no marketplace publishes how many requests name a provider")
    markup: float = quantity(
        4.0, unit="1", doc="Most that captives pay, over unit cost: what it would cost to serve the model on a GPU of "
        "their own; the creator's list price, if that is less", gt=1, source="assumption")
    review_days: float = quantity(7.0, unit="days", doc="Time between draws", gt=0)


def margin_share(below: float | np.ndarray, rivals: int, pinned: float) -> float | np.ndarray:
    """Return how much of the way from cost to the ceiling a price of the mixed equilibrium lies (P9).

    Parameters
    ----------
    below
        Share of posted prices that lie below it.
    rivals
        Number of rivals, at least 1.
    pinned
        Share of demand that is pinned; the rest shops.
    """
    shoppers = (rivals + 1) * (1.0 - pinned) * (1.0 - below) ** rivals
    return pinned / (pinned + shoppers)


class CaptivesPrices(Regular[CaptivesAndShoppers]):
    """Draws from the mixed equilibrium (P9 of docs/market/pricing.md) for as many equal sellers as there are now.

    Sellers of unequal cost have another equilibrium; each then draws as if all had its cost.
    """

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """Draw the first price."""
        return self._draw(situation, rng)

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Draw again."""
        return self._draw(situation, rng)

    def _draw(self, situation: Situation, rng: Generator) -> Prices:
        given, cost = self.parameters, situation.cost_pico
        # drawn in any case: how many rivals there are must not shift later draws
        share = rng.random()
        listed = given.listed_pico(situation)
        ceiling = min(given.anchor_pico(situation), listed or math.inf)
        rivals = len(situation.rivals)
        if rivals == 0 or ceiling <= cost:
            return given.prices(situation, ceiling)
        return given.prices(situation, cost + (ceiling - cost) * float(margin_share(share, rivals, given.pinned)))


CAPTIVES_AND_SHOPPERS: Final = StrategyKind(
    kind="captives_and_shoppers",
    make=CaptivesPrices,
    parameters=CaptivesAndShoppers,
    summary="Draws from the mixed equilibrium of sellers who have captives and compete for shoppers.",
    source="Varian, A Model of Sales, AER 70 (1980)",
)
