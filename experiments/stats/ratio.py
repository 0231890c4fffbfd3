"""Ratios of sums over a run, such as cost a token (equations L8 and L9 of docs/lab/statistics.md)."""

import math
from collections.abc import Sequence

import numpy as np

from experiments.stats.intervals import CONFIDENCE, Interval, interval, t_quantile
from experiments.stats.refusals import StatisticsError


def ratio(above: Sequence[float], below: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the mean of the ratios that each replication has.

    The answer to "what does a run show?": every replication counts the same. Replications without a denominator are
    left out.

    Parameters
    ----------
    above, below
        Sums of each replication.
    confidence
        Probability that the interval is to hold the mean with.

    Raises
    ------
    StatisticsError
        If the two differ in length.

    Examples
    --------
    >>> ratio([2.0, 9.0], [1.0, 3.0]).mean
    2.5
    """
    top, bottom = _sums(above, below)
    return interval([float(a / b) if b else math.nan for a, b in zip(top, bottom, strict=True)], confidence)


def ratio_of_means(above: Sequence[float], below: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the ratio of expectations, E[above] / E[below], by the jackknife.

    The answer to "what does a market pay a token in the long run?": each token counts the same, so that replications
    count by their denominators. The jackknife takes the bias of order 1/n out (Miller 1974).

    Parameters
    ----------
    above, below
        Sums of each replication.
    confidence
        Probability that the interval is to hold the ratio with.

    Raises
    ------
    StatisticsError
        If the two differ in length, there are fewer than 2, or a denominator without one of them is 0.

    Examples
    --------
    >>> round(ratio_of_means([2.0, 9.0, 4.0], [1.0, 3.0, 2.0]).mean, 3)
    2.6
    """
    top, bottom = _sums(above, below)
    both = np.isfinite(top) & np.isfinite(bottom)
    top, bottom = top[both], bottom[both]
    n = len(top)
    if n < 2:
        raise StatisticsError(f"a ratio of means needs at least 2 replications, not {n}")
    without = bottom.sum() - bottom
    if not bottom.sum() or not without.all():
        raise StatisticsError("a ratio of means needs denominators that do not add up to 0 without one of them")
    pseudo = n * top.sum() / bottom.sum() - (n - 1) * (top.sum() - top) / without
    half = t_quantile(n - 1, 0.5 + confidence / 2) * float(pseudo.std(ddof=1)) / math.sqrt(n)
    return Interval(float(pseudo.mean()), half, n)


def _sums(above: Sequence[float], below: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    if len(above) != len(below):
        raise StatisticsError(f"ratios need equal numbers of numerators and denominators, not {len(above)} and "
                              f"{len(below)}")
    return np.asarray(above, dtype=float), np.asarray(below, dtype=float)
