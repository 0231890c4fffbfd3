"""Many differences at once: Holm's correction (equation L12 of docs/lab/statistics.md)."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from experiments.stats.intervals import CONFIDENCE, Interval, t_quantile

RISK: Final = 0.05  # of one or more wrong claims among all differences that are judged together

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Verdict:
    """Whether a difference is there, given how many were looked at.

    Attributes
    ----------
    p
        Two-sided probability of a difference at least so large by chance, of this comparison alone; NaN if undefined.
    adjusted
        The same after Holm's correction.
    differs
        Whether the adjusted one is at or below the risk.
    """

    p: float
    adjusted: float
    differs: bool


def verdicts(
    differences: Mapping[Name, Interval], risk: float = RISK, confidence: float = CONFIDENCE
) -> dict[Name, Verdict]:
    """Return which differences are there, such that with probability 1 - risk or more none of the claims is wrong.

    Parameters
    ----------
    differences
        Intervals of (paired) differences by name.
    risk
        Probability of one or more wrong claims among all.
    confidence
        Of the intervals given.

    Examples
    --------
    >>> found = verdicts({"a": Interval(5.0, 1.0, 10), "b": Interval(1.0, 1.1, 10)})
    >>> found["a"].differs, found["b"].differs
    (True, False)
    """
    ps = [p_value(each, confidence) for each in differences.values()]
    return {name: Verdict(p, adjusted, is_there(adjusted, risk))
            for name, p, adjusted in zip(differences, ps, holm(ps), strict=True)}


def is_there(adjusted: float, risk: float = RISK) -> bool:
    """Return whether a difference is claimed, given its p-value after the correction; never if that is undefined."""
    return adjusted <= risk


def p_value(difference: Interval, confidence: float = CONFIDENCE) -> float:
    """Return the two-sided p-value of a mean of zero, from an interval by Student's t; NaN below 2 values.

    Values that are all the same, and not zero, have p = 0: there is no sign of chance in them.

    Examples
    --------
    >>> round(p_value(Interval(1.0, 1.0, 8)), 6)
    0.05
    """
    from scipy.special import stdtr  # scipy.stats takes two seconds to import

    if difference.n < 2 or not math.isfinite(difference.half_width):
        return math.nan
    if difference.half_width == 0:
        return 1.0 if difference.mean == 0 else 0.0
    freedom = difference.n - 1
    t = t_quantile(freedom, 0.5 + confidence / 2) * difference.mean / difference.half_width
    return float(2 * stdtr(freedom, -abs(t)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm (1979), in the order given; NaN ones stay and do not count.

    The smallest is multiplied by their number m, the next by m - 1, and so on, and none may fall below a smaller one's.
    Holds whatever the dependence between the comparisons.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, 0.005])
    [0.03, 0.06, 0.06, 0.02]
    """
    order = sorted((i for i, p in enumerate(p_values) if math.isfinite(p)), key=lambda i: p_values[i])
    adjusted = [math.nan] * len(p_values)
    least = 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = least
    return adjusted
