"""Cheaper in some hours of the day."""

from typing import Final

from numpy.random import Generator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Steady, StrategyKind
from providers.pricing.tariff import ListedTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity
from sim.units import HOUR_S, HOURS_PER_DAY

DEEPSEEK: Final = "DeepSeek's price page, February 2025: 16:30 to 00:30 UTC, V3 at 0.135/0.55 instead of 0.27/1.10 USD"


class TimeOfDay(ListedTariff):
    """Parameters of ``time_of_day``."""

    off_peak_from_hour: float = quantity(16.5, unit="h", doc="Hour of the day at which the low price begins", ge=0,
                                         lt=24, source=DEEPSEEK)
    off_peak_to_hour: float = quantity(0.5, unit="h", doc="Hour of the day at which it ends", ge=0, lt=24,
                                       source=DEEPSEEK)
    discount: float = quantity(0.5, unit="1", doc="Share taken off the price meanwhile", ge=0, le=1, source=DEEPSEEK)


class OffPeak(Steady[TimeOfDay]):
    """Two prices that alternate with the hour."""

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """Price of this hour."""
        return self._price(situation)

    def next_review_s(self, situation: Situation, rng: Generator) -> float:
        """Time to the next of the two hours."""
        given = self.parameters
        ahead = [(hour - situation.hour) % HOURS_PER_DAY for hour in (given.off_peak_from_hour, given.off_peak_to_hour)]
        # at the hour itself the next one is a day away, up to rounding: 0 would ask again and again
        return HOUR_S * min(hours if hours > 1e-9 else HOURS_PER_DAY for hours in ahead)

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Price of this hour."""
        return self._price(situation)

    def _price(self, situation: Situation) -> Prices:
        given = self.parameters
        length = (given.off_peak_to_hour - given.off_peak_from_hour) % HOURS_PER_DAY
        into = (situation.hour - given.off_peak_from_hour + 1e-9) % HOURS_PER_DAY
        share = 1 - given.discount if into < length else 1.0
        return given.prices(situation, given.anchor_pico(situation) * share)


TIME_OF_DAY: Final = StrategyKind(
    kind="time_of_day",
    make=OffPeak,
    parameters=TimeOfDay,
    summary="Takes a share off the price in the off-peak hours.",
    source=DEEPSEEK,
    by_the_clock=True,
)
