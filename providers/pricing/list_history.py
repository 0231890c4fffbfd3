"""A creator's own list prices, replayed with their dates."""

from dataclasses import replace
from typing import Final

from numpy.random import Generator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Steady, StrategyKind
from providers.pricing.tariff import Tariff
from sim.market.prices import Prices
from sim.scenario.base import quantity


class ListHistory(Tariff):
    """Parameters of ``list_history``; ``markup`` is for a model of which no list price is known."""

    # facts are posted as they were, whatever serving costs here
    floor_cost_share: float = quantity(0.0, unit="1", doc="Lowest blended price over unit cost; 0 for no floor", ge=0)


class Replay(Steady[ListHistory]):
    """Posts what the creator charged on that day, and changes when it did."""

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """List price of the day, or cost times markup."""
        return self._listed(situation) or super().launch(situation, rng)

    def next_review_s(self, situation: Situation, rng: Generator) -> float:
        """Time to the next change; never after the last."""
        return min((at for at, _ in _ahead(situation)), default=float("inf"))

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """List price of the day."""
        return self._listed(situation)

    def _listed(self, situation: Situation) -> Prices | None:
        held = [prices for time_s, prices in situation.list_changes if time_s <= situation.now_s]
        listed = held[-1] if held else situation.list_price
        if listed is None:
            return None
        now = replace(situation, list_price=listed)
        return self.parameters.prices(now, self.parameters.listed_pico(now))


def _ahead(situation: Situation) -> list[tuple[float, Prices]]:
    """Changes to come, with the seconds until each."""
    return [(time_s - situation.now_s, prices) for time_s, prices in situation.list_changes if time_s > situation.now_s]


LIST_HISTORY: Final = StrategyKind(
    kind="list_history",
    make=Replay,
    parameters=ListHistory,
    summary="Replays what the model's creator charged, with the dates of its changes.",
    source="sim/market/models/list_prices.csv",
)
