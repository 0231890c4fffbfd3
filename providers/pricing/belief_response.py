"""The price that earns most in expectation, by what a seller knows of its demand: told the rules, or learned."""

import math
from typing import Final

import numpy as np
from numpy.random import Generator

from providers.pricing.best_response import FREE_PICO
from providers.pricing.situation import Situation
from providers.pricing.strategy import Steady, StrategyKind
from providers.pricing.tariff import ListedTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity
from sim.units import DAY_S

POINTS: Final = 161  # prices that are tried, in equal ratios
# Gauss-Hermite: seven exponents of a normal distribution, and their weights
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(7)


class BeliefResponse(ListedTariff):
    """Parameters of ``belief_response``."""

    reviews_per_day: float = quantity(0.028, unit="1/day", doc="Hazard of a price review", gt=0, le=1,
                                      source="pluriholonomic/ai-routing: 2.8% of endpoint-days reprice")
    widest: float = quantity(0.4, unit="1", doc="Largest change of price at a review, of the price", gt=0, lt=1,
                             source="assumption: within 40 %")
    trial_share: float = quantity(0.05, unit="1", doc="Share of reviews that only try a price", ge=0, le=1,
                                  source="assumption")
    trial_step: float = quantity(0.1, unit="1", doc="By how much they go up or down", gt=0, lt=1, source="assumption")


class ExpectedProfit(Steady[BeliefResponse]):
    """Reviews at a constant hazard, and posts the price near its own that earns most by what it knows.

    Where it is told the rules it knows what it would sell at each price; else it takes its odds to fall with a power of
    its price, of which it has learned the exponent (``supply.knowledge``).
    """

    def next_review_s(self, situation: Situation, rng: Generator) -> float:
        """Exponential with the hazard of a review."""
        return float(rng.exponential(DAY_S / self.parameters.reviews_per_day))

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Try a price, or take the best; None without rivals, sales or a cost."""
        given = self.parameters
        trial, up = rng.random() < given.trial_share, rng.random() < 0.5  # drawn in any case
        if situation.own is None or not _informed(situation):
            return None
        own = given.level_pico(situation, situation.own)
        if trial:
            return given.prices(situation, own * (1 + given.trial_step if up else 1 - given.trial_step))
        return given.prices(situation, self._best(situation, own))

    def _best(self, situation: Situation, own: float) -> float:
        """Return the price near ``own`` with the largest expected profit, what it can serve being limited."""
        given, cost = self.parameters, situation.cost_pico
        ratios = np.geomspace(1 - given.widest, 1 + given.widest, POINTS)
        sold = np.minimum(_wanted(situation, ratios), situation.capacity_tokens_per_day or math.inf)
        earned = (ratios * own - cost) * (sold @ WEIGHTS)
        return float(own * ratios[int(np.argmax(earned))])


def _wanted(situation: Situation, ratios: np.ndarray) -> np.ndarray:
    """Tokens a day that customers would want at each ratio to the present price, float64 (ratios, nodes)."""
    if situation.belief is None:
        rivals = np.array([situation.blend(prices) for prices in situation.rivals]) / situation.money_pico
        share = situation.rules.share(situation.price * np.append(ratios, 1.0), rivals, situation.token_s)
        return np.outer(situation.tokens_last_day * share[:-1] / share[-1], np.ones(len(WEIGHTS)))
    exponents = np.maximum(situation.belief.mean + situation.belief.sd * NODES, 0.0)
    sold, kept = situation.share_last_day, ratios[:, None] ** -exponents
    return np.asarray(situation.tokens_last_day * kept / (1.0 - sold + sold * kept))


def _informed(situation: Situation) -> bool:
    """Whether there is anything to answer: sales, rivals and none of them free, and a cost."""
    prices = [situation.blend(prices) for prices in situation.rivals]
    return (situation.tokens_last_day > 0 and situation.cost_pico >= FREE_PICO and len(prices) > 0
            and min(prices) > 0 and situation.price > 0)


BELIEF_RESPONSE: Final = StrategyKind(
    kind="belief_response",
    make=ExpectedProfit,
    parameters=BeliefResponse,
    summary="Best price in expectation by what it knows of its demand: told the rules, or learned from its shares.",
    source="docs/market/pricing.md, derivation",
    answers_rules=True,
)
