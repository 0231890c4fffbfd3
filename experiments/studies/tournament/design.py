"""What a tournament runs: policies x loads x replications, on the same requests."""

from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from experiments.runs.specs import POLICY, Point
from experiments.studies.study import Design
from policies.labels import policies_of
from sim.errors import PolicyError, ScenarioError
from sim.scenario import TrafficScenario

LOAD: Final = "traffic.load"
LOADS: Final = (0.6, 1.0, 1.4)
REPLICATIONS: Final = 5
PREFERRED_BASELINE: Final = "openrouter_classic"
# one of each family, and the systems people use (a test keeps these names valid)
DEFAULT_POLICIES: Final = (
    "openrouter_classic", "cheapest", "fastest", "random", "smooth_wrr", "least_in_flight", "power_of_d",
    "peak_ewma", "litellm_latency", "llmgateway_2026", "prequal", "drift_plus_penalty", "thompson",
    "oracle_least_work",
)


@dataclass(frozen=True)
class Tournament(Design):
    """What is compared with what.

    Attributes
    ----------
    scenario
        The market; its routers' policies are replaced by each competitor in turn.
    policies
        Labels of the competitors, such as ``power_of_d:d=3``.
    loads
        Factors on the scenario's own load.
    replications
        Runs of every (policy, load); replication r has the same requests for all of them.
    baseline
        Label that the others are compared with; empty for ``openrouter_classic``, or the first.
    """

    kind = "traffic"
    scenario: TrafficScenario
    policies: tuple[str, ...]
    loads: tuple[float, ...] = LOADS
    replications: int = REPLICATIONS
    baseline: str = ""

    def __post_init__(self) -> None:
        """Check the design and settle the baseline."""
        if not self.policies:
            raise PolicyError("a tournament needs at least one policy")
        policies_of(self.policies, "--policies")
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

    def points(self) -> list[Point]:
        """Return policy and load of every cell, in their order."""
        own = self.scenario.traffic.load
        # over the scenario's own load: 1 is the market as it is described
        return [{POLICY: policy, LOAD: own * load} for policy, load in self.cells()]

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {"policies": list(self.policies), "loads": list(self.loads), "replications": self.replications,
                "baseline": self.baseline}
