"""Intervals of quantiles (equations L10 and L11 of docs/lab/statistics.md)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.stats.intervals import CONFIDENCE, Interval, interval
from experiments.stats.mser import finite
from experiments.stats.refusals import StatisticsError


@dataclass(frozen=True)
class QuantileInterval:
    """A quantile with an interval that needs no assumption on the distribution.

    Attributes
    ----------
    quantile
        Estimate: the smallest observation that at least the share asked for is not above.
    low, high
        Ends of the interval, observations themselves.
    n
        Number of observations.
    confidence
        Least probability that the interval holds the quantile with, at or above what was asked for.
    """

    quantile: float
    low: float
    high: float
    n: int
    confidence: float


def quantile_interval(
    values: Sequence[float] | np.ndarray, share: float, confidence: float = CONFIDENCE
) -> QuantileInterval:
    """Return a quantile of independent observations between two order statistics.

    Only for independent values, one a replication say. Requests of one run depend on each other: use
    `quantile_by_replication`.

    Parameters
    ----------
    values
        Independent observations.
    share
        Which quantile, strictly between 0 and 1.
    confidence
        Probability that the interval is to hold the quantile with.

    Raises
    ------
    StatisticsError
        If there are too few observations for an interval with both ends; the text says how many it takes.

    Examples
    --------
    >>> got = quantile_interval(range(1, 12), 0.5)
    >>> got.low, got.quantile, got.high, round(got.confidence, 3)
    (2.0, 6.0, 10.0, 0.988)
    """
    ordered = np.sort(finite(values))
    n = len(ordered)
    _check(share)
    low, high = _ranks(n, share, confidence)
    if low < 1 or high > n:
        raise StatisticsError(f"an interval of the {share:g} quantile at {100 * confidence:g} % needs at least "
                              f"{observations_needed(share, confidence)} observations, not {n}")
    reached = _at_most(high - 1, n, share) - _at_most(low - 1, n, share)
    middle = max(1, math.ceil(n * share - 1e-9))
    return QuantileInterval(float(ordered[middle - 1]), float(ordered[low - 1]), float(ordered[high - 1]), n, reached)


def quantile_by_replication(
    replications: Sequence[Sequence[float]], share: float, confidence: float = CONFIDENCE
) -> Interval:
    """Return the mean of each replication's own quantile, with the interval over replications.

    Replications without observations are left out. The mean of quantiles of finite runs is a little off the quantile
    of an infinite one, by an amount that falls as 1 / observations.

    Examples
    --------
    >>> quantile_by_replication([[1, 2, 3], [2, 3, 4]], 0.5).mean
    2.5
    """
    _check(share)
    own = [float(np.quantile(finite(each), share, method="inverted_cdf")) if len(each) else math.nan
           for each in replications]
    return interval(own, confidence)


def observations_needed(share: float, confidence: float = CONFIDENCE) -> int:
    """Return how many observations `quantile_interval` needs at least.

    Examples
    --------
    >>> observations_needed(0.5), observations_needed(0.99)
    (6, 368)
    """
    _check(share)
    rare = (1 - confidence) / 2  # chance that all observations lie on one side, the smaller one
    return math.ceil(math.log(rare) / math.log(max(share, 1 - share)) - 1e-9)


def _ranks(n: int, share: float, confidence: float) -> tuple[int, int]:
    """Ranks between which the quantile lies: the highest low and lowest high with half the risk each."""
    risk = (1 - confidence) / 2
    below = np.array([_at_most(k, n, share) for k in range(n + 1)])
    low = int(np.searchsorted(below, risk, side="right"))  # P(fewer than low are below) <= risk
    high = int(np.searchsorted(below, 1 - risk, side="left")) + 1  # P(high or more are below) <= risk
    return low, high


def _at_most(k: int, n: int, share: float) -> float:
    """P(Binomial(n, share) <= k)."""
    from scipy.special import bdtr

    return float(bdtr(k, n, share)) if k >= 0 else 0.0


def _check(share: float) -> None:
    if not 0 < share < 1:
        raise StatisticsError(f"the share of a quantile is {share:g}, but must be greater than 0 and less than 1")
