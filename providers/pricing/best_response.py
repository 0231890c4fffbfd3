"""The price that earns most if rivals stay where they are: against a router's rule, and against logit demand."""

from typing import Final, TypeVar

import numpy as np
from numpy.random import Generator

from providers.pricing.demand import best_price, nested_logit_share
from providers.pricing.situation import Situation
from providers.pricing.strategy import Regular, StrategyKind
from providers.pricing.tariff import ListedTariff, RegularTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity

FREE_PICO: Final = 1.0  # a unit cost below this, pico-dollars per token, is none: no ceiling can be a multiple of it


class BestResponse(RegularTariff):
    """Parameters that both best responses share."""

    ceiling_markup: float = quantity(10.0, unit="1", doc="Highest price over unit cost", gt=1)
    review_days: float = quantity(7.0, unit="days", doc="Time between reviews", gt=0)


class RouterResponse(BestResponse, ListedTariff):
    """Parameters of ``best_response_router``; the anchor is its first price while it has no rival."""


class LogitResponse(BestResponse):
    """Parameters of ``best_response_logit``; prices count in money, which is the same for sellers of any cost."""

    alpha: float = quantity(4.0, unit="Mtok/USD", doc="Utility lost for a price of 1 USD per million tokens", gt=0,
                            source="Calvano et al., AER 2020: mu 1/4, in the money in which cost is 1")
    value: float = quantity(2.0, unit="USD per million tokens",
                            doc="Blended price at which customers are indifferent to buying", ge=0,
                            source="Calvano et al., AER 2020: a = 2, outside good 0, in the money in which cost is 1")
    nest: float = quantity(1.0, unit="1", doc="Dissimilarity of the hosts of a model; 1 is the plain logit", gt=0,
                           le=1)


R = TypeVar("R", bound=BestResponse)


class _Response(Regular[R]):
    """Posts the best price against rivals' present prices; all of them in pico-dollars per token.

    Only the range of the search is in units of the own cost. Demand must not be: sellers of unequal costs would then
    each believe in customers of their own.
    """

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """Best response; the anchor while there are no rivals."""
        return self._respond(situation) or super().launch(situation, rng)

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Best response; None while there are no rivals or serving costs nothing."""
        return self._respond(situation)

    def _respond(self, situation: Situation) -> Prices | None:
        cost = situation.cost_pico
        rivals = np.array([situation.blend(prices) for prices in situation.rivals])
        if cost < FREE_PICO or not self._informed(rivals):
            return None
        floor = max(self.parameters.floor_cost_share, 1.0)

        def profit(prices: np.ndarray) -> np.ndarray:
            earned: np.ndarray = (prices - cost) * self._share(prices, rivals, situation)
            return earned

        best = best_price(profit, floor * cost, max(self.parameters.ceiling_markup, floor) * cost)
        return self.parameters.prices(situation, best)

    def _informed(self, rivals: np.ndarray) -> bool:
        """Whether rivals' prices say something about demand."""
        raise NotImplementedError

    def _share(self, prices: np.ndarray, rivals: np.ndarray, situation: Situation) -> np.ndarray:
        raise NotImplementedError


class BestResponseToRouter(_Response[RouterResponse]):
    """Against the shares that the rules give through which it sells, of a demand that does not shrink."""

    def _informed(self, rivals: np.ndarray) -> bool:
        return len(rivals) > 0 and float(rivals.min()) > 0

    def _share(self, prices: np.ndarray, rivals: np.ndarray, situation: Situation) -> np.ndarray:
        money = situation.money_pico
        return situation.rules.share(prices / money, rivals / money, situation.token_s)


class BestResponseToLogit(_Response[LogitResponse]):
    """Against logit or nested-logit demand with an outside good, stated in money."""

    def _informed(self, rivals: np.ndarray) -> bool:
        return True

    def _share(self, prices: np.ndarray, rivals: np.ndarray, situation: Situation) -> np.ndarray:
        given, money = self.parameters, situation.money_pico
        better = np.array(situation.rivals_quality) if situation.rivals_quality else np.zeros(len(rivals))
        # a better offer sells as a plain one would at a price lower by what it is worth more
        return nested_logit_share(prices / money - situation.quality, rivals / money - better, given.alpha, given.value,
                                  given.nest)


BEST_RESPONSE_ROUTER: Final = StrategyKind(
    kind="best_response_router",
    make=BestResponseToRouter,
    parameters=RouterResponse,
    summary="Best price against the rules of the routers it sells through, rivals standing still.",
    source="docs/market/pricing.md, derivation",
    answers_rules=True,
)
BEST_RESPONSE_LOGIT: Final = StrategyKind(
    kind="best_response_logit",
    make=BestResponseToLogit,
    parameters=LogitResponse,
    summary="Best price against logit or nested-logit demand, rivals standing still.",
    source="Calvano et al., AER 2020 (baseline demand)",
)
