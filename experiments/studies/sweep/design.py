"""A sweep: a scenario at every point of a design, under one policy or several, a number of times."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from experiments.designs import INDICES, Factor, Plan, make_plan, sensitivity, value_at, with_ranges
from experiments.measures.catalogue import SHARE_PREFIX
from experiments.measures.traffic_metrics import METRICS
from experiments.runs.keys import specs_of
from experiments.runs.records import POLICY, Kind, RunSpec, Value
from experiments.runs.runner import run_all
from sim.errors import ScenarioError
from sim.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame

    from experiments.store.results import Results
    from experiments.store.store import Store
    from sim.scenario.market_scenario import MarketScenario

KINDS: Final[dict[str, Kind]] = {"tournament": "traffic", "market": "market"}
DEFAULT_SCENARIO: Final = {"tournament": "tournament", "market": "openrouter-2026"}
SHOWN: Final[dict[Kind, tuple[str, ...]]] = {  # metrics of figures and indices, if none are named
    "traffic": ("cost_usd_per_mtok", "ttft_p99_s", "e2e_p99_s", "completed_share"),
    "market": ("price_last", "quality_last", "size_last", "hhi_providers_last"),
}


@dataclass(frozen=True)
class Study:
    """What a sweep runs.

    Attributes
    ----------
    name
        ``tournament`` or ``market``: what is done at a point; also its name in the store.
    scenario
        The base.
    plan
        Points of the design.
    policies
        Routing policies at every point, the first the outermost difference; none: the scenario's own.
    replications
        Replications of every point, the same streams at all points.
    metrics
        What figures and indices are of; all metrics are in the summary.
    until
        The targets that settled the number of replications, as they were given; for the record.
    """

    name: str
    scenario: Scenario | MarketScenario
    plan: Plan
    policies: tuple[str, ...] = ()
    replications: int = 5
    metrics: tuple[str, ...] = ()
    until: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what its parts do not check themselves."""
        if self.name not in KINDS:
            raise ScenarioError(f"the study is {self.name!r}, but must be one of {', '.join(KINDS)}")
        if self.replications < 1:
            raise ScenarioError(f"replications is {self.replications}, but must be at least 1")
        if isinstance(self.scenario, Scenario):  # a market's metrics are known when it has run
            self.check_metrics((*METRICS, *(f"{SHARE_PREFIX}{provider}" for provider in self.scenario.providers)))

    def check_metrics(self, known: Iterable[str]) -> None:
        """Refuse a metric that runs do not have.

        Raises
        ------
        ScenarioError
            If there is one.
        """
        names = list(known)
        wanted = (*self.metrics, *(text.partition("=")[0].strip() for text in self.until))
        unknown = [metric for metric in wanted if metric not in names]
        if unknown:
            raise ScenarioError(f"metric {unknown[0]!r} is not one of the study's: {', '.join(names)}")

    @property
    def kind(self) -> Kind:
        """What a run is of."""
        return KINDS[self.name]

    @property
    def shown(self) -> tuple[str, ...]:
        """Metrics of figures and indices."""
        return self.metrics or SHOWN[self.kind]

    def points(self) -> list[dict[str, Value]]:
        """Return the points: those of the plan, under every policy."""
        if not self.policies:
            return [dict(point) for point in self.plan.points]
        return [{POLICY: policy, **point} for policy in self.policies for point in self.plan.points]

    @property
    def runs(self) -> int:
        """Number of all runs."""
        return len(self.points()) * self.replications

    def specs(self) -> list[RunSpec]:
        """Return all runs."""
        from sim.scenario.load import plain

        return specs_of(self.kind, plain(self.scenario), self.points(), self.replications)

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario, for a manifest; `study_of` reads it back."""
        factors = [{name: value for name, value in asdict(factor).items() if value == value}  # without nan
                   for factor in self.plan.factors]
        return {"name": self.name, "design": {"kind": self.plan.kind, "samples": self.plan.samples,
                                              "seed": self.plan.seed, "factors": factors},
                "policies": list(self.policies), "replications": self.replications, "metrics": list(self.metrics),
                "until": list(self.until)}


def planned(
    kind: str, factors: tuple[Factor, ...], scenario: Scenario | MarketScenario, samples: int, seed: int
) -> Plan:
    """Return the plan of a design over a scenario's fields; ranges not given are those of the fields' metadata.

    Raises
    ------
    DesignError
        If a factor is no field of the scenario, or the design is not allowed.
    """
    known = with_ranges(factors, scenario) if kind not in ("grid", "one-at-a-time") else factors
    base = {factor.path: value_at(scenario, factor.path) for factor in known}
    return make_plan(kind, known, samples=samples, seed=seed, base=base)


def study_of(scenario: Scenario | MarketScenario, parameters: dict[str, Any]) -> Study:
    """Return the study that a manifest's scenario and parameters describe."""
    design = parameters["design"]
    factors = tuple(Factor(**{**factor, "values": tuple(factor["values"])}) for factor in design["factors"])
    plan = planned(design["kind"], factors, scenario, design["samples"], design["seed"])
    return Study(parameters["name"], scenario, plan, tuple(parameters["policies"]), parameters["replications"],
                 tuple(parameters["metrics"]), tuple(parameters["until"]))


def sweep(
    study: Study, store: Store, *, jobs: int = 1, dask: str | None = None, check: Callable[[], None] | None = None
) -> Results:
    """Do what the store lacks of a study and return its results.

    Parameters
    ----------
    study, store
        What to run, and where its runs are kept.
    jobs, dask, check
        As in `experiments.runs.runner.run_all`.
    """
    from experiments.store.results import Results

    specs = study.specs()
    store.begin(study.name, study.parameters(), specs)
    run_all(specs, store, jobs=jobs, dask=dask, check=check)
    return Results(store, study.name)


def indices(study: Study, results: Results) -> DataFrame | None:
    """Return the sensitivity indices of the study's metrics, by policy if it has several; None if its plan has none.

    Returns
    -------
    DataFrame or None
        Columns policy (if there are policies), metric, unit, factor, index, value, low, high.
    """
    import pandas as pd

    if study.plan.kind not in INDICES:
        return None
    table = results.table("metrics")
    parts = []
    for place, policy in enumerate(study.policies or ("",)):
        for metric in study.shown:
            chosen = table[table["metric"] == metric]
            unit = str(chosen["unit"].iloc[0]) if len(chosen) else ""
            found = sensitivity(study.plan, _answers(study, chosen, place))
            found.insert(0, "metric", metric)
            found.insert(1, "unit", unit)
            if study.policies:
                found.insert(0, POLICY, policy)
            parts.append(found)
    return pd.concat(parts, ignore_index=True)


def _answers(study: Study, chosen: DataFrame, place: int) -> np.ndarray:
    """Values of a metric, float64 (points of the plan, replications), nan where a run gave none."""
    import numpy as np

    count = len(study.plan.points)
    answers = np.full((count, study.replications), np.nan)
    rows = chosen["row"].to_numpy(int) - place * count
    mine = (rows >= 0) & (rows < count)
    answers[rows[mine], chosen["replication"].to_numpy(int)[mine]] = chosen["value"].to_numpy(float)[mine]
    return answers
