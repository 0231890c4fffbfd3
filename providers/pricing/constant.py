"""A price that never moves: cost-plus, the list price, or what the scenario says."""

from typing import Final

from numpy.random import Generator
from pydantic import model_validator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Steady, StrategyKind
from providers.pricing.tariff import ListedTariff
from sim.market.prices import Prices, prices_of_usd
from sim.scenario.base import quantity
from sim.scenario.price_settings import on_grid
from sim.units import PICO_PER_USD_PER_MTOK


class ConstantPrice(ListedTariff):
    """Parameters of ``constant``. Prices that are given are posted as they are: no floor, no grid."""

    input_usd: float | None = quantity(
        None, unit="USD per million tokens", doc="Input price; if absent the anchor", ge=0,
        le=100_000)
    output_usd: float | None = quantity(
        None, unit="USD per million tokens", doc="Output price; if absent the input price times `output_ratio`", ge=0,
        le=100_000)
    cached_usd: float | None = quantity(
        None, unit="USD per million tokens", doc="Price of cached input; if absent that of input", ge=0, le=100_000)

    @model_validator(mode="after")
    def _on_grid(self) -> "ConstantPrice":
        for name in ("input_usd", "output_usd", "cached_usd"):
            on_grid(name, getattr(self, name) or 0.0, PICO_PER_USD_PER_MTOK)
        return self


class Constant(Steady[ConstantPrice]):
    """Posts one price and leaves it."""

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """Prices as given; else the anchor."""
        given = self.parameters
        if given.input_usd is None:
            return super().launch(situation, rng)
        output = given.input_usd * given.output_ratio if given.output_usd is None else given.output_usd
        return prices_of_usd(given.input_usd, output, given.cached_usd)


CONSTANT: Final = StrategyKind(
    kind="constant",
    make=Constant,
    parameters=ConstantPrice,
    summary="Posts cost-plus (or the list price, or a given price) and leaves it.",
    source="closed models rarely change their list price (Demirer et al. 2025, NBER w34608)",
)
