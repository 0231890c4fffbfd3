"""What a steady-state study found: one warm-up for all that is compared, then intervals of what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.measures.catalogue import unit_of
from experiments.measures.windows import Course, course_of
from experiments.stats import Interval, Paired, interval, paired
from experiments.stats.batch_means import BATCHES, FINER, LARGEST_LAG1, lag1_correlation
from experiments.stats.mser import WarmUp, common_warm_up
from experiments.stats.multiple import Verdict, verdicts
from experiments.stats.refusals import StatisticsError
from experiments.studies.steady.design import Steady

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

BY_BATCHES: Final = "batch means"
BY_REPLICATIONS: Final = "replications"
SUMMARY_COLUMNS: Final = ("policy", "metric", "unit", "mean", "half_width", "n", "method", "warm_up_s", "end_s")
PAIR_COLUMNS: Final = ("policy", "baseline", "metric", "unit", "difference", "half_width", "correlation",
                       "variance_reduction", "n", "p", "p_holm")


class Difference(NamedTuple):
    """A policy less the baseline, and whether they differ when all differences are judged at once."""

    interval: Interval
    verdict: Verdict


@dataclass(frozen=True)
class Found:
    """Results of a steady-state study.

    Attributes
    ----------
    design
        What was run.
    courses
        By policy and metric the course of each replication.
    warm_up_s
        Time deleted at the front of every run.
    """

    design: Steady
    courses: dict[tuple[str, str], list[Course]]
    warm_up_s: float

    @property
    def method(self) -> str:
        """How intervals are made: over replications, or of a single run by batch means."""
        return BY_REPLICATIONS if self.design.replications > 1 else BY_BATCHES

    @property
    def end_s(self) -> float:
        """Where the measured time ends: with the arrivals."""
        # what follows is the drain, in which nobody arrives: it is no part of a steady state
        return self.design.scenario.traffic.duration_s

    def interval(self, policy: str, metric: str) -> Interval:
        """Return the steady-state mean.

        Raises
        ------
        StatisticsError
            If batches of a single run depend on each other.
        """
        if self.design.replications > 1:
            return interval(self._ratios(policy, metric))
        if not self.counts(policy, metric):
            return interval([])
        return interval(_batches(self._linear(policy, metric), f"{policy}, {metric}"))

    def paired(self, policy: str, other: str, metric: str) -> Paired:
        """Compare two policies, replication by replication or batch by batch.

        Raises
        ------
        StatisticsError
            As `interval`.
        """
        if self.design.replications > 1:
            return paired(self._ratios(policy, metric), self._ratios(other, metric))
        if not (self.counts(policy, metric) and self.counts(other, metric)):
            return paired([], [])
        a, b = self._linear(policy, metric), self._linear(other, metric)
        _batches(a - b, f"{policy} less {other}, {metric}")  # what is averaged is their difference
        return paired(_means(a), _means(b))

    def counts(self, policy: str, metric: str) -> bool:
        """Whether any request counts for a metric; none does for the latencies of a policy that completes nothing."""
        return counted(self.courses[policy, metric], self.design)

    def _ratios(self, policy: str, metric: str) -> list[float]:
        """A replication's ratio of sums, by replication."""
        sums = [course.sums(self.warm_up_s, self.end_s, 1) for course in self.courses[policy, metric]]
        return [float(above[0] / below[0]) if below[0] else np.nan for above, below in sums]

    def _linear(self, policy: str, metric: str) -> np.ndarray:
        """The ratio as a mean of fine batches, R + (above - R below) / mean below (equation L15)."""
        above, below = self.courses[policy, metric][0].sums(self.warm_up_s, self.end_s, BATCHES * FINER)
        if not below.sum():
            raise StatisticsError(f"{policy}, {metric}: no request counts after the warm-up")
        ratio = above.sum() / below.sum()
        return np.asarray(ratio + (above - ratio * below) / below.mean())


def found_in(design: Steady, results: Results) -> Found:
    """Return what the runs in a store say.

    Raises
    ------
    StatisticsError
        If runs are too short to have forgotten how they began.
    """
    requests = {(int(row), int(replication)): rows
                for (row, replication), rows in results.table("requests").groupby(["row", "replication"], sort=True)}
    courses = {(policy, metric): [course_of(metric, requests[row, replication])
                                  for replication in range(design.replications)]
               for (row, policy), metric in product(enumerate(design.policies), design.metrics)}
    known = {name: runs for name, runs in courses.items() if counted(runs, design)}
    if not known:  # there is no transient to delete where nothing ever happens
        return Found(design, courses, 0.0)
    cut = warm_up_of(design, known)
    return Found(design, courses, cut.cut / cut.observations * design.scenario.traffic.duration_s)


def counted(runs: Sequence[Course], design: Steady) -> bool:
    """Return whether any request counts in the runs."""
    return any(course.sums(0.0, design.scenario.traffic.duration_s, 1)[1].any() for course in runs)


def warm_up_of(design: Steady, courses: dict[tuple[str, str], list[Course]]) -> WarmUp:
    """Return the one warm-up, in windows, that is long enough for every policy and metric (MSER-5, L4).

    Raises
    ------
    StatisticsError
        If a run is too short, or a window holds no request.
    """
    return common_warm_up({f"{policy}, {metric}": [pooled(runs, design)]
                           for (policy, metric), runs in courses.items()})


def pooled(runs: Sequence[Course], design: Steady) -> np.ndarray:
    """Return a metric window by window, over all replications together.

    Raises
    ------
    StatisticsError
        If a window holds no request.
    """
    duration_s = design.scenario.traffic.duration_s
    # over all replications at once: the noise of a single run would hide its transient, or be cut for one
    sums = np.array([course.sums(0.0, duration_s, design.windows) for course in runs])
    above, below = sums.sum(axis=0)
    if not below.all():
        raise StatisticsError(f"no request counts in one of {design.windows} windows of {duration_s / design.windows:g}"
                              " s; use fewer windows or a longer run")
    return np.asarray(above / below)


def _batches(series: np.ndarray, what: str) -> list[float]:
    """Means of the batches (L5), if finer ones are independent enough (L6)."""
    lag1 = lag1_correlation(series)
    if lag1 > LARGEST_LAG1:
        raise StatisticsError(f"{what}: the run is too short for {BATCHES} batches, since a hundredth of it has a "
                              f"correlation of {lag1:.2f} with the next, above {LARGEST_LAG1}; lengthen "
                              "traffic.duration_s, or use several replications")
    return _means(series)


def _means(series: np.ndarray) -> list[float]:
    return [float(mean) for mean in series.reshape(BATCHES, FINER).mean(axis=1)]


def summary(found: Found) -> DataFrame:
    """Return the steady-state means; n are replications, or batches of a single run."""
    import pandas as pd

    rows = []
    for policy, metric in product(found.design.policies, found.design.metrics):
        got = found.interval(policy, metric)
        rows.append((policy, metric, unit_of(metric), got.mean, got.half_width, got.n, found.method,
                     found.warm_up_s, found.end_s))
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def pairs(found: Found) -> DataFrame:
    """Return the paired differences to the baseline, p-values alone and corrected for their number."""
    import pandas as pd

    rows = []
    baseline = found.design.baseline
    for (policy, metric), apart in differences(found).items():
        got = found.paired(policy, baseline, metric)
        rows.append((policy, baseline, metric, unit_of(metric), got.difference.mean, got.difference.half_width,
                     got.correlation, got.variance_reduction, got.difference.n, apart.verdict.p,
                     apart.verdict.adjusted))
    return pd.DataFrame(rows, columns=list(PAIR_COLUMNS))


def differences(found: Found) -> dict[tuple[str, str], Difference]:
    """Return by policy and metric the difference to the baseline, and whether it is there (Holm, over all of them)."""
    design = found.design
    rivals = [policy for policy in design.policies if policy != design.baseline]
    apart = {(policy, metric): found.paired(policy, design.baseline, metric).difference
             for policy, metric in product(rivals, design.metrics)}
    judged = verdicts(apart)
    return {name: Difference(apart[name], judged[name]) for name in apart}
