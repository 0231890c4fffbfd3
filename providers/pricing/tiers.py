"""Cheaper with the volume sold."""

from typing import Final, Literal

from numpy.random import Generator
from pydantic import Field, model_validator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Regular, StrategyKind
from providers.pricing.tariff import RegularListedTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity


class Tiers(RegularListedTariff):
    """Parameters of ``tiers``."""

    volume: Literal["total", "last_day"] = quantity(
        "last_day", unit="name", doc="Volume that counts: tokens since the launch (total), or of the last day")
    tokens: tuple[float, ...] = Field(
        (1e9, 1e10), description="Volumes from which a discount holds, rising [tokens sold] (source: assumption)",
        json_schema_extra={"unit": "tokens sold", "source": "assumption"},
    )
    discounts: tuple[float, ...] = Field(
        (0.1, 0.25), description="Share taken off the price from each of these volumes [1] (source: assumption)",
        json_schema_extra={"unit": "1", "source": "assumption"},
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Tiers":
        if len(self.tokens) != len(self.discounts) or list(self.tokens) != sorted(set(self.tokens)):
            raise ValueError("tokens must rise, with one discount for each")
        if not all(0 <= discount < 1 for discount in self.discounts):
            raise ValueError("discounts must be at least 0 and below 1")
        return self


class VolumeTiers(Regular[Tiers]):
    """Takes the discount of the highest volume that is reached."""

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Price of the volume sold."""
        given = self.parameters
        sold = situation.tokens_total if given.volume == "total" else situation.tokens_last_day
        reached = sum(sold >= tokens for tokens in given.tokens)
        discount = given.discounts[reached - 1] if reached else 0.0
        return given.prices(situation, given.anchor_pico(situation) * (1 - discount))


TIERS: Final = StrategyKind(
    kind="tiers",
    make=VolumeTiers,
    parameters=Tiers,
    summary="Takes a share off the price from each of some volumes on.",
    source="assumption (committed-spend tiers; Bergemann, Bonatti and Smolin 2025)",
)
