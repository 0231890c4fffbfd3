"""What a steady-state study runs: policies on the same requests, all of them kept, from the start."""

from dataclasses import dataclass
from typing import Any, Final

from experiments.measures.windows import COURSES
from experiments.runs.specs import POLICY, Point
from experiments.stats.mser import BATCH
from experiments.studies.study import Design
from policies.labels import policies_of
from sim.errors import PolicyError, ScenarioError
from sim.scenario import Diurnal, Trace, TrafficScenario

WINDOWS: Final = 500  # 100 batches of MSER-5: with half of that it cuts into steady runs more often (tried on duel)
METRICS: Final = ("e2e_mean_s", "cost_usd_per_mtok", "completed_per_s")


@dataclass(frozen=True)
class Steady(Design):
    """What is measured in steady state.

    Attributes
    ----------
    scenario
        The market. Its own ``warmup_s`` and ``sample_share`` are not used: runs keep every request from the start.
    policies
        Labels of the competitors; each takes the place of the routers' policies.
    metrics
        Names in `experiments.measures.windows.COURSES`.
    replications
        Runs of each policy; of a single one the interval is by batch means.
    windows
        Windows into which a run is cut to find its warm-up.
    baseline
        Label that the others are compared with; empty for the first.
    """

    kind = "traffic"
    scenario: TrafficScenario
    policies: tuple[str, ...]
    metrics: tuple[str, ...] = METRICS
    replications: int = 5
    windows: int = WINDOWS
    baseline: str = ""

    def __post_init__(self) -> None:
        """Check the design and settle the baseline."""
        if not self.policies:
            raise PolicyError("a steady-state study needs at least one policy")
        policies_of(self.policies, "--policies")
        unknown = [metric for metric in self.metrics if metric not in COURSES]
        if unknown or not self.metrics:
            raise ScenarioError(f"metric {unknown[0] if unknown else ''!r} has no course in time; "
                                f"those that have one are {', '.join(COURSES)}")
        if self.replications < 1:
            raise ScenarioError(f"replications is {self.replications}, but must be at least 1")
        if self.windows < 10 * BATCH:
            raise ScenarioError(f"windows is {self.windows}, but must be at least {10 * BATCH}")
        object.__setattr__(self, "baseline", self.baseline or self.policies[0])
        if self.baseline not in self.policies:
            raise PolicyError(f"baseline {self.baseline!r} is not one of {', '.join(self.policies)}")
        for name, demand in self.scenario.demand.items():
            if isinstance(demand.arrivals, Diurnal | Trace):
                raise ScenarioError(f"demand.{name}.arrivals is of kind {demand.arrivals.kind!r}, whose rate follows "
                                    "the clock: there is no steady state; compare runs of a stated length instead")

    def points(self) -> list[Point]:
        """Return a point for each policy."""
        # from the start, since the transient must be seen to be cut; and every request, of which courses are made
        kept: dict[str, Any] = {"traffic.warmup_s": 0.0, "traffic.sample_share": 1.0}
        return [{POLICY: policy, **kept} for policy in self.policies]

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {"policies": list(self.policies), "metrics": list(self.metrics), "replications": self.replications,
                "windows": self.windows, "baseline": self.baseline}
