"""What scripts do with a scenario: change it, run it, replicate it, compare policies, sweep fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from experiments.arguments import JOBS_MOST, labels, points_of, scenario_given, store_given, whole
from experiments.runs.effort import MOST_RUNS
from experiments.runs.specs import POLICY, Point, Value
from experiments.scenarios.changes import Change, assignments_of
from sim.errors import MarketError
from sim.scenario import MarketScenario, Scenario, TrafficScenario

if TYPE_CHECKING:
    from experiments.designs import Plan
    from experiments.store.results import Results

AnyScenario = TypeVar("AnyScenario", TrafficScenario, MarketScenario)
Named = Scenario | str | Path  # a scenario, the name of a built-in one, or the path of a TOML file
REPLICATIONS: Final = 5


class RunError(MarketError):
    """No run of a study succeeded."""


@overload
def change(scenario: AnyScenario, *changes: Change, **fields: object) -> AnyScenario:  # noqa: D418 - editors show it
    """Return a changed copy of the same kind."""


@overload
def change(scenario: str | Path, *changes: Change, **fields: object) -> Scenario:  # noqa: D418 - as above
    """Return a changed copy of a scenario that is named."""


def change(scenario: Named, *changes: Change, **fields: object) -> Scenario:
    """Return a copy of a scenario with some fields changed.

    Parameters
    ----------
    scenario
        What to start from; it stays as it is.
    changes
        Texts such as ``"traffic.load=1.4"`` and dictionaries such as ``{"traffic.load": 1.4}``, applied in order and
        checked together. A dictionary as a value is merged into the table that is there, unless it names another
        ``kind`` of it.
    fields
        The same as keywords, with two underscores for a dot: ``traffic__load=1.4``.

    Raises
    ------
    ScenarioError
        If a change names no field or its value is not allowed.

    Examples
    --------
    >>> change("duel", "traffic.load=0.5", seed=3).seed
    3
    >>> change("duel", traffic={"load": 0.5, "warmup_s": 5}).traffic.load
    0.5
    """
    from sim.scenario.load import override, plain

    base = scenario_given(scenario)
    return override(base, assignments_of(changes, fields, plain(base)))


def run(scenario: Named, replication: int = 0, *, store: str | Path | None = None) -> Results:
    """Run a scenario of traffic or a whole market once.

    Parameters
    ----------
    scenario
        What to run: a scenario, the name of a built-in one, or the path of a TOML file.
    replication
        Which streams of random numbers; ``run(scenario, r)`` is replication ``r`` of `replicate`.
    store
        As in `replicate`.

    Returns
    -------
    Results
        Its metrics and statistics with n = 1, and so without intervals; ``results.table("requests")`` has the
        requests that ``traffic.sample_share`` has kept.

    Raises
    ------
    RunError
        If the run failed; the text says why.
    ScenarioError
        If an argument is not allowed.
    StoreError
        If the store cannot be used.
    """
    which = whole("replication", replication, 0, MOST_RUNS)
    return _play(scenario_given(scenario), [{}], range(which, which + 1), 1, store)


def replicate(
    scenario: Named, replications: int = REPLICATIONS, *, jobs: int = 1, store: str | Path | None = None
) -> Results:
    """Run a scenario several times, each with random streams of its own.

    Parameters
    ----------
    scenario
        What to run: a scenario, the name of a built-in one, or the path of a TOML file.
    replications
        How many times.
    jobs
        Number of processes; results do not depend on it.
    store
        File to keep the runs in, so that those done already are not done again; None keeps them in memory.

    Raises
    ------
    ScenarioError
        If an argument is not allowed.
    RunError
        If every run failed.
    StoreError
        If the store cannot be used.
    """
    return _play(scenario_given(scenario), [{}], _replications(replications), jobs, store)


def compare(
    scenario: Named, policies: Sequence[str], replications: int = REPLICATIONS, *,
    jobs: int = 1, store: str | Path | None = None,
) -> Results:
    """Run a scenario under several routing policies, on the same random numbers.

    ``compare(...).compare("e2e_p99_s")`` then gives the paired differences to the first policy.

    Parameters
    ----------
    scenario
        What to run; the policy of all its routers is replaced.
    policies
        Names, with parameters as in ``power_of_d:d=3``; the first is the one the others are compared with.
    replications, jobs, store
        As in `replicate`.

    Raises
    ------
    ScenarioError, PolicyError
        If there are fewer than two policies, one of them is unknown, or another argument is not allowed.
    RunError, StoreError
        As `replicate`.
    """
    points: list[Point] = [{POLICY: policy} for policy in labels(policies, least=2)]
    return _play(scenario_given(scenario), points, _replications(replications), jobs, store)


def sweep(
    scenario: Named, design: Mapping[str, Iterable[Value]] | Plan, *,
    policies: Sequence[str] | None = None, replications: int = REPLICATIONS, jobs: int = 1,
    store: str | Path | None = None,
) -> Results:
    """Run a scenario at every point of a design, on the same random numbers.

    Parameters
    ----------
    scenario
        The base; fields that the design does not name stay as they are.
    design
        Values by path of a field (all combinations are run), or a plan of `experiments.designs.make_plan`.
    policies
        Routing policies to run at every point, as in `compare`; None: the scenario's own.
    replications, jobs, store
        As in `replicate`.

    Returns
    -------
    Results
        A point that is not allowed or a run that failed is in ``failures()``, and does not stop the rest.

    Raises
    ------
    ScenarioError, PolicyError
        If the design has no point that is allowed, a policy is unknown, or another argument is not allowed.
    RunError, StoreError
        As `replicate`.
    """
    points = points_of(design, [] if policies is None else labels(policies))
    return _play(scenario_given(scenario), points, _replications(replications), jobs, store)


def _replications(count: int) -> range:
    return range(whole("replications", count, 1, MOST_RUNS))


def _play(
    scenario: Scenario, points: Sequence[Point], replications: range, jobs: int, store: str | Path | None
) -> Results:
    """Run every point and replication that the store lacks; some points may be wrong, but not all."""
    from experiments.runs.keys import specs_of
    from experiments.runs.runner import announce_compiling, run_all
    from experiments.store.results import Results
    from experiments.store.store import Store
    from sim.errors import ScenarioError
    from sim.scenario.load import plain

    workers, file = whole("jobs", jobs, 1, JOBS_MOST), store_given(store)
    base, kind = plain(scenario), scenario.kind
    specs = specs_of(kind, base, points, replications)
    if all(spec.problem for spec in specs):
        raise ScenarioError(specs[0].problem)
    manifest: dict[str, Any] = {"kind": kind, "scenario": base, "points": [dict(point) for point in points],
                                "replications": len(replications)}
    with ExitStack() as undo:
        kept = undo.enter_context(Store(file))  # closed again unless it is handed over
        kept.begin(scenario.name, manifest, specs)
        announce_compiling(kind, scenario)
        run_all(specs, kept, jobs=workers)
        results = Results(kept, scenario.name)
        _refuse_nothing(results)
        undo.pop_all()
    return results


def _refuse_nothing(results: Results) -> None:
    """Refuse results without a single run: every table of theirs would be empty."""
    failures = results.failures()
    if len(failures) == len(results.runs):
        many = "the run failed" if len(failures) == 1 else f"all {len(failures)} runs failed, the first"
        raise RunError(f"{many}: {failures['problem'].iloc[0]}")
