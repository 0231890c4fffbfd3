"""From a price level to posted prices: input, output and cached, a floor, and the currency's grid."""

import math
from typing import Final, Literal

from pydantic import model_validator

from providers.pricing.situation import Situation
from sim.market.prices import Prices
from sim.scenario.base import Part, quantity
from sim.scenario.price_settings import on_grid
from sim.units import PICO_PER_USD_PER_MTOK

FEW_STEPS: Final = 10  # of the grid: a price of fewer is rounded by more than a twentieth of itself


class Tariff(Part):
    """Parameters that all pricing strategies share."""

    markup: float = quantity(
        2.5, unit="1", doc="Price over unit cost to start from", gt=0,
        source="median list prices are about 2 to 4 times MLPerf v5.1 short-run cost (pydantic/genai-prices)",
    )
    output_ratio: float = quantity(
        3.0, unit="1", doc="Output price over input price where the creator has no list price", gt=0,
        source="median of the open models on OpenRouter, 2024-09 to 2026-02: 3.0",
    )
    cached_share: float = quantity(
        0.25, unit="1", doc="Price of cached input over that of other input, where no price says", ge=0, le=1,
        source="DeepSeek R1: 0.14 against 0.55 USD per million tokens (open-infra-index, day 6)",
    )
    floor_cost_share: float = quantity(
        1.0, unit="1", doc="Lowest blended price over unit cost; 0 for no floor", ge=0,
        source="the cheapest sellers run near short-run cost (pydantic/genai-prices against MLPerf v5.1)",
    )
    grid_usd: float = quantity(
        0.01, unit="USD per million tokens", doc="Prices are multiples of this", ge=0.000001,
        source="pluriholonomic/ai-routing (July 2026): 93% of quotes are on the cent grid",
    )
    fine_grid_usd: float = quantity(
        0.01, unit="USD per million tokens", doc="Where finer than the grid, prices below ten of its steps are "
        "multiples of this", ge=0.000001,
        source="OpenRouter's list, 2024-09 to 2026-02 (jvrck/openrouterlist): off the cent grid are 35% of input and "
        "43% of output prices below 0.10 USD, and 8% of others",
    )

    @model_validator(mode="after")
    def _steps_are_whole(self) -> "Tariff":
        on_grid("grid_usd", self.grid_usd, PICO_PER_USD_PER_MTOK)
        on_grid("fine_grid_usd", self.fine_grid_usd, PICO_PER_USD_PER_MTOK)
        return self

    @property
    def step_pico(self) -> int:
        """Step of the grid, of prices that are not small, in pico-dollars per token."""
        return round(self.grid_usd * PICO_PER_USD_PER_MTOK)

    def anchor_pico(self, situation: Situation) -> float:
        """Blended price to start from, pico-dollars per token: cost times markup."""
        return situation.cost_pico * self.markup

    def listed_pico(self, situation: Situation) -> float:
        """Blended list price, pico-dollars per token; 0 without one."""
        return 0.0 if situation.list_price is None else situation.mix.blend(self._whole(situation.list_price))

    def floor_pico(self, situation: Situation) -> float:
        """Lowest blended price, pico-dollars per token."""
        return situation.cost_pico * self.floor_cost_share

    def prices(self, situation: Situation, level_pico: float) -> Prices:
        """Return prices on the grid whose blend is about ``level_pico``, never below the floor.

        The three prices keep the proportions of the list price, else those that the offer has now, else those
        of ``output_ratio`` and ``cached_share``.
        """
        floor = self.floor_pico(situation)
        level = max(level_pico, floor)
        coarse, fine = self.step_pico, round(self.fine_grid_usd * PICO_PER_USD_PER_MTOK)
        raw = [_on_grid(part * level, coarse, fine) for part in self._shape(situation)]
        rounded = Prices(*[_snap(value, step) for value, step in raw])
        if situation.blend(rounded) >= floor:
            return rounded
        # to the nearest step may be just below the floor: then up
        return Prices(*[step * math.ceil(value / step) for value, step in raw])

    def level_pico(self, situation: Situation, posted: Prices) -> float:
        """Blended price for which `prices` would post these input and output prices, pico-dollars per token.

        Not their own blend: the cached one of cheap offers is rounded up to a step of the grid, and to scale a blend
        that holds it would raise the others at every review.
        """
        shares = situation.mix._replace(cached=0.0)
        asked = shares.blend(self._shape(situation))
        if situation.mix.cached == 0 or asked <= 0:
            return situation.blend(posted)
        return shares.blend(posted) / asked

    def _shape(self, situation: Situation) -> tuple[float, float, float]:
        """Input, output and cached price over the blended price."""
        parts = self.proportions(situation)
        blend = situation.mix.blend(parts)
        return parts[0] / blend, parts[1] / blend, parts[2] / blend

    def proportions(self, situation: Situation) -> tuple[float, float, float]:
        """Input, output and cached price in the proportions that posted prices keep, in any unit."""
        for known in (situation.list_price, situation.own):
            if known and situation.mix.blend(parts := self._whole(known)) > 0:
                return parts
        return 1.0, self.output_ratio, self.cached_share

    def _whole(self, known: Prices) -> tuple[float, float, float]:
        """Prices with one of cached input: charged like other input it says nothing, and `cached_share` does."""
        cached = known.cached if known.cached < known.input else known.input * self.cached_share
        return known.input, known.output, cached


class ListedTariff(Tariff):
    """A tariff of a strategy that may start from the creator's list price instead of cost."""

    anchor: Literal["cost", "list"] = quantity(
        "cost", unit="name", doc="What prices start from: cost, times markup; or the creator's list price if there is",
        source="assumption: a host's costs and rivals make its price; a creator's own offers are at its list")

    def anchor_pico(self, situation: Situation) -> float:
        """Blended price to start from, pico-dollars per token: cost times markup, or the list price if it is chosen."""
        listed = self.listed_pico(situation) if self.anchor == "list" else 0.0
        return listed or super().anchor_pico(situation)


class RegularTariff(Tariff):
    """A tariff of a strategy that reviews at regular times."""

    review_days: float = quantity(1.0, unit="days", doc="Time between reviews", gt=0)


class RegularListedTariff(RegularTariff, ListedTariff):
    """Both."""


def _on_grid(pico: float, coarse: int, fine: int) -> tuple[float, int]:
    """A price, and the step of the grid on which it stands, pico-dollars per token."""
    return pico, coarse if pico >= FEW_STEPS * coarse else min(coarse, fine)


def _snap(value: float, step: int) -> int:
    """Nearest multiple of the grid's step, at least one step unless the price is zero."""
    return max(step, step * round(value / step)) if value > 0 else 0
