"""Cost plus a markup, with cost that falls with experience."""

import math
from typing import Final

from numpy.random import Generator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Regular, StrategyKind
from providers.pricing.tariff import RegularTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity


class CostPlus(RegularTariff):
    """Parameters of ``cost_plus``."""

    learning_rate: float = quantity(
        0.2, unit="1", doc="Share of cost lost with each doubling of experience; 0 for none", ge=0, lt=1,
        source="Wright, Journal of the Aeronautical Sciences 3(4), 1936: about 20%",
    )
    experience_tokens: float = quantity(1e12, unit="tokens", doc="Experience at the launch", gt=0)
    # no floor, unlike other strategies': it is reckoned before learning, and would hide what learning saves
    floor_cost_share: float = quantity(0.0, unit="1", doc="Lowest blended price over unit cost before learning", ge=0)
    review_days: float = quantity(7.0, unit="days", doc="Time between reviews", gt=0)


class WrightCostPlus(Regular[CostPlus]):
    """``cost * markup * (1 + sold / experience) ** -b`` with ``b = -log2(1 - learning_rate)``."""

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """Cost times markup."""
        return self._price(situation)

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Cost after learning, times markup."""
        return self._price(situation)

    def _price(self, situation: Situation) -> Prices:
        given = self.parameters
        exponent = -math.log2(1 - given.learning_rate)
        learned = (1 + situation.tokens_total / given.experience_tokens) ** -exponent
        return given.prices(situation, situation.cost_pico * given.markup * learned)


COST_PLUS: Final = StrategyKind(
    kind="cost_plus",
    make=WrightCostPlus,
    parameters=CostPlus,
    summary="Unit cost times a markup, with cost falling by Wright's law in the tokens sold.",
    source="Wright 1936",
)
