"""Intervals over replications (equation L1 of docs/lab/statistics.md)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

CONFIDENCE: Final = 0.95


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
    return Interval(mean, t_quantile(n - 1, 0.5 + confidence / 2) * error, n)


def t_quantile(freedom: int, probability: float) -> float:
    """Return the quantile of Student's t distribution.

    Examples
    --------
    >>> round(t_quantile(4, 0.975), 3)
    2.776
    """
    from scipy.special import stdtrit  # scipy.stats takes two seconds to import

    return float(stdtrit(freedom, probability))
