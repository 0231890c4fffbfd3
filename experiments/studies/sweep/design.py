"""A sweep: a scenario at every point of a design, under one policy or several, a number of times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from experiments.designs import Factor, Plan, make_plan, value_at, with_ranges
from experiments.measures.traffic_metrics import names_of
from experiments.runs.specs import POLICY, Point
from experiments.studies.study import Design
from policies.labels import policies_of
from sim.errors import ScenarioError
from sim.scenario import Scenario, TrafficScenario

SHOWN: Final[dict[str, tuple[str, ...]]] = {  # metrics of figures and indices, if none are named
    # indices and surfaces need a number at every point: not percentiles that may be past the deadline
    "traffic": ("cost_per_good_usd", "good_share", "ttft_p99_completed_s", "e2e_p99_completed_s", "completed_share"),
    "market": ("price_last", "quality_last", "size_last", "hhi_providers_last"),
}


@dataclass(frozen=True)
class Sweep(Design):
    """What a sweep runs.

    Attributes
    ----------
    scenario
        The base, of traffic or a market.
    plan
        Points of the design.
    policies
        Labels of routing policies at every point, the first the outermost difference; none: the scenario's own.
    replications
        Replications of every point, the same streams at all points.
    metrics
        What figures and indices are of; all metrics are in the summary.
    """

    scenario: Scenario
    plan: Plan
    policies: tuple[str, ...] = ()
    replications: int = 5
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what its parts do not check themselves."""
        policies_of(self.policies, "--policies")
        if self.replications < 1:
            raise ScenarioError(f"replications is {self.replications}, but must be at least 1")
        if isinstance(self.scenario, TrafficScenario):  # a market's metrics are known when it has run
            self.check_metrics(names_of(self.scenario.providers))

    def check_metrics(self, known: list[str]) -> None:
        """Refuse a metric that runs do not have.

        Raises
        ------
        ScenarioError
            If there is one.
        """
        unknown = [metric for metric in self.metrics if metric not in known]
        if unknown:
            raise ScenarioError(f"metric {unknown[0]!r} is not one of the study's: {', '.join(known)}")

    @property
    def kind(self) -> str:  # type: ignore[override]
        """What a run is of."""
        return self.scenario.kind

    @property
    def shown(self) -> tuple[str, ...]:
        """Metrics of figures and indices."""
        return self.metrics or SHOWN[self.kind]

    def points(self) -> list[Point]:
        """Return the points: those of the plan, under every policy."""
        if not self.policies:
            return [dict(point) for point in self.plan.points]
        return [{POLICY: policy, **point} for policy in self.policies for point in self.plan.points]

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        factors = [{name: value for name, value in asdict(factor).items() if value == value}  # without nan
                   for factor in self.plan.factors]
        return {"design": {"kind": self.plan.kind, "samples": self.plan.samples, "seed": self.plan.seed,
                           "factors": factors},
                "policies": list(self.policies), "replications": self.replications, "metrics": list(self.metrics)}


def planned(
    kind: str, factors: tuple[Factor, ...], scenario: Scenario, samples: int, seed: int
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


def sweep_of(scenario: Scenario, parameters: Mapping[str, Any]) -> Sweep:
    """Return the sweep that a manifest's scenario and parameters describe."""
    design = parameters["design"]
    factors = tuple(Factor(**{**factor, "values": tuple(factor["values"])}) for factor in design["factors"])
    plan = planned(design["kind"], factors, scenario, design["samples"], design["seed"])
    return Sweep(scenario, plan, tuple(parameters["policies"]), parameters["replications"],
                 tuple(parameters["metrics"]))
