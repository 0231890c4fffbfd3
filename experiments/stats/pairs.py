"""Paired comparisons under common random numbers (equations L2 and L3 of docs/lab/statistics.md)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.stats.intervals import CONFIDENCE, Interval, censored, interval


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


def paired(values: Sequence[float], baseline: Sequence[float], confidence: float = CONFIDENCE) -> Paired:
    """Compare two policies replication by replication; both must hold the same replications in order.

    Where a value is censored (inf) there is no difference, and none is made of the other replications: n is 0.

    Raises
    ------
    ValueError
        If the two do not have the same number of replications.
    """
    a, b = np.asarray(values, dtype=float), np.asarray(baseline, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"paired values need equal lengths, not {len(a)} and {len(b)}")
    if censored(values) or censored(baseline):
        return Paired(Interval(math.nan, math.nan, 0), math.nan, math.nan)
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
