"""Q-learning duopoly: the baseline experiment of Calvano, Calzolari, Denicolo and Pastorello (AER 2020).

Two learners set one of 15 prices each period, remember the last pair of prices, and learn with the compiled
functions of the strategy ``q_learning``. The measure is the profit gain ``(pi - pi_nash) / (pi_joint - pi_nash)`` of
the two together. Their costs and qualities may differ: each then has prices of its own.
"""

from typing import Annotated, Final, NamedTuple

import numpy as np
from pydantic import Field

from providers.games.repeated import of_each
from providers.games.unequal import logit_joint_prices, logit_prices
from providers.pricing.demand import nested_logit_share
from providers.pricing.qlearning import Step, act, greedy, learn
from sim.compiled import njit
from sim.draws import derive
from sim.scenario.base import Part, quantity
from sim.streams import Streams

_COIN: Final = 1  # purposes of draws; the index is twice the period plus the learner
_PICK: Final = 2
_START: Final = 3


Amount = Annotated[float, Field(gt=0)]


class Baseline(Part):
    """Calvano's baseline."""

    prices: int = quantity(15, unit="prices", doc="Prices to choose from, equally spaced", ge=3, le=50, source="AER")
    margin: float = quantity(0.1, unit="1", doc="Part of the gap from Nash to joint price that the set reaches beyond",
                             ge=0, source="AER: xi")
    rate: float = quantity(0.15, unit="1", doc="Learning rate alpha", gt=0, le=1, source="AER")
    decay: float = quantity(4e-6, unit="1/period", doc="Exploration is exp(-decay * period)", gt=0, source="AER: beta")
    discount: float = quantity(0.95, unit="1", doc="Discount factor", ge=0, lt=1, source="AER: delta")
    stable: int = quantity(100_000, unit="periods", doc="Both learners' best prices unchanged for so long: converged",
                           ge=1, source="AER")
    longest: int = quantity(20_000_000, unit="periods", doc="Give up after so many periods", ge=1,
                            source="assumption; the paper allows 1e9")
    alpha: float = quantity(4.0, unit="1/price", doc="Utility lost for a price of 1 (1 / mu)", gt=0, source="AER")
    value: float | tuple[float, float] = quantity(
        2.0, unit="price", doc="Quality index a, of both or of each; outside good 0", source="AER")
    cost: Amount | tuple[Amount, Amount] = quantity(1.0, unit="price", doc="Unit cost, of both or of each",
                                                    source="AER")


class Session(NamedTuple):
    """One pair of learners, from ignorance to the end.

    Attributes
    ----------
    gain
        Mean profit gain of the two: 0 at Nash, 1 at joint profit.
    price
        Their mean price in the cycle they end in.
    periods
        Periods until convergence.
    converged
        Whether it converged before ``longest``.
    """

    gain: float
    price: float
    periods: int
    converged: bool


class Gain(NamedTuple):
    """Profit gain over sessions: mean and 95% Student interval, standard deviation, and what it rests on."""

    mean: float
    low: float
    high: float
    deviation: float
    price: float
    mean_periods: float
    sessions: int
    converged: int


@njit(cache=True)
def _train(profits: np.ndarray, values: np.ndarray, key: np.uint64, settings: np.ndarray) -> tuple[int, int]:
    """Play until both policies have stood still; ``values`` is learned. Return the last state and the periods.

    ``profits[k, i, j]`` is the profit of learner ``k`` who plays ``i`` against ``j``; a state is
    ``first * prices + second``.
    ``settings``: rate, discount, decay, stable, longest.
    """
    count = profits.shape[1]
    state = int(derive(key, _START, 0) * count * count)
    still = 0
    for period in range(int(settings[4])):
        explore = np.exp(-settings[2] * period)
        one, two = 2 * period, 2 * period + 1
        first = act(values[0], state, explore, derive(key, _COIN, one), derive(key, _PICK, one))
        second = act(values[1], state, explore, derive(key, _COIN, two), derive(key, _PICK, two))
        following = first * count + second
        before = (greedy(values[0], state), greedy(values[1], state))
        learn(values[0], Step(state, first, profits[0, first, second], following), settings[0], settings[1])
        learn(values[1], Step(state, second, profits[1, second, first], following), settings[0], settings[1])
        same = before[0] == greedy(values[0], state) and before[1] == greedy(values[1], state)
        still = still + 1 if same else 0
        state = following
        if still >= settings[3]:
            return state, period + 1
    return state, int(settings[4])


def session(baseline: Baseline, seed: int, number: int) -> Session:
    """Run one session; its draws depend on the seed and its number only."""
    costs, values = of_each(baseline.cost, 2, "cost"), of_each(baseline.value, 2, "value")
    nash = logit_prices(costs.tolist(), values.tolist(), baseline.alpha)
    joint = logit_joint_prices(costs.tolist(), values.tolist(), baseline.alpha)
    beyond = baseline.margin * (joint - nash)
    prices = np.linspace(nash - beyond, joint + beyond, baseline.prices, axis=1)
    profits = _profits(prices, baseline)
    learned = _ignorance(profits, baseline.discount)
    settings = np.array([baseline.rate, baseline.discount, baseline.decay, baseline.stable, baseline.longest])
    key = np.uint64(Streams(seed, 0).word(f"calvano/{number}"))
    state, periods = _train(profits, learned, key, settings)
    first, second = _cycle(learned, state)
    reference = _profits(np.stack([nash, joint], axis=1), baseline).mean(axis=0)
    earned = float((profits[0, first, second] + profits[1, second, first]).mean() / 2)
    gain = (earned - reference[0, 0]) / (reference[1, 1] - reference[0, 0])
    price = float((prices[0, first] + prices[1, second]).mean() / 2)
    return Session(float(gain), price, periods, periods < baseline.longest)


def profit_gain(baseline: Baseline, sessions: int, seed: int = 1) -> Gain:
    """Run sessions and return the mean profit gain with its 95% interval."""
    from scipy.stats import t

    runs = [session(baseline, seed, number) for number in range(sessions)]
    gains = np.array([run.gain for run in runs])
    deviation = float(gains.std(ddof=1))
    half = float(t.ppf(0.975, sessions - 1)) * deviation / np.sqrt(sessions)
    mean = float(gains.mean())
    return Gain(
        mean, float(mean - half), float(mean + half), deviation, float(np.mean([run.price for run in runs])),
        float(np.mean([run.periods for run in runs])), sessions, sum(run.converged for run in runs),
    )


def _profits(prices: np.ndarray, baseline: Baseline) -> np.ndarray:
    """Profit of each learner, by its own price and by the rival's; ``prices`` are float64 (2, prices)."""
    costs, values = of_each(baseline.cost, 2, "cost"), of_each(baseline.value, 2, "value")
    tables = []
    for own, other in ((0, 1), (1, 0)):
        better = values[other] - values[own]  # a better rival sells as one whose price is lower by so much
        shares = [nested_logit_share(prices[own], np.array([rival - better]), baseline.alpha, float(values[own]))
                  for rival in prices[other]]
        tables.append((prices[own][:, None] - costs[own]) * np.array(shares).T)
    return np.array(tables)


def _ignorance(profits: np.ndarray, discount: float) -> np.ndarray:
    """First values: discounted profit against a rival who plays at random, in all states alike."""
    count = profits.shape[1]
    start = profits.mean(axis=2) / (1 - discount)
    return np.repeat(start[:, None, :], count * count, axis=1)


def _cycle(values: np.ndarray, state: int) -> tuple[np.ndarray, np.ndarray]:
    """Prices (as indices) of the cycle that the greedy policies run into from a state."""
    count = values.shape[2]
    best = values.argmax(axis=2)
    seen: dict[int, int] = {}
    path: list[int] = []
    while state not in seen:
        seen[state] = len(path)
        path.append(state)
        state = int(best[0, state]) * count + int(best[1, state])
    states = np.array(path[seen[state] :])
    return states // count, states % count
