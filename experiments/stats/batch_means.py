"""The interval of one long run, by batch means (equations L5 and L6 of docs/lab/statistics.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from experiments.stats.intervals import CONFIDENCE, Interval, interval
from experiments.stats.mser import finite
from experiments.stats.refusals import StatisticsError

BATCHES: Final = 20  # Schmeiser (1982): beyond 30 little is gained, below 10 intervals are needlessly wide
FINER: Final = 5  # the check looks at batches that are so many times shorter
LARGEST_LAG1: Final = 0.2  # of those


@dataclass(frozen=True)
class BatchMeans:
    """What a long run says of its steady state.

    Attributes
    ----------
    interval
        Interval of the steady-state mean; its n is the number of batches.
    size
        Observations a batch.
    unused
        Observations at the front that fill no batch.
    lag1
        Correlation of neighbours among batches five times shorter; batches count as independent while it is small.
    """

    interval: Interval
    size: int
    unused: int
    lag1: float


def batch_means(
    series: Sequence[float] | np.ndarray, confidence: float = CONFIDENCE, batches: int = BATCHES
) -> BatchMeans:
    """Return the interval of a steady-state mean from one run whose warm-up has been deleted.

    Parameters
    ----------
    series
        Observations in time order.
    confidence
        Probability that the interval is to hold the mean with.
    batches
        How many batches of equal size to average.

    Raises
    ------
    StatisticsError
        If the run is too short: five times shorter batches would be empty, or their means are still correlated at
        lag 1 by more than 0.2. Also if a value is missing, or there are fewer than 2 batches.

    Notes
    -----
    Neighbouring means of long batches have a correlation that falls as 1 / size. Few batches make good intervals, but
    say little about correlation: that of 20 has a standard error of 0.22. So it is measured on 100 shorter ones
    (Law and Carson 1979): 0.2 there is about 0.04 between the 20, and makes the half-width about 4 % too short. A run
    without any correlation is refused with probability 0.02.

    Examples
    --------
    >>> got = batch_means([1.0, 3.0, 2.0, 2.0] * 100)
    >>> got.interval.mean, got.interval.n, got.size
    (2.0, 20, 20)
    """
    if batches < 2:
        raise StatisticsError(f"batches is {batches}, but must be at least 2")
    values = finite(series)
    small = len(values) // (batches * FINER)
    if small == 0:
        raise StatisticsError(f"the run is too short: {len(values)} observations are left, but {batches} batches need "
                              f"at least {batches * FINER}")
    unused = len(values) % (batches * FINER)
    short = values[unused:].reshape(batches * FINER, small).mean(axis=1)
    lag1 = lag1_correlation(short)
    if lag1 > LARGEST_LAG1:
        raise StatisticsError(f"the run is too short for {batches} batches: means of {small} observations still have "
                              f"a lag-1 correlation of {lag1:.2f}, above {LARGEST_LAG1}")
    means = short.reshape(batches, FINER).mean(axis=1)
    return BatchMeans(interval([float(mean) for mean in means], confidence), small * FINER, unused, lag1)


def lag1_correlation(series: Sequence[float] | np.ndarray) -> float:
    """Return the correlation of each value with the next (equation L6); 0 if nothing varies.

    Examples
    --------
    >>> lag1_correlation([1.0, -1.0, 1.0, -1.0])
    -0.75
    """
    values = np.asarray(series, dtype=float)
    off = values - values.mean()
    whole = float(off @ off)
    scale = max(1.0, float(np.abs(values).max())) * np.finfo(float).eps
    return float(off[:-1] @ off[1:]) / whole if whole > len(values) * scale**2 else 0.0
