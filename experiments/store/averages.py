"""Means and half-widths over replications, run by run first, and without hiding the runs that failed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.stats import CONFIDENCE
from experiments.store.completeness import ALL, DONE, FAILED, whole_only, with_failures
from experiments.store.statistics import Source, Statistic, Terms

if TYPE_CHECKING:
    from pandas import DataFrame

PLACE: Final = ("row", "replication")
INTERVAL: Final = ("mean", "half_width", "n", FAILED)


class Grouping(NamedTuple):
    """How results are told apart.

    Attributes
    ----------
    place
        Columns of runs: factors, ``row``, ``replication``.
    others
        All other columns, such as dimensions of a table, the metric and its unit.
    """

    place: list[str]
    others: list[str]


def over_replications(
    frame: "DataFrame", runs: "DataFrame", grouping: Grouping, confidence: float = CONFIDENCE
) -> "DataFrame":
    """Average ``value`` over what a grouping leaves out within a replication, then over replications.

    Parameters
    ----------
    frame
        Values of runs, with the columns of the grouping and ``replication``.
    runs
        All runs that are wanted, with the columns of ``grouping.place`` and their ``state``.
    grouping
        How results are told apart.
    confidence
        Confidence of the intervals.

    Returns
    -------
    DataFrame
        The columns of the grouping and those of `INTERVAL`. A group whose runs all failed has a row without a mean.
    """
    place, others = grouping
    groups = [*[name for name in place if name != "replication"], *others,
              *[name for name in place if name == "replication"]]
    keys = list(dict.fromkeys([*groups, "replication"]))
    # first within a replication: its points share their random numbers and are no independent observations
    means = frame.groupby(keys, sort=False, dropna=False)["value"].mean().reset_index()
    seen = means[groups].drop_duplicates()
    is_whole = bool((runs["state"] == DONE).all())
    means = (means if is_whole else whole_only(means, runs, place)).assign(**{ALL: 0})
    grouped = means.groupby([ALL, *groups], sort=False, dropna=False)["value"]
    found = grouped.agg(["mean", "std", "count"]).reset_index()
    found["half_width"] = _half_width(found["std"].to_numpy(float), found["count"].to_numpy(int), confidence)
    found = found.rename(columns={"count": "n"})[[*groups, "mean", "half_width", "n"]]
    found = found.assign(**{FAILED: 0}) if is_whole else with_failures(found, seen, runs, place)
    return found[[*groups, *INTERVAL]]


def value_of(sums: "DataFrame", found: Statistic, dimensions: Sequence[str], source: Source) -> np.ndarray:
    """Return the value of a statistic of each run and group from its sums, NaN where it is divided by nothing."""
    value = _added(sums, source.above)
    if found.of_whole:
        whole = [*PLACE, *(["month"] if "month" in dimensions else [])]
        bottom = sums[whole].assign(value=value).groupby(whole, sort=False)["value"].transform("sum").to_numpy(float)
    elif source.below is not None:
        bottom = _added(sums, source.below)
    else:
        return value
    out = np.full(len(value), np.nan)
    np.divide(found.scale * value, bottom, out=out, where=bottom != 0)
    return out


def _added(sums: "DataFrame", terms: Terms) -> np.ndarray:
    """Sums of columns, each times its factor."""
    return np.asarray(sum(factor * sums[name].to_numpy(float) for name, factor in terms.items()))


def _half_width(std: np.ndarray, count: np.ndarray, confidence: float) -> np.ndarray:
    """Student t half-widths, as `experiments.stats.interval` has them, of many groups at once."""
    from scipy.special import stdtrit  # scipy.stats takes two seconds to import

    out = np.full(len(count), np.nan)
    several = count > 1
    out[several] = stdtrit(count[several] - 1, 0.5 + confidence / 2) * std[several] / np.sqrt(count[several])
    return out
