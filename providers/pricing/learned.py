"""Best response to a residual demand that the seller has learned from what it saw (P12 of docs/market/pricing.md)."""

import math
from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator

from providers.pricing.best_response import FREE_PICO
from providers.pricing.situation import Situation
from providers.pricing.strategy import Steady, StrategyKind
from providers.pricing.tariff import ListedTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity
from sim.units import DAY_S, HOUR_S, HOURS_PER_DAY

POINTS: Final = 161  # prices that are tried, in equal ratios
# Yesterday's sales are booked by then. Everybody looks before anybody moves: whoever moves at once would show others
# a price that did not hold on the day that they look at.
LOOK_S: Final = 60.0
MOVE_S: Final = 60.0  # after the look
# Gauss-Hermite: seven elasticities of a normal distribution, and their weights
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(7)


class LearnedResponse(ListedTariff):
    """Parameters of ``learned_response``."""

    reviews_per_day: float = quantity(0.028, unit="1/day", doc="Hazard of a price review", gt=0, le=1,
                                      source="pluriholonomic/ai-routing: 2.8% of endpoint-days reprice")
    window_days: int = quantity(60, unit="days", doc="Days of shares and prices that it learns from", ge=2, le=10_000,
                                source="assumption")
    prior_sd: float = quantity(1.0, unit="1", doc="Standard deviation of its belief before it saw anything; the mean "
                               "is what the published rule says at its share", gt=0, source="assumption")
    widest: float = quantity(0.4, unit="1", doc="Largest change of price at a review, of the price", gt=0, lt=1,
                             source="assumption: within 40 %")
    trial_share: float = quantity(0.05, unit="1", doc="Share of reviews that only try a price", ge=0, le=1,
                                  source="assumption")
    trial_step: float = quantity(0.1, unit="1", doc="By how much they go up or down", gt=0, lt=1, source="assumption")


class Belief(NamedTuple):
    """A normal distribution of the elasticity of a seller's sales in its price.

    Attributes
    ----------
    mean, sd
        Its mean (positive: sales fall) and standard deviation.
    """

    mean: float
    sd: float


class Learned(Steady[LearnedResponse]):
    """Looks at every day after its end, and at reviews posts the price that its belief says earns most."""

    def __init__(self, parameters: LearnedResponse) -> None:
        super().__init__(parameters)
        # logarithms of its share of a day, and of its price over its rivals' that held on that day
        self._days: deque[tuple[float, float]] = deque(maxlen=parameters.window_days)
        self._due = False

    def next_review_s(self, situation: Situation, rng: Generator) -> float:
        """Just after midnight to look; if a review is due, a minute later to move."""
        return MOVE_S if self._due else HOURS_PER_DAY * HOUR_S - situation.now_s % DAY_S + LOOK_S

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Look, or move."""
        if not self._due:
            self._look(situation)
            self._due = rng.random() < self.parameters.reviews_per_day
            return None
        self._due = False
        return self._move(situation, trial=rng.random() < self.parameters.trial_share, up=rng.random() < 0.5)

    def _look(self, situation: Situation) -> None:
        """Pair yesterday's share with the relative price that held yesterday."""
        relative = _relative(situation)
        if situation.share_last_day > 0 and math.isfinite(relative):
            self._days.append((math.log(situation.share_last_day), relative))

    def _move(self, situation: Situation, *, trial: bool, up: bool) -> Prices | None:
        if situation.own is None or not _informed(situation):
            return None
        given, own = self.parameters, self.parameters.level_pico(situation, situation.own)
        if trial:
            return given.prices(situation, own * (1 + given.trial_step if up else 1 - given.trial_step))
        return given.prices(situation, self._best(situation, own))

    def belief(self, situation: Situation) -> Belief:
        """Return what it believes of its elasticity now: the published rule, and the days that it saw (P12)."""
        given = self.parameters
        prior = situation.rules.elasticity(situation.share_last_day, situation.price, situation.token_s)
        days = np.array(self._days)
        if len(days) < 2:
            return Belief(prior, given.prior_sd)
        share, price = np.diff(days, axis=0).T
        moved = price != 0
        squares = float((price[moved] ** 2).sum())
        if squares == 0:
            return Belief(prior, given.prior_sd)
        slope = -float((share[moved] * price[moved]).sum()) / squares
        # shares move by themselves, too: by how much is seen on days without a change of price, else about the line
        rest = share[~moved] if (~moved).any() else share[moved] + slope * price[moved]
        noise = float((rest**2).mean())
        if noise == 0:
            return Belief(slope, 0.0)
        precision = 1 / given.prior_sd**2 + squares / noise
        return Belief((prior / given.prior_sd**2 + slope * squares / noise) / precision, precision**-0.5)

    def _best(self, situation: Situation, own: float) -> float:
        """Return the price near ``own`` with the largest expected profit, what it can serve being limited."""
        given, cost, belief = self.parameters, situation.cost_pico, self.belief(situation)
        ratios = np.geomspace(1 - given.widest, 1 + given.widest, POINTS)
        elasticities = np.maximum(belief.mean + belief.sd * NODES, 0.0)
        wanted = situation.tokens_last_day * ratios[:, None] ** -elasticities
        sold = np.minimum(wanted, situation.capacity_tokens_per_day or math.inf)
        earned = (ratios * own - cost) * (sold @ WEIGHTS)
        return float(own * ratios[int(np.argmax(earned))])


def _informed(situation: Situation) -> bool:
    """Whether there is anything to answer: sales, rivals with a price, and a cost."""
    return (situation.tokens_last_day > 0 and situation.cost_pico >= FREE_PICO
            and math.isfinite(_relative(situation)))


def _relative(situation: Situation) -> float:
    """Logarithm of its price over the geometric mean of its rivals'; nan without rivals or where somebody is free.

    Blended 3:1 and not by what it sells, which moves a little every day: days without a change of price must show none.
    """
    rivals = [prices.blended() for prices in situation.rivals]
    if situation.own is None or not rivals or min(situation.own.blended(), *rivals) <= 0:
        return math.nan
    return math.log(situation.own.blended()) - sum(map(math.log, rivals)) / len(rivals)


LEARNED_RESPONSE: Final = StrategyKind(
    kind="learned_response",
    make=Learned,
    parameters=LearnedResponse,
    summary="Best price against the elasticity that it has learned from its own share and prices, from the published "
            "rule on.",
    source="docs/market/pricing.md, derivation",
    answers_rules=True,
)
