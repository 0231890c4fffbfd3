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
        Mean of the values; NaN if there is none, inf if one of them is: of a censored value there is no mean.
    half_width
        Half-width of the Student t interval; NaN below two values, and where a value is censored.
    n
        Number of values.
    """

    mean: float
    half_width: float
    n: int


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return mean and Student t half-width of replications (NaN values are left out).

    An infinite value is a censored one, a time past every deadline, of which nobody knows how long it is. Leaving it
    out would flatter whoever fails most, so that with one of them there is neither mean nor interval.

    Examples
    --------
    >>> interval([1.0, 2.0, 3.0]).mean
    2.0
    >>> interval([1.0, math.inf])
    Interval(mean=inf, half_width=nan, n=2)
    """
    if censored(values):
        return Interval(math.inf, math.nan, sum(not math.isnan(value) for value in values))
    finite = np.array([value for value in values if math.isfinite(value)])
    n = len(finite)
    if n == 0:
        return Interval(math.nan, math.nan, 0)
    mean = float(finite.mean())
    if n == 1:
        return Interval(mean, math.nan, 1)
    error = float(finite.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, t_quantile(n - 1, 0.5 + confidence / 2) * error, n)


def censored(values: Sequence[float]) -> bool:
    """Return whether one of the values is censored: infinite, known only to be later than any that is known."""
    return any(math.isinf(value) for value in values)


def t_quantile(freedom: int, probability: float) -> float:
    """Return the quantile of Student's t distribution.

    Examples
    --------
    >>> round(t_quantile(4, 0.975), 3)
    2.776
    """
    from scipy.special import stdtrit  # scipy.stats takes two seconds to import

    return float(stdtrit(freedom, probability))
