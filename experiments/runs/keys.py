"""Which run is which: equal keys give equal results, so what is stored under a key need not be run again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from experiments.extensions import UserModule, in_use
from experiments.output.inputs import digest_of, digests, input_files, tree_digest
from experiments.runs.kinds import kind_named
from experiments.runs.specs import POLICY, Point, RunSpec, Value
from sim.errors import MarketError

ROOT: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = (  # what turns a scenario into its tables; a test holds the list to what a run imports
    "sim", "providers", "policies", "experiments/measures", "experiments/runs", "experiments/stats",
    "experiments/store",
)
CODE: Final = ("*.py", "*.csv", "*.toml")  # what a result may depend on; scenarios are in the key themselves
COMPUTE: Final = ("numpy", "numba", "llvmlite", "scipy", "simpy", "networkx")  # their code, and what they compile to


@cache
def code_version() -> str:
    """Return a digest of all that a run's tables depend on beside its scenario, 32 hexadecimal digits.

    That is every source and data file of the rooms, and the versions of the packages that compute.
    """
    found = [tree_digest(ROOT, ROOMS, CODE), *(f"{name} {version(name)}" for name in COMPUTE)]
    return digest_of("\n".join(found).encode())


def specs_of(
    kind: str, base: Mapping[str, Any], points: Sequence[Point], replications: int | range
) -> list[RunSpec]:
    """Return the runs of a design: every replication of every point, points outermost.

    Parameters
    ----------
    kind
        What is run, and which tables are kept of it (`experiments.runs.kinds`).
    base
        The complete scenario, as `sim.scenario.load.plain` gives it.
    points
        Points of the design; one that is not allowed gives runs with a problem, not an error.
    replications
        How many replications of each, or their numbers.

    Raises
    ------
    ScenarioError
        If there are more runs than can be listed.
    """
    from experiments.runs.effort import check_runs

    numbers = replications if isinstance(replications, range) else range(replications)
    check_runs(len(points), len(numbers))  # before there is a list of them
    modules = in_use()
    foreign = _foreign(modules)
    specs = []
    for row, point in enumerate(points):
        scenario, inputs, problem = _configured(kind, base, point)
        identity = [scenario, inputs] if scenario is not None else [base, dict(point)]
        for replication in numbers:
            key = _key(kind, [*identity, *foreign], replication)
            specs.append(RunSpec(key, kind, scenario, dict(point), row, replication, problem, modules))
    return specs


def assignments(point: Point) -> list[str]:
    """Return a point's values as the ``path=value`` assignments of the command line, its policy left out."""
    return [f"{path}={_toml(value)}" for path, value in point.items() if path != POLICY]


def _toml(value: Value) -> str:
    return json.dumps(value) if isinstance(value, bool | str) else repr(value)


def _configured(
    kind: str, base: Mapping[str, Any], point: Point
) -> tuple[dict[str, Any] | None, dict[str, str], str]:
    """The complete scenario of a point and the digests of the files it reads, or why there is none."""
    from policies.labels import choice_of
    from sim.scenario.load import plain, scenario_of

    data, how = deepcopy(dict(base)), kind_named(kind)
    try:
        if POLICY in point:
            how.with_policy(data, choice_of(str(point[POLICY])).model_dump(mode="json"))
        scenario = scenario_of(data, assignments(point))
        files = [name for name in input_files(scenario) if Path(name).is_file()]  # the run tells of the others
        return plain(scenario), digests(files), ""
    except MarketError as error:
        return None, {}, _sentence(error)


def _foreign(modules: Iterable[UserModule]) -> list[list[str]]:
    """What the user has added to the package, by digest: a run may depend on all of it."""
    from experiments.runs.luggage import digests as registered

    return [part for part in ([module.digest for module in modules], registered()) if part]


def _key(kind: str, configuration: Any, replication: int) -> str:  # noqa: ANN401 - anything JSON can hold
    text = json.dumps([kind, configuration, replication, code_version()], ensure_ascii=False, separators=(",", ":"))
    return digest_of(text.encode())


def _sentence(error: Exception) -> str:
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
