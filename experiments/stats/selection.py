"""The best of several, with a stated probability (equations L13 and L14 of docs/lab/statistics.md).

Both procedures compare every two by the differences of their replications and add the risks up (Bonferroni), so that
they hold under common random numbers, whatever the correlations and however unequal the variances. Rinott's procedure,
the usual one for independent runs, would be invalid there and could not profit from the correlation.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from experiments.stats.intervals import t_quantile
from experiments.stats.refusals import StatisticsError

FIRST: Final = 20  # replications of the first stage: Law (2015, chapter 10) advises at least 20
MOST: Final = 1000  # assumption


@dataclass(frozen=True)
class Selection:
    """Who is best.

    Attributes
    ----------
    best
        Who has the best mean.
    contenders
        Those among whom the truly best is with the probability, in the order given; one only: it is the best.
    probability
        That probability. After `two_stage` also that of ``best`` being truly best, if it is so by the indifference.
    n
        Replications that were compared.
    """

    best: str
    contenders: tuple[str, ...]
    probability: float
    n: int


def best_of(values: Mapping[str, Sequence[float]], larger: bool = False, probability: float = 0.95) -> Selection:
    """Return those that may be the best, given replications at hand (Bonferroni subset selection, L13).

    Parameters
    ----------
    values
        By competitor the values by replication, in the same order for all. A replication that one of them has no value
        of is left out for all.
    larger
        Whether larger is better.
    probability
        Probability that the truly best is among the contenders.

    Raises
    ------
    StatisticsError
        If there are fewer than 2 competitors, or fewer than 2 replications that all have values of, or a value is
        censored (inf).

    Examples
    --------
    >>> best_of({"a": [1.0, 2.0, 3.0], "b": [5.1, 6.0, 6.9], "c": [1.2, 1.9, 3.1]}).contenders
    ('a', 'c')
    """
    names, y = _matrix(values, larger)
    limit = t_quantile(y.shape[1] - 1, 1 - (1 - probability) / (len(names) - 1)) / math.sqrt(y.shape[1])
    means = y.mean(axis=1)
    behind = means[:, None] - means[None, :] > limit * _spreads(y)
    contenders = tuple(name for name, beaten in zip(names, behind.any(axis=1), strict=True) if not beaten)
    return Selection(names[int(np.argmin(means))], contenders, probability, y.shape[1])


def replications_needed(
    values: Mapping[str, Sequence[float]], indifference: float, probability: float = 0.95
) -> int:
    """Return how many replications in all let the best mean be picked with the probability (Clark and Yang 1986, L14).

    Parameters
    ----------
    values
        A first stage, as in `best_of`.
    indifference
        Smallest difference that matters, in the metric's unit: the pick is right with the probability if the best is
        better than every other by as much, and otherwise within as much of the best.
    probability
        Probability of a correct selection.

    Raises
    ------
    StatisticsError
        As in `best_of`, and if the indifference is not positive.
    """
    if not 0 < indifference < math.inf:
        raise StatisticsError(f"indifference is {indifference:g}, but must be greater than 0 and finite")
    names, y = _matrix(values, larger=False)
    n: int = y.shape[1]
    t = t_quantile(n - 1, 1 - (1 - probability) / (len(names) - 1))
    wanted: int = math.ceil((t * float(_spreads(y).max()) / indifference) ** 2)
    return max(n, wanted)


def two_stage(
    play: Callable[[int], Mapping[str, float]], indifference: float, *, larger: bool = False,
    probability: float = 0.95, first: int = FIRST, most: int = MOST,
) -> Selection:
    """Replicate until the best can be picked with the probability, and pick it (Clark and Yang 1986).

    Parameters
    ----------
    play
        Returns the metric of every competitor in a replication, on common random numbers for the least work.
    indifference, probability
        As in `replications_needed`.
    larger
        Whether larger is better.
    first
        Replications of the first stage.
    most
        Replications that may be done in all.

    Raises
    ------
    StatisticsError
        If more would be needed; the text says how many. Also if a value is missing, since the guarantee would not hold.
    """
    rows = [dict(play(replication)) for replication in range(first)]
    needed = replications_needed(_columns(rows), indifference, probability)
    if needed > most:
        raise StatisticsError(f"picking the best within {indifference:g} needs {needed} replications, but most is "
                              f"{most}")
    rows += [dict(play(replication)) for replication in range(first, needed)]
    return best_of(_columns(rows), larger, probability)


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    for replication, row in enumerate(rows):
        bad = [name for name in rows[0] if not math.isfinite(row.get(name, math.nan))]
        if bad or len(row) != len(rows[0]):
            raise StatisticsError(f"replication {replication} has no value of {', '.join(bad) or 'all competitors'}")
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}


def _matrix(values: Mapping[str, Sequence[float]], larger: bool) -> tuple[list[str], np.ndarray]:
    """Names and values (competitor, replication), smaller being better."""
    names = list(values)
    if len(names) < 2:
        raise StatisticsError(f"the best of {len(names)} cannot be selected; it takes at least 2 competitors")
    lengths = {len(each) for each in values.values()}
    if len(lengths) > 1:
        raise StatisticsError("competitors have different numbers of replications: "
                              + ", ".join(f"{name} {len(each)}" for name, each in values.items()))
    y = np.array([list(each) for each in values.values()], dtype=float)
    if np.isinf(y).any():
        late = ", ".join(name for name, each in zip(names, y, strict=True) if np.isinf(each).any())
        raise StatisticsError(f"{late} cannot be compared by means: there are censored values among them")
    y = y[:, np.isfinite(y).all(axis=0)]
    if y.shape[1] < 2:
        raise StatisticsError(f"selecting the best takes at least 2 replications that all have values of, not "
                              f"{y.shape[1]}")
    return names, -y if larger else y


def _spreads(y: np.ndarray) -> np.ndarray:
    """Standard deviations of the differences between every two competitors."""
    return np.asarray([[np.std(a - b, ddof=1) for b in y] for a in y])
