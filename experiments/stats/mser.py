"""Where the warm-up of a run ends: MSER-5 (equation L4 of docs/lab/statistics.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from experiments.stats.refusals import StatisticsError

BATCH: Final = 5  # observations a batch: White, Cobb and Spratt (2000) find 5 the best of those they try
UNTOUCHED: Final = 5  # a cut that leaves fewer batches than this is decided by the chance of a handful of values
FEWEST: Final = 10  # batches


@dataclass(frozen=True)
class WarmUp:
    """A warm-up that was found.

    Attributes
    ----------
    cut
        Number of observations to delete from the front.
    observations
        Number of observations of the series.
    statistic
        The marginal standard error at the cut, squared, in squared units of the series.
    """

    cut: int
    observations: int
    statistic: float


def warm_up(series: Sequence[float] | np.ndarray, batch: int = BATCH) -> WarmUp:
    """Find where a series has forgotten how it began.

    The cut minimises the squared standard error of the mean of what remains, as if that were independent: deleting
    the transient lowers the spread, deleting more wastes data.

    Parameters
    ----------
    series
        Observations in time order, at equal distances or one a customer.
    batch
        Observations averaged into one before the search; those that fill no batch, at the end, are left out of it.

    Returns
    -------
    The cut, a multiple of ``batch``.

    Raises
    ------
    StatisticsError
        If the series is too short: it has fewer than 10 batches, or the cut would fall into its second half, where it
        tells of the end of the data and not of the end of the warm-up. Also if a value is missing.

    Notes
    -----
    White (1997), Simulation 69(6); White, Cobb and Spratt (2000), Proc. Winter Simulation Conference. As in Hoad,
    Robinson and Davies (2010) the last 5 batches are no candidates.

    Examples
    --------
    >>> warm_up([9.0] * 20 + [1.0, 2.0, 3.0] * 60).cut
    20
    """
    values = finite(series)
    count = len(values) // batch
    if count < FEWEST:
        raise StatisticsError(f"the series has {len(values)} observations, but MSER-{batch} needs at least "
                              f"{FEWEST * batch}")
    means = values[: count * batch].reshape(count, batch).mean(axis=1)
    errors = _squared_errors(means)[: count - UNTOUCHED]
    cut = int(np.argmin(errors))
    if cut > count // 2:
        raise StatisticsError(f"the run is too short: MSER-{batch} puts the end of the warm-up at observation "
                              f"{cut * batch} of {len(values)}, in the second half")
    return WarmUp(cut * batch, len(values), float(errors[cut]))


def common_warm_up(runs: Mapping[str, Sequence[Sequence[float] | np.ndarray]], batch: int = BATCH) -> WarmUp:
    """Find one warm-up for all that is compared: the longest of those of the scenarios.

    Parameters
    ----------
    runs
        By scenario the series of its replications, all of one length; they are averaged across replications, which
        leaves the transient and damps the noise (Welch 1983).
    batch
        As for `warm_up`.

    Raises
    ------
    StatisticsError
        If there is none, lengths differ, or a scenario's run is too short; the text names it.
    """
    if not runs:
        raise StatisticsError("a warm-up needs at least one scenario")
    found = []
    for name, series in runs.items():
        if len({len(each) for each in series}) != 1 or len(series[0]) != len(next(iter(runs.values()))[0]):
            raise StatisticsError(f"series of {name!r} differ in length from the others, so that no cut is common")
        try:
            found.append(warm_up(np.mean([finite(each) for each in series], axis=0), batch))
        except StatisticsError as error:
            raise StatisticsError(f"{name}: {error}") from None
    return max(found, key=lambda each: each.cut)


def finite(series: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return a series as an array.

    Raises
    ------
    StatisticsError
        If a value is missing or infinite.
    """
    values = np.asarray(series, dtype=float)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise StatisticsError(f"observation {bad[0] + 1} of {len(values)} is {values[bad[0]]}, but must be finite")
    return values


def _squared_errors(means: np.ndarray) -> np.ndarray:
    """Return Σ(y − ȳ)² / k² of the last k values, for k = all, all but one, ..."""
    left = np.arange(len(means), 0, -1)
    centred = means - means[len(means) // 2:].mean()  # against cancellation
    sums = np.cumsum(centred[::-1])[::-1]
    squares = np.cumsum(centred[::-1] ** 2)[::-1]
    return np.asarray(np.maximum(0.0, squares - sums**2 / left) / left**2)
