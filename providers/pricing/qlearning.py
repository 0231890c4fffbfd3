"""Q-learning: a seller that finds its price by trial, as in Calvano et al. (AER 2020).

The three compiled functions are also what the learners of `providers/games/calvano.py` are made of.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator
from pydantic import model_validator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Regular, StrategyKind
from providers.pricing.tariff import RegularListedTariff
from sim.compiled import njit
from sim.market.prices import Prices
from sim.scenario.base import quantity

CALVANO: Final = "Calvano, Calzolari, Denicolo and Pastorello, AER 2020"


class Step(NamedTuple):
    """What happened in a period: an action in a state earned a reward and led to another state."""

    state: int
    action: int
    reward: float
    following: int


@njit(cache=True)
def greedy(values: np.ndarray, state: int) -> int:
    """Best known action in a state (the first of equals)."""
    best = 0
    for action in range(1, values.shape[1]):
        if values[state, action] > values[state, best]:
            best = action
    return best


@njit(cache=True)
def act(values: np.ndarray, state: int, explore: float, coin: float, u: float) -> int:
    """Any action if ``coin < explore`` (the one that ``u`` picks), else the best known."""
    if coin < explore:
        return int(u * values.shape[1])
    return greedy(values, state)


@njit(cache=True)
def learn(values: np.ndarray, step: Step, rate: float, discount: float) -> None:
    """Move the value of (state, action) towards reward plus discounted best value of the following state."""
    target = step.reward + discount * values[step.following, greedy(values, step.following)]
    values[step.state, step.action] = (1 - rate) * values[step.state, step.action] + rate * target


class QLearning(RegularListedTariff):
    """Parameters of ``q_learning``."""

    prices_count: int = quantity(15, unit="prices", doc="Number of prices it tries, equally spaced", ge=2, le=50,
                                 source=CALVANO)
    lowest_markup: float = quantity(1.0, unit="1", doc="Lowest of them over unit cost", gt=0)
    highest_markup: float = quantity(4.0, unit="1", doc="Highest of them over unit cost", gt=0)
    rate: float = quantity(0.15, unit="1", doc="Learning rate alpha", gt=0, le=1, source=CALVANO)
    discount: float = quantity(0.95, unit="1", doc="Discount factor of a period", ge=0, lt=1, source=CALVANO)
    exploration_decay: float = quantity(
        0.01, unit="1/review", doc="Beta: it explores with probability exp(-beta * reviews)", gt=0,
        source="assumption; Calvano's 4e-6 never settles in a market of some hundred reviews",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "QLearning":
        if self.highest_markup <= self.lowest_markup:
            raise ValueError("highest_markup must exceed lowest_markup")
        return self


class QLearner(Regular[QLearning]):
    """Learns the value of each price in each state; the state is its own price and the cheapest rival's.

    The reward of a period is the profit of the last day, in units of the highest profit that it has seen.
    """

    def __init__(self, parameters: QLearning) -> None:
        super().__init__(parameters)
        count = parameters.prices_count
        self.values = np.zeros((count * (count + 1), count))
        self.reviews, self.state, self.action, self.scale = 0, 0, 0, 0.0

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """Return the price of its set that is nearest to the anchor."""
        self.action = self._nearest(situation, self.parameters.anchor_pico(situation))
        self.state = self._observe(situation)
        return self.parameters.prices(situation, self._level(situation, self.action))

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Learn from the last period, then explore or take the best known price."""
        given = self.parameters
        coin, u = rng.random(), rng.random()
        following = self._observe(situation)
        step = Step(self.state, self.action, self._reward(situation), following)
        learn(self.values, step, given.rate, given.discount)
        explore = float(np.exp(-given.exploration_decay * self.reviews))
        self.reviews += 1
        self.state, self.action = following, act(self.values, following, explore, coin, u)
        return given.prices(situation, self._level(situation, self.action))

    def _reward(self, situation: Situation) -> float:
        own = situation.blend(situation.own) if situation.own else 0.0
        profit = (own - situation.cost_pico) * situation.tokens_last_day
        self.scale = max(self.scale, abs(profit))
        return profit / self.scale if self.scale > 0 else 0.0

    def _level(self, situation: Situation, action: int) -> float:
        """Blended price of an action, pico-dollars per token."""
        given = self.parameters
        width = (given.highest_markup - given.lowest_markup) / (given.prices_count - 1)
        return situation.cost_pico * (given.lowest_markup + width * action)

    def _nearest(self, situation: Situation, level_pico: float) -> int:
        levels = [self._level(situation, action) for action in range(self.parameters.prices_count)]
        return int(np.argmin(np.abs(np.array(levels) - level_pico)))

    def _observe(self, situation: Situation) -> int:
        """State: the own action and the cheapest rival's nearest price, or that there is no rival."""
        rival = situation.cheapest_rival
        count = self.parameters.prices_count
        seen = count if rival is None else self._nearest(situation, situation.blend(rival))
        return self.action * (count + 1) + seen


Q_LEARNING: Final = StrategyKind(
    kind="q_learning",
    make=QLearner,
    parameters=QLearning,
    summary="Learns by trial which price pays best after which prices.",
    source=CALVANO,
)
