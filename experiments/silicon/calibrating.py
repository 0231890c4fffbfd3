"""The calibration: constants are fitted on the surrogate, which is then set right where the engine differs, twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from experiments.silicon.closed_loop import Latencies, Run, closed_loops
from experiments.silicon.fitting import GROUPED, Group, Sample, Solution, sample_of, solve
from experiments.silicon.measured import Point
from experiments.silicon.surrogate import REQUEST, Surrogate, fits_at_once, surrogate_of
from providers.hardware.calibration import Constants

CORRECTIONS: Final = 2

Told = Callable[[str], None]


class Fitted(NamedTuple):
    """The result of a calibration.

    Attributes
    ----------
    common
        Of all GPUs and frameworks together (one row).
    by_group
        Of each GPU and framework.
    groups
        Their names.
    counts
        Points of each.
    """

    common: Solution
    by_group: Solution
    groups: tuple[Group, ...]
    counts: tuple[int, ...]

    def of_point(self, point: Point) -> Constants:
        """Constants that hold for a point."""
        return Constants(*self.by_group.table[self.groups.index((point.layout.gpu, point.framework))].tolist())


def calibrate(points: Sequence[Point], jobs: int, tell: Told) -> Fitted:
    """Fit the constants to measured points.

    Parameters
    ----------
    points
        What is fitted; those whose requests do not fit into memory together are left out.
    jobs
        Processes; the result is the same for any number.
    tell
        Told what is done.
    """
    plain = surrogate_of([point for point in points if fits_at_once(point)])
    everything = range(len(plain.points))
    by_group, common = plain, plain  # each as it is corrected
    for number in range(CORRECTIONS):
        tell(f"fit {number + 1} of {CORRECTIONS + 1}: {len(plain.points)} points")
        sample = sample_of(by_group, everything)
        table = solve(sample, GROUPED).table
        by_group = corrected(plain, table[sample.group], jobs)
        if number == 0:
            one = solve(sample_of(common, everything), ()).table
            common = corrected(plain, one[np.zeros(len(plain.points), int)], jobs)
    tell(f"fit {CORRECTIONS + 1} of {CORRECTIONS + 1}")
    sample = sample_of(by_group, everything)
    counts = np.bincount(sample.group, minlength=len(sample.groups))
    return Fitted(solve(sample_of(common, everything), ()), solve(sample, GROUPED), sample.groups,
                  tuple(counts.tolist()))


def corrected(surrogate: Surrogate, of_point: np.ndarray, jobs: int) -> Surrogate:
    """The surrogate with every point's times as the engine has them at some constants, (points, constants).

    In a true closed loop a request arrives between two boundaries, and while its answer is on its way its place in the
    batch is empty: the surrogate knows of neither. Both hardly depend on the constants.
    """
    first, later = surrogate.latencies_s(of_point)
    found = engine_latencies(surrogate.points, of_point, first, later, jobs)
    lag = of_point[:, REQUEST]
    seen = np.array(found).T
    return surrogate.corrected((seen[0] - lag) / (first - lag), seen[1] / later)


def engine_latencies(
    points: Sequence[Point], of_point: np.ndarray, ttft_s: np.ndarray, tpot_s: np.ndarray, jobs: int
) -> list[Latencies]:
    """Mean latencies of points in the engine, at constants of each; guesses of both say how long to run."""
    runs = [
        Run(point, Constants(*row), float(ttft + tpot * point.load.output))
        for point, row, ttft, tpot in zip(points, of_point.tolist(), ttft_s, tpot_s, strict=True)
    ]
    return closed_loops(runs, jobs)


def one_for_all(sample: Sample) -> Constants:
    """Constants of a sample for all GPUs and frameworks together."""
    return Constants(*solve(sample, ()).table[0].tolist())
