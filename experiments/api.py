"""What experiment scripts do with a scenario they have loaded: change it, run it, compare policies, sweep fields."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from experiments.runs.specs import POLICY, Point, Value
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.designs import Plan
    from experiments.store.results import Results
    from sim.scenario import MarketScenario, Scenario, TrafficScenario

AnyScenario = TypeVar("AnyScenario", "TrafficScenario", "MarketScenario")
REPLICATIONS = 5


def change(scenario: AnyScenario, *assignments: str) -> AnyScenario:
    """Return a copy of a scenario with some fields changed.

    Parameters
    ----------
    scenario
        What to start from; it stays as it is.
    assignments
        Such as ``"traffic.load=1.4"``, applied in order and checked together.

    Raises
    ------
    ScenarioError
        If an assignment names no field or its value is not allowed.

    Examples
    --------
    >>> from experiments import load
    >>> change(load("duel"), "traffic.load=0.5", "seed=3").seed
    3
    """
    from sim.scenario.load import override

    return override(scenario, assignments)


def replicate(
    scenario: "Scenario", replications: int = REPLICATIONS, *, jobs: int = 1,
    store: str | Path | None = None,
) -> "Results":
    """Run a scenario several times, each with random streams of its own.

    Parameters
    ----------
    scenario
        What to run.
    replications
        How many times.
    jobs
        Number of processes; results do not depend on it.
    store
        File to keep the runs in, so that those done already are not done again; None keeps them in memory.

    Raises
    ------
    ScenarioError
        If ``replications`` is below 1.
    StoreError
        If the store cannot be used.
    """
    return _play(scenario, [{}], replications, jobs, store)


def compare(
    scenario: "Scenario", policies: Sequence[str], replications: int = REPLICATIONS, *,
    jobs: int = 1, store: str | Path | None = None,
) -> "Results":
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
    ScenarioError
        If there are fewer than two policies, none of them is known, or ``replications`` is below 1.
    StoreError
        If the store cannot be used.
    """
    if len(set(policies)) < 2:
        raise ScenarioError(f"policies are {list(policies)}, but a comparison needs two different ones or more")
    return _play(scenario, [{POLICY: policy} for policy in dict.fromkeys(policies)], replications, jobs, store)


def sweep(
    scenario: "Scenario", design: "Mapping[str, Iterable[Value]] | Plan", *,
    policies: Sequence[str] = (), replications: int = REPLICATIONS, jobs: int = 1, store: str | Path | None = None,
) -> "Results":
    """Run a scenario at every point of a design, on the same random numbers.

    Parameters
    ----------
    scenario
        The base; fields that the design does not name stay as they are.
    design
        Values by path of a field (all combinations are run), or a plan of `experiments.designs.make_plan`.
    policies
        Routing policies to run at every point, as in `compare`; none: the scenario's own.
    replications, jobs, store
        As in `replicate`.

    Returns
    -------
    Results
        A point that is not allowed or a run that failed is in ``failures()``, and does not stop the rest.

    Raises
    ------
    ScenarioError
        If the design has no point that is allowed, or ``replications`` is below 1.
    StoreError
        If the store cannot be used.
    """
    points = _grid(design) if isinstance(design, Mapping) else [dict(point) for point in design.points]
    if policies:
        points = [{POLICY: policy, **point} for policy in policies for point in points]
    return _play(scenario, points, replications, jobs, store)


def _grid(values: Mapping[str, Iterable[Value]]) -> list[dict[str, Value]]:
    """All combinations, the last field fastest."""
    levels = {path: list(dict.fromkeys(given)) for path, given in values.items()}
    return [dict(zip(levels, point, strict=True)) for point in product(*levels.values())] if levels else []


def _play(
    scenario: "Scenario", points: Sequence[Point], replications: int, jobs: int,
    store: str | Path | None,
) -> "Results":
    """Run every point and replication that the store lacks; some points may be wrong, but not all."""
    from experiments.runs.keys import specs_of
    from experiments.runs.runner import run_all
    from experiments.store.results import Results
    from experiments.store.store import Store
    from sim.scenario.load import plain

    if replications < 1:
        raise ScenarioError(f"replications is {replications}, but must be at least 1")
    if not points:
        raise ScenarioError("the design has no point; give at least one value for every field")
    base, kind = plain(scenario), scenario.kind
    specs = specs_of(kind, base, points, replications)
    if all(spec.problem for spec in specs):
        raise ScenarioError(specs[0].problem)
    kept = Store(store)
    manifest: dict[str, Any] = {"kind": kind, "scenario": base, "points": [dict(point) for point in points],
                                "replications": replications}
    kept.begin(scenario.name, manifest, specs)
    run_all(specs, kept, jobs=jobs)
    return Results(kept, scenario.name)
