"""How many uses there could be, what they do, and how growth splits into what was imposed and what came out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class DemandDay(NamedTuple):
    """What the uses of each segment do on one day, arrays (segments,).

    Attributes
    ----------
    day
        Number of the day.
    potential_per_s
        float64: requests per second if all uses were live: imposed by the settings, whatever happens in the market.
    market_per_s, direct_per_s, outside_per_s
        float64: of these, those of uses that buy through the marketplace, directly from a lab, and not at all.
    uses, uses_market, uses_direct, uses_outside
        int64: workloads that are there, and how many of them do each.
    """

    day: int
    potential_per_s: np.ndarray
    market_per_s: np.ndarray
    direct_per_s: np.ndarray
    outside_per_s: np.ndarray
    uses: np.ndarray
    uses_market: np.ndarray
    uses_direct: np.ndarray
    uses_outside: np.ndarray


class GrowthSplit(NamedTuple):
    """Growth of live requests between two days in logarithms (E63).

    Attributes
    ----------
    total
        Of requests through the marketplace and directly together.
    diffusion
        What it would have been with prices and models frozen on the first day.
    price_and_quality
        The difference: only this is a result.
    """

    total: float
    diffusion: float
    price_and_quality: float


def potential(day: float | np.ndarray, per_day: np.ndarray, ceiling: np.ndarray) -> np.ndarray:
    """Potential uses over those of the first day (E62): logistic, from 1 towards ``ceiling``.

    Parameters
    ----------
    day
        Days since the start.
    per_day
        Rate far below the ceiling, per day.
    ceiling
        Potential in the end, at least 1; inf: exponential growth.
    """
    # over K: 1/K + (1 - 1/K) e^(-rt), which is e^(-rt) where there is no ceiling
    return np.asarray(1.0 / (1.0 / ceiling + (1.0 - 1.0 / ceiling) * np.exp(-per_day * day)))


def growth_split(first: DemandDay, last: DemandDay) -> GrowthSplit:
    """Split the growth of live requests from one day to another (E63).

    With prices and models frozen each segment keeps the share of its potential that is live on the first day, so what
    diffusion alone gives follows from the potentials, without another run.
    """
    live = first.market_per_s + first.direct_per_s
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(first.potential_per_s > 0, live / first.potential_per_s, 0.0)
        # of a segment that is not there at first nothing is known: as all others are on the first day
        share = np.where(first.potential_per_s > 0, share, live.sum() / first.potential_per_s.sum())
        total = float(np.log((last.market_per_s + last.direct_per_s).sum() / live.sum()))
        frozen = float(np.log((share * last.potential_per_s).sum() / live.sum()))
    return GrowthSplit(total, frozen, total - frozen)


def demand_day(day: int, segment: np.ndarray, segments: int, volume_per_s: np.ndarray, state: np.ndarray) -> DemandDay:
    """Add up what uses do by segment.

    Parameters
    ----------
    day, segments
        Number of the day, and of segments.
    segment
        int64 (workloads,): segment of each.
    volume_per_s
        float64 (workloads,): requests per second of each if it is live.
    state
        int64 (workloads,): -1 not there, 0 outside, 1 through the marketplace, 2 directly.
    """
    def summed(states: Sequence[int]) -> np.ndarray:
        chosen = np.isin(state, states)
        return np.bincount(segment[chosen], volume_per_s[chosen], minlength=segments)

    def counted(states: Sequence[int]) -> np.ndarray:
        return np.bincount(segment[np.isin(state, states)], minlength=segments)

    return DemandDay(day, summed((0, 1, 2)), summed((1,)), summed((2,)), summed((0,)),
                     counted((0, 1, 2)), counted((1,)), counted((2,)), counted((0,)))
