"""How many replications are enough: sequential stopping with look-ahead (equation L7 of docs/lab/statistics.md)."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from experiments.stats.intervals import CONFIDENCE, Interval, interval
from experiments.stats.refusals import StatisticsError

FIRST: Final = 3  # these and the look-ahead as Hoad, Robinson and Davies (2010) have them
LOOK_AHEAD: Final = 5
MOST: Final = 100  # assumption: what a person waits for


@dataclass(frozen=True)
class Target:
    """The half-width that a metric is to reach.

    Attributes
    ----------
    half_width
        Largest half-width, in the metric's unit; with ``relative`` a share of the mean.
    relative
        Whether the half-width is relative to the mean.
    """

    half_width: float
    relative: bool = False

    def __post_init__(self) -> None:
        """Check the target."""
        if not 0 < self.half_width < math.inf:
            raise StatisticsError(f"target half-width is {self.half_width:g}, but must be greater than 0 and finite")


@dataclass(frozen=True)
class Stopping:
    """When to stop adding replications.

    Attributes
    ----------
    targets
        By metric; all must be met.
    first
        Replications before the first look, at least 2.
    most
        Replications at which to stop in any case.
    look_ahead
        Further replications over which the targets must stay met; beyond 100 replications this is a percentage.
    confidence
        Of the intervals.
    """

    targets: Mapping[str, Target]
    first: int = FIRST
    most: int = MOST
    look_ahead: int = LOOK_AHEAD
    confidence: float = CONFIDENCE

    def __post_init__(self) -> None:
        """Check the rule."""
        if not self.targets:
            raise StatisticsError("stopping needs the target of at least one metric")
        if self.first < 2:
            raise StatisticsError(f"first is {self.first}, but an interval needs at least 2 replications")
        if self.look_ahead < 0:
            raise StatisticsError(f"look_ahead is {self.look_ahead}, but must be at least 0")
        if self.most < self.first:
            raise StatisticsError(f"most is {self.most}, but must be at least first, which is {self.first}")

    def ahead(self, n: int) -> int:
        """Return how many replications beyond the n-th must confirm it."""
        return self.look_ahead if n <= 100 else self.look_ahead * n // 100


@dataclass(frozen=True)
class Replicated:
    """Replications up to a stop.

    Attributes
    ----------
    values
        By metric the values by replication, those of the look-ahead included.
    intervals
        By metric the interval over all of them.
    enough
        First number of replications at which all targets were met and stayed so; None if the maximum came first.
    """

    values: dict[str, list[float]]
    intervals: dict[str, Interval]
    enough: int | None


def replicate(play: Callable[[int], Mapping[str, float]], stopping: Stopping) -> Replicated:
    """Run replications 0, 1, 2, ... until every target half-width is met and stays met, or the maximum is reached.

    A half-width falls below its target by luck before it does so for good, which is why one look does not end it.
    Looking repeatedly still makes intervals a little too narrow: a few percent of coverage at 3 first replications
    (``tests/experiments/stats/test_stats_sequential.py`` measures it), less with more.

    Parameters
    ----------
    play
        Returns the metrics of a replication; others than those of the targets are kept too.
    stopping
        The rule.

    Raises
    ------
    StatisticsError
        If a replication lacks the metric of a target.
    """
    values: dict[str, list[float]] = {}
    enough = None
    for replication in range(stopping.most):
        for name, value in play(replication).items():
            values.setdefault(name, []).append(float(value))
        enough = enough_of(values, stopping)
        if enough is not None:
            break
    return Replicated(values, {name: interval(each, stopping.confidence) for name, each in values.items()}, enough)


def enough_of(values: Mapping[str, Sequence[float]], stopping: Stopping) -> int | None:
    """Return how many of the replications at hand are enough, or None if they do not show it yet.

    Depends on replications in their order only, so that batches done in parallel stop where single ones would.

    Raises
    ------
    StatisticsError
        If the metric of a target is missing.

    Examples
    --------
    >>> enough_of({"wait": [1.0, 1.1, 0.9, 1.0, 1.1, 0.9]}, Stopping({"wait": Target(0.3)}, look_ahead=2))
    3
    """
    return _enough(_all_met(values, stopping), stopping)


def _enough(met: np.ndarray, stopping: Stopping) -> int | None:
    """First number of replications that meets all targets and stays so as far as it must."""
    for n in range(stopping.first, len(met) + 1):
        last = n + stopping.ahead(n)
        if last <= len(met) and met[n - 1: last].all():
            return n
    return None


def stops_at(values: Mapping[str, Sequence[float]], stopping: Stopping) -> int:
    """Return with how many replications in all it ends: those that were enough, or the fewest that yet may be.

    Raises
    ------
    StatisticsError
        If the metric of a target is missing.

    Examples
    --------
    >>> stops_at({"wait": [1.0, 1.1, 0.9, 1.0]}, Stopping({"wait": Target(0.3)}, look_ahead=2))
    5
    """
    met = _all_met(values, stopping)
    n = _enough(met, stopping)
    if n is None:
        failed = np.flatnonzero(~met)
        n = max(stopping.first, int(failed[-1]) + 2 if len(failed) else 1)
    return min(n + stopping.ahead(n), stopping.most)


def _all_met(values: Mapping[str, Sequence[float]], stopping: Stopping) -> np.ndarray:
    """Whether the first 1, 2, 3, ... replications meet all targets."""
    missing = [name for name in stopping.targets if name not in values]
    if missing:
        raise StatisticsError(f"target {missing[0]!r} is not a metric of the replications: {', '.join(values)}")
    return np.asarray(np.logical_and.reduce([_met(values[name], target, stopping.confidence)
                                             for name, target in stopping.targets.items()]))


def _met(values: Sequence[float], target: Target, confidence: float) -> np.ndarray:
    """Whether the first 1, 2, 3, ... values meet a target."""
    from scipy.special import stdtrit

    x = np.asarray(values, dtype=float)
    there = np.isfinite(x)
    n = np.cumsum(there)
    centre = x[there].mean() if there.any() else 0.0  # against cancellation
    off = np.where(there, x - centre, 0.0)
    off_mean = np.cumsum(off) / np.maximum(n, 1)
    spread = np.maximum(0.0, np.cumsum(off**2) - n * off_mean**2)
    freedom = np.maximum(n - 1, 1)
    half = stdtrit(freedom, 0.5 + confidence / 2) * np.sqrt(spread / freedom / np.maximum(n, 1))
    wanted = target.half_width * (np.abs(off_mean + centre) if target.relative else 1.0)
    # with a censored value there is no interval, however narrow that of the others would be
    return np.asarray((n >= 2) & (half <= wanted) & ~np.logical_or.accumulate(np.isinf(x)))
