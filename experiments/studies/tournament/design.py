"""The tournament: policies against each other at several loads, on the same requests."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import isfinite
from typing import Any, Final

from experiments.stats import Interval, Paired, interval, paired
from experiments.stats.errors import StatisticsError
from experiments.stats.selection import best_of
from sim.errors import MarketError, PolicyError, ScenarioError
from sim.policy import BoundPolicy
from sim.scenario import PolicyChoice, TrafficScenario

LOADS: Final = (0.6, 1.0, 1.4)
REPLICATIONS: Final = 5
PREFERRED_BASELINE: Final = "openrouter_classic"
COST: Final = "cost_usd_per_mtok"  # the two axes on which a policy may be dominated
LATENCY: Final = "e2e_p99_s"

Competitor = PolicyChoice | BoundPolicy
Values = dict[tuple[str, float], dict[str, list[float]]]  # by (policy, load), metric, replication
Tick = Callable[[int, int], None]  # runs done, runs in all


@dataclass(frozen=True)
class Design:
    """What is compared with what.

    Attributes
    ----------
    scenario
        The market; its routers' policies are replaced by each competitor in turn.
    policies
        Competitors by the label they carry in tables.
    loads
        Factors on the scenario's own load.
    replications
        Runs of every (policy, load); replication r has the same requests for all of them.
    baseline
        Label that the others are compared with.
    """

    scenario: TrafficScenario
    policies: dict[str, Competitor]
    loads: tuple[float, ...] = LOADS
    replications: int = REPLICATIONS
    baseline: str = ""

    def __post_init__(self) -> None:
        """Check the design and settle the baseline."""
        if not self.policies:
            raise PolicyError("a tournament needs at least one policy")
        if self.replications < 1:
            raise ScenarioError(f"replications is {self.replications}, but must be at least 1")
        if not self.loads or len(set(self.loads)) < len(self.loads):
            raise ScenarioError(f"loads are {list(self.loads)}, but must be one or more different factors")
        for load in self.loads:
            if not 0 < load < 1e6:
                raise ScenarioError(f"load is {load:g}, but must be greater than 0 and finite")
        if not self.baseline:
            names = [name for name in self.policies if name.startswith(PREFERRED_BASELINE)]
            object.__setattr__(self, "baseline", (names or list(self.policies))[0])
        if self.baseline not in self.policies:
            raise PolicyError(f"baseline {self.baseline!r} is not one of {', '.join(self.policies)}")

    def cells(self) -> list[tuple[str, float]]:
        """Return every (policy, load), loads outermost."""
        return [(policy, load) for load, policy in product(self.loads, self.policies)]


@dataclass(frozen=True)
class Tournament:
    """Results of a tournament.

    Attributes
    ----------
    design
        What was run.
    values
        For each (policy, load) and metric the values by replication.
    invariants
        Number of runs that each invariant held in (a run that breaks one ends the tournament).
    """

    design: Design
    values: Values
    invariants: dict[str, int] = field(default_factory=dict)

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics, provider shares included."""
        return list(next(iter(self.values.values())))

    def interval(self, policy: str, load: float, metric: str) -> Interval:
        """Return mean and half-width of a metric over replications."""
        return interval(self.values[policy, load][metric])

    def paired(self, policy: str, other: str, load: float, metric: str) -> Paired:
        """Compare two policies at a load, replication by replication."""
        return paired(self.values[policy, load][metric], self.values[other, load][metric])

    def dominated_by(self, policy: str, load: float) -> str | None:
        """Return a policy that is no worse in cost and latency and clearly better in one, or None.

        Clearly means that the interval of the paired difference excludes zero (with one replication: any
        difference).
        """
        rivals = (rival for rival in self.design.policies if rival != policy)
        return next((rival for rival in rivals if self._dominates(rival, policy, load)), None)

    def contenders(self, load: float, metric: str) -> tuple[str, ...]:
        """Return the policies among which the one with the lowest expectation is, with 95 % (equation L13).

        Policies without any value are not among them. None with a single policy or replication.
        """
        values = {policy: self.values[policy, load][metric] for policy in self.design.policies}
        values = {policy: each for policy, each in values.items() if any(isfinite(value) for value in each)}
        try:
            return best_of(values).contenders
        except StatisticsError:  # fewer than two to compare
            return ()

    def _dominates(self, rival: str, policy: str, load: float) -> bool:
        pairs = [self.paired(rival, policy, load, metric).difference for metric in (COST, LATENCY)]
        if not all(pair.mean <= 0 for pair in pairs):
            return False
        return any(pair.mean < 0 and not pair.mean + pair.half_width >= 0 for pair in pairs)


def tournament(design: Design, jobs: int = 1, tick: Tick | None = None) -> Tournament:
    """Run every policy at every load and replication; results do not depend on ``jobs``.

    Parameters
    ----------
    design
        What to compare.
    jobs
        Number of processes.
    tick
        Called after every run with the number done and the number in all.

    Raises
    ------
    MarketError
        As `experiments.runs.run_traffic.run`, for the first run that fails.
    """
    if jobs < 1:
        raise MarketError(f"jobs is {jobs}, but must be at least 1")
    tasks = [(label, load, replication) for replication in range(design.replications)
             for label, load in design.cells()]
    results: dict[Any, dict[str, float]] = {}
    invariants: dict[str, int] = {}
    for task, values, held in _play_all(design, tasks, jobs):
        results[task] = values
        for name in held:
            invariants[name] = invariants.get(name, 0) + 1
        if tick:
            tick(len(results), len(tasks))
    return Tournament(design, _by_cell(design, results), dict(sorted(invariants.items())))


def configured(scenario: TrafficScenario, competitor: Competitor, load: float) -> TrafficScenario:
    """Return the scenario with one policy at every router and its load multiplied."""
    traffic = scenario.traffic.model_copy(update={"load": scenario.traffic.load * load})
    routers = scenario.routers
    if isinstance(competitor, PolicyChoice):
        routers = {name: router.model_copy(update={"policy": competitor}) for name, router in routers.items()}
    return scenario.model_copy(update={"traffic": traffic, "routers": routers})


Task = tuple[str, float, int]
Played = tuple[Task, dict[str, float], tuple[str, ...]]


def play(scenario: TrafficScenario, competitor: Competitor, task: Task) -> Played:
    """Run one task and reduce it to its metrics (in a worker process, when there are several)."""
    from experiments.measures.traffic_metrics import metrics
    from experiments.runs.run_traffic import run
    from sim.engines.invariants import INVARIANTS

    _, load, replication = task
    bound = None
    if isinstance(competitor, BoundPolicy):
        bound = dict.fromkeys(scenario.routers, competitor)
    outcome = run(configured(scenario, competitor, load), replication, policies=bound)
    return task, metrics(outcome), tuple(INVARIANTS)


def _play_all(design: Design, tasks: Sequence[Task], jobs: int) -> Iterator[Played]:
    """Play every task, the first here: a mistake shows at once, and the engine is compiled only once."""
    calls = [(design.scenario, design.policies[task[0]], task) for task in tasks]
    yield play(*calls[0])
    if jobs == 1 or len(calls) == 1:
        yield from (play(*call) for call in calls[1:])
        return
    from experiments.runs.workers import in_processes

    yield from in_processes(play, calls[1:], jobs)


def _by_cell(design: Design, results: dict[Task, dict[str, float]]) -> Values:
    cells: Values = {}
    for label, load in design.cells():
        runs = [results[label, load, replication] for replication in range(design.replications)]
        cells[label, load] = {metric: [values[metric] for values in runs] for metric in runs[0]}
    return cells
