"""The constants of E1 that meet measurements best, for all GPUs and frameworks together and for each of them."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from experiments.silicon.measured import Point
from experiments.silicon.surrogate import Surrogate
from providers.hardware.calibration import SHARES, Constants

TPOT_SPREAD, TTFT_SPREAD = 0.1, 0.3  # of logarithms, beyond which soft-L1 counts errors by their size only
QUEUEING: Final = 256  # concurrency above which TTFT is mostly waiting at the framework's own limits
GROUPED: Final = ("eta_memory", "layer_s", "request_s")  # that differ between groups
POOLING: Final = 1.0  # spread of a group's constants about those of all, in logarithms
LEAST_SHARE: Final = 1e-2
LEAST_TIME: Final = 1e-3  # units of the search, of work too
AT_LIMIT: Final = 1e-4
NORMAL_95: Final = 1.959964
BEGIN: Final = Constants(0.7, 0.6, 0.1, 0.2, 2e-5, 5e-6, 5e-5, 2e-5, 0.15, 50.0)
SCALE: Final = np.array([1.0, 1.0, 1.0, 1.0, 1e-5, 1e-6, 1e-5, 1e-5, 0.1, 10.0])  # of one unit of the search

Group = tuple[str, str]  # GPU and framework


class Sample(NamedTuple):
    """Measured points, the surrogate of them, and how much each counts."""

    surrogate: Surrogate
    weight: np.ndarray
    group: np.ndarray  # of each point, index into groups
    groups: tuple[Group, ...]

    @property
    def points(self) -> tuple[Point, ...]:
        """The points."""
        return self.surrogate.points


def class_of(point: Point) -> tuple[str, str, str]:
    """What counts as one thing that was measured, however many points there are of it."""
    return point.layout.gpu, point.layout.model, point.stated


def sample_of(surrogate: Surrogate, chosen: Sequence[int]) -> Sample:
    """Choose points to fit.

    Parameters
    ----------
    surrogate
        Of all points.
    chosen
        Indices of those that are to be fitted.
    """
    points = [surrogate.points[index] for index in chosen]
    size = Counter(map(class_of, points))
    weight = np.array([1.0 / np.sqrt(size[class_of(point)]) for point in points])
    groups = tuple(sorted({(point.layout.gpu, point.framework) for point in points}))
    group = np.array([groups.index((point.layout.gpu, point.framework)) for point in points])
    return Sample(surrogate.of(chosen), weight, group, groups)


class Solution(NamedTuple):
    """Constants that meet a sample best.

    Attributes
    ----------
    table
        Constants of each group, (groups, constants): equal in all groups but for those that are grouped.
    low, high
        Ends of their 95% intervals; where a constant is at a limit of what is allowed, both are that limit.
    """

    table: np.ndarray
    low: np.ndarray
    high: np.ndarray


def solve(sample: Sample, grouped: tuple[str, ...]) -> Solution:
    """Find the constants, those that are ``grouped`` for each group and the others for all together."""
    from scipy.optimize import least_squares

    problem = _Problem(sample, tuple(Constants._fields.index(name) for name in grouped))
    low, high = problem.bounds()
    x = least_squares(problem.residuals, problem.beginning(), problem.jacobian, bounds=(low, high),
                      loss=problem.loss, x_scale="jac", xtol=1e-9, ftol=1e-9, max_nfev=100).x
    reach = NORMAL_95 * _errors(problem, x)
    return Solution(problem.table(x), problem.table(np.maximum(x - reach, low)),
                    problem.table(np.minimum(x + reach, high)))


def _errors(problem: "_Problem", x: np.ndarray) -> np.ndarray:
    """Standard errors by the sandwich formula, clustered by what was measured (White 1980, Liang and Zeger 1986).

    What lies at a limit is taken as given; what no point tells of (none is unpacked, say) has no limit.
    """
    low, high = problem.bounds()
    residuals, every = problem.residuals(x), problem.jacobian(x)
    told = np.any(every != 0.0, axis=0)
    free = np.flatnonzero(told & (x > low + AT_LIMIT) & (x < high - AT_LIMIT))
    slopes = every[:, free]
    pull = problem.loss(residuals**2)[1]  # weight of each residual, its loss included
    curvature = (slopes.T * pull) @ slopes
    scores = slopes * (pull * residuals)[:, None]
    kinds = problem.kinds()
    clusters = np.stack([scores[kinds == kind].sum(axis=0) for kind in range(kinds.max() + 1)])
    bread = np.linalg.inv(curvature)
    covariance = bread @ (clusters.T @ clusters) @ bread * len(clusters) / (len(clusters) - 1)
    errors = np.where(told, 0.0, np.inf)
    errors[free] = np.sqrt(np.diag(covariance))
    return errors


class _Problem:
    """Residuals: logarithms of predicted over measured TPOT and TTFT, and of each group's constants over those of all.

    Parameters
    ----------
    sample
        What is fitted.
    grouped
        Places of the constants that differ between groups.
    """

    def __init__(self, sample: Sample, grouped: tuple[int, ...]) -> None:
        self.sample, self.grouped = sample, grouped
        points = sample.points
        self.tpot_s = np.array([point.tpot_s for point in points])
        self.ttft_s = np.array([point.ttft_s for point in points])
        self.timed = np.array([point.load.concurrency <= QUEUEING for point in points])
        self.size = len(Constants._fields)
        self.own = len(grouped) * len(sample.groups)  # constants of single groups, behind those of all
        self.weight = np.concatenate((sample.weight, sample.weight[self.timed], np.ones(self.own)))

    def kinds(self) -> np.ndarray:
        """Number of what was measured, of each residual; -1 for the distances of groups, which no one measured."""
        classes = [class_of(point) for point in self.sample.points]
        number = {name: place for place, name in enumerate(sorted(set(classes)))}
        of_point = np.array([number[name] for name in classes])
        return np.concatenate((of_point, of_point[self.timed], np.full(self.own, -1)))

    def beginning(self) -> np.ndarray:
        """Where the search begins."""
        x = np.array(BEGIN) / SCALE
        return np.concatenate((x, np.repeat(x[list(self.grouped)], len(self.sample.groups))))

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Limits of the search."""
        share = np.isin(Constants._fields, SHARES)
        low, high = np.where(share, LEAST_SHARE, LEAST_TIME), np.where(share, 1.0, np.inf)
        own = np.repeat(list(self.grouped), len(self.sample.groups)).astype(int)
        return np.concatenate((low, low[own])), np.concatenate((high, high[own]))

    def table(self, x: np.ndarray) -> np.ndarray:
        """Constants of each group."""
        table = np.tile(x[: self.size] * SCALE, (len(self.sample.groups), 1))
        for place, constant in enumerate(self.grouped):
            table[:, constant] = x[self._places(place)] * SCALE[constant]
        return table

    def _places(self, place: int) -> slice:
        """Where a grouped constant stands in what is searched."""
        count = len(self.sample.groups)
        return slice(self.size + place * count, self.size + (place + 1) * count)

    def _apart(self, x: np.ndarray) -> np.ndarray:
        """Logarithms of the groups' constants over those of all."""
        common = np.repeat(x[list(self.grouped)], len(self.sample.groups))
        return np.asarray(np.log(x[self.size:] / common))

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """Errors in units of their spreads."""
        first, later = self.sample.surrogate.latencies_s(self.table(x)[self.sample.group])
        return np.concatenate((np.log(later / self.tpot_s) / TPOT_SPREAD,
                               (np.log(first / self.ttft_s) / TTFT_SPREAD)[self.timed], self._apart(x) / POOLING))

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Derivatives of the residuals."""
        (first, d_first), (later, d_later) = self.sample.surrogate.slopes(self.table(x)[self.sample.group])
        ttft = self._chained(d_first / first[:, None] / TTFT_SPREAD)[self.timed]
        tpot = self._chained(d_later / later[:, None] / TPOT_SPREAD)
        return np.concatenate((tpot, ttft, self._pooled(x)))

    def _chained(self, slopes: np.ndarray) -> np.ndarray:
        """From derivatives by each point's own constants, (points, constants), to those by what is searched."""
        group, rows = self.sample.group, np.arange(len(self.sample.group))
        chained = np.zeros((len(group), self.size + self.own))
        chained[:, : self.size] = slopes * SCALE
        for place, constant in enumerate(self.grouped):
            chained[rows, self._places(place).start + group] = chained[:, constant]
            chained[:, constant] = 0.0
        return chained

    def _pooled(self, x: np.ndarray) -> np.ndarray:
        """Derivatives of the groups' distance from the constants of all."""
        found = np.zeros((self.own, self.size + self.own))
        found[:, self.size:] = np.diag(1.0 / x[self.size:]) / POOLING
        for place, constant in enumerate(self.grouped):
            places = self._places(place)
            found[places.start - self.size: places.stop - self.size, constant] = -1.0 / x[constant] / POOLING
        return found

    def loss(self, z: np.ndarray) -> np.ndarray:
        """Soft-L1 of squared residuals, with weights."""
        root = np.sqrt(1.0 + z)
        return np.asarray(np.stack((2.0 * (root - 1.0), 1.0 / root, -0.5 / root**3)) * self.weight)
