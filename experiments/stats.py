"""Intervals over replications, and paired comparisons under common random numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over replications with the half-width of its confidence interval.

    Attributes
    ----------
    mean
        Mean of the finite values; NaN if there is none.
    half_width
        Half-width of the Student t interval; NaN below two values.
    n
        Number of finite values.
    """

    mean: float
    half_width: float
    n: int


@dataclass(frozen=True)
class Paired:
    """A difference between two policies on the same requests.

    Attributes
    ----------
    difference
        Interval of the differences, replication by replication.
    correlation
        Correlation that the common random numbers achieved; NaN if either side does not vary.
    variance_reduction
        Variance of the difference with independent runs over that of the paired one; NaN if undefined.
    """

    difference: Interval
    correlation: float
    variance_reduction: float


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return mean and Student t half-width of replications (NaN values are left out).

    Examples
    --------
    >>> interval([1.0, 2.0, 3.0]).mean
    2.0
    """
    finite = np.array([value for value in values if math.isfinite(value)])
    n = len(finite)
    if n == 0:
        return Interval(math.nan, math.nan, 0)
    mean = float(finite.mean())
    if n == 1:
        return Interval(mean, math.nan, 1)
    error = float(finite.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, _t_quantile(n - 1, confidence) * error, n)


def paired(values: Sequence[float], baseline: Sequence[float], confidence: float = CONFIDENCE) -> Paired:
    """Compare two policies replication by replication; both must hold the same replications in order.

    Raises
    ------
    ValueError
        If the two do not have the same number of replications.
    """
    a, b = np.asarray(values, dtype=float), np.asarray(baseline, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"paired values need equal lengths, not {len(a)} and {len(b)}")
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    difference = interval([float(d) for d in a - b], confidence)
    if len(a) < 2:
        return Paired(difference, math.nan, math.nan)
    apart = float(a.var(ddof=1) + b.var(ddof=1))
    together = float((a - b).var(ddof=1))
    spread = float(a.std(ddof=1) * b.std(ddof=1))
    correlation = float(np.cov(a, b)[0, 1]) / spread if spread > 0 else math.nan
    return Paired(difference, correlation, apart / together if together > 0 else math.nan)


def _t_quantile(freedom: int, confidence: float) -> float:
    from scipy.special import stdtrit  # scipy.stats takes two seconds to import

    return float(stdtrit(freedom, 0.5 + confidence / 2))
