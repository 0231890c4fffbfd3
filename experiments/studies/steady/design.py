"""Steady-state studies of traffic: one warm-up for all that is compared, then intervals of what follows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np

from experiments.measures.windows import COURSES, Course
from experiments.stats import Interval, Paired, interval, paired
from experiments.stats.batch_means import BATCHES, FINER, LARGEST_LAG1, lag1_correlation
from experiments.stats.errors import StatisticsError
from experiments.stats.mser import BATCH, WarmUp, common_warm_up
from experiments.studies.tournament.design import Competitor, configured
from sim.errors import MarketError, PolicyError, ScenarioError
from sim.policy import BoundPolicy
from sim.scenario import Diurnal, Trace, TrafficScenario

WINDOWS: Final = 500  # 100 batches of MSER-5: with half of that it cuts into steady runs more often (tried on duel)
REPLICATIONS: Final = 5
METRICS: Final = ("e2e_mean_s", "cost_usd_per_mtok", "completed_per_s")
BY_BATCHES: Final = "batch means"
BY_REPLICATIONS: Final = "replications"

Tick = Callable[[int, int], None]  # runs done, runs in all
Task = tuple[str, int]  # policy, replication
Played = tuple[Task, dict[str, Course]]


@dataclass(frozen=True)
class SteadyDesign:
    """What is measured in steady state.

    Attributes
    ----------
    scenario
        The market; its own ``warmup_s`` is not used.
    policies
        Competitors by the label they carry in tables; each takes the place of the routers' policies.
    metrics
        Names in `experiments.measures.windows.COURSES`.
    replications
        Runs of each policy; of a single one the interval is by batch means.
    windows
        Windows into which a run is cut to find its warm-up.
    baseline
        Label that the others are compared with; empty for the first.
    """

    scenario: TrafficScenario
    policies: dict[str, Competitor]
    metrics: tuple[str, ...] = METRICS
    replications: int = REPLICATIONS
    windows: int = WINDOWS
    baseline: str = ""

    def __post_init__(self) -> None:
        """Check the design and settle the baseline."""
        if not self.policies:
            raise PolicyError("a steady-state study needs at least one policy")
        unknown = [metric for metric in self.metrics if metric not in COURSES]
        if unknown or not self.metrics:
            raise ScenarioError(f"metric {unknown[0] if unknown else ''!r} has no course in time; "
                                f"those that have one are {', '.join(COURSES)}")
        if self.replications < 1:
            raise ScenarioError(f"replications is {self.replications}, but must be at least 1")
        if self.windows < 10 * BATCH:
            raise ScenarioError(f"windows is {self.windows}, but must be at least {10 * BATCH}")
        object.__setattr__(self, "baseline", self.baseline or next(iter(self.policies)))
        if self.baseline not in self.policies:
            raise PolicyError(f"baseline {self.baseline!r} is not one of {', '.join(self.policies)}")
        for name, demand in self.scenario.demand.items():
            if isinstance(demand.arrivals, Diurnal | Trace):
                raise ScenarioError(f"demand.{name}.arrivals is of kind {demand.arrivals.kind!r}, whose rate follows "
                                    "the clock: there is no steady state; compare runs of a stated length instead")

    def tasks(self) -> list[Task]:
        """Return every (policy, replication), replications outermost."""
        return [(policy, replication) for replication, policy in product(range(self.replications), self.policies)]


@dataclass(frozen=True)
class Steady:
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

    design: SteadyDesign
    courses: dict[tuple[str, str], list[Course]]
    warm_up_s: float

    @property
    def method(self) -> str:
        """How intervals are made: over replications, or of a single run by batch means."""
        return BY_REPLICATIONS if self.design.replications > 1 else BY_BATCHES

    @property
    def end_s(self) -> float:
        """Where the measured time ends: with the arrivals."""
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
        a, b = self._linear(policy, metric), self._linear(other, metric)
        _batches(a - b, f"{policy} less {other}, {metric}")  # what is averaged is their difference
        return paired(_means(a), _means(b))

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


def steady(design: SteadyDesign, jobs: int = 1, tick: Tick | None = None) -> Steady:
    """Run a steady-state study; results do not depend on ``jobs``.

    Raises
    ------
    MarketError
        As `experiments.runs.run_traffic.run`, for the first run that fails; `StatisticsError` if runs are too short
        to have forgotten how they began.
    """
    if jobs < 1:
        raise MarketError(f"jobs is {jobs}, but must be at least 1")
    tasks = design.tasks()
    found: dict[Task, dict[str, Course]] = {}
    for task, played in _play_all(design, tasks, jobs):
        found[task] = played
        if tick:
            tick(len(found), len(tasks))
    courses = {(policy, metric): [found[policy, replication][metric] for replication in range(design.replications)]
               for policy, metric in product(design.policies, design.metrics)}
    cut = warm_up_of(design, courses)
    return Steady(design, courses, cut.cut / cut.observations * design.scenario.traffic.duration_s)


def warm_up_of(design: SteadyDesign, courses: dict[tuple[str, str], list[Course]]) -> WarmUp:
    """Return the one warm-up, in windows, that is long enough for every policy and metric (MSER-5, L4).

    Raises
    ------
    StatisticsError
        If a run is too short, or a window holds no request.
    """
    return common_warm_up({f"{policy}, {metric}": [pooled(runs, design)]
                           for (policy, metric), runs in courses.items()})


def pooled(runs: Sequence[Course], design: SteadyDesign) -> np.ndarray:
    """Return a metric window by window, over all replications together.

    Raises
    ------
    StatisticsError
        If a window holds no request.
    """
    duration_s = design.scenario.traffic.duration_s
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


def play(scenario: TrafficScenario, competitor: Competitor, task: Task, metrics: tuple[str, ...]) -> Played:
    """Run one task and reduce it to its courses (in a worker process, when there are several)."""
    from experiments.measures.windows import observe
    from experiments.runs.run_traffic import run

    bound = dict.fromkeys(scenario.routers, competitor) if isinstance(competitor, BoundPolicy) else None
    outcome = run(_whole(configured(scenario, competitor, 1.0)), task[1], policies=bound)
    return task, {metric: observe(outcome, metric) for metric in metrics}


def _whole(scenario: TrafficScenario) -> TrafficScenario:
    """The scenario with every request kept, from the start."""
    traffic = scenario.traffic.model_copy(update={"warmup_s": 0.0, "sample_share": 1.0})
    return scenario.model_copy(update={"traffic": traffic})


def _play_all(design: SteadyDesign, tasks: Sequence[Task], jobs: int) -> Iterator[Played]:
    """Play every task, the first here: a mistake shows at once, and the engine is compiled only once."""
    calls: list[tuple[Any, ...]] = [(design.scenario, design.policies[task[0]], task, design.metrics)
                                    for task in tasks]
    yield play(*calls[0])
    if jobs == 1 or len(calls) == 1:
        yield from (play(*call) for call in calls[1:])
        return
    from experiments.runs.workers import in_processes

    yield from in_processes(play, calls[1:], jobs)
