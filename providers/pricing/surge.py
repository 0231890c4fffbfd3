"""Dearer when capacity is short."""

from typing import Final

from numpy.random import Generator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Regular, StrategyKind
from providers.pricing.tariff import RegularListedTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity
from sim.units import HOURS_PER_DAY


class Surge(RegularListedTariff):
    """Parameters of ``surge``."""

    threshold: float = quantity(0.7, unit="1", doc="Utilisation above which the price rises", ge=0, lt=1)
    slope: float = quantity(2.0, unit="1", doc="Rise at full utilisation, as a share of the normal price", ge=0)
    smoothing: float = quantity(0.5, unit="1", doc="Weight of the newest utilisation in the mean it acts on", gt=0,
                                le=1)
    review_days: float = quantity(1 / HOURS_PER_DAY, unit="days", doc="Time between reviews", gt=0)


class SurgePrice(Regular[Surge]):
    """Normal price times ``1 + slope * (u - threshold) / (1 - threshold)`` above the threshold."""

    utilisation: float = 0.0
    _reckoned: tuple[object, Prices] | None = None

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Price at the smoothed utilisation."""
        given = self.parameters
        self.utilisation += given.smoothing * (min(situation.utilisation, 1.0) - self.utilisation)
        excess = max(0.0, self.utilisation - given.threshold) / (1 - given.threshold)
        level = given.anchor_pico(situation) * (1 + given.slope * excess)
        # most hours are as the one before: all that `Tariff.prices` reads
        read = level, situation.cost_pico, situation.mix, situation.list_price, situation.own
        if self._reckoned is None or self._reckoned[0] != read:
            self._reckoned = read, given.prices(situation, level)
        return self._reckoned[1]


SURGE: Final = StrategyKind(
    kind="surge",
    make=SurgePrice,
    parameters=Surge,
    summary="Raises the price with utilisation above a threshold.",
    source="assumption (congestion pricing; on OpenRouter congestion shows as rate limits instead)",
)
