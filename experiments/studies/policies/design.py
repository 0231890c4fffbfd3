"""What the study of policies runs: each policy in each condition, on the same requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from experiments.runs.specs import POLICY, Point, Value
from experiments.studies.study import Design
from policies.labels import policies_of
from sim.errors import PolicyError, ScenarioError
from sim.scenario import TrafficScenario

COMPETITORS: Final = (  # one of each family that a user of hosts could choose; a cache-aware one among them
    "openrouter_classic", "openrouter_adjusted", "cheapest", "fastest", "random", "power_of_d", "litellm_latency",
    "llmgateway_2026", "gie")
ALIKE: Final = "one price"  # the control
CONDITIONS: Final = ("calm", "surge", "outages", "price shock", "stale signals", "cache-heavy", ALIKE)
DURATION_S: Final = 2400.0
CALM, SURGE = 0.7, 1.5  # loads; other conditions have the scenario's own
OUTAGE_S, REPAIR_S = 3600.0, 30.0  # between outages of a host, and of one: as in the scenario tournament
SHOCK: Final = 3.0  # times the price of the cheapest host
STALE_S: Final = 30.0
PARTS: Final = ("input_usd_per_mtok", "output_usd_per_mtok", "cached_usd_per_mtok")
NEVER_S: Final = 1e9  # between outages: thirty years
ONE_PRICE: Final = 0.5  # USD per million tokens of any kind, in the control
PREFIX_TOKENS: Final = 12_000  # of an agent's system prompt, three times the scenario's


class PolicyCell(NamedTuple):
    """A condition and a policy."""

    condition: str
    policy: str


@dataclass(frozen=True)
class UnderConditions(Design):
    """Policies under conditions.

    Attributes
    ----------
    scenario
        Hosts of one model with prefix caches, and conversations.
    policies
        Labels of the competitors.
    replications
        Seeds.
    """

    kind = "traffic"
    scenario: TrafficScenario
    policies: tuple[str, ...] = COMPETITORS
    replications: int = 5

    def __post_init__(self) -> None:
        """Check the design."""
        policies_of(self.policies, "--policies")
        if len(set(self.policies)) < max(2, len(self.policies)):
            raise PolicyError(f"--policies are {', '.join(self.policies)}, but must be two or more different ones")
        if "agents" not in self.scenario.demand or "main" not in self.scenario.routers:
            raise ScenarioError(f"scenario {self.scenario.name} has no class agents or no router main, which "
                                "conditions change; start from sessions")

    def cells(self) -> list[PolicyCell]:
        """Return every condition and policy, conditions outermost."""
        return [PolicyCell(condition, policy) for condition in CONDITIONS for policy in self.policies]

    def points(self) -> list[Point]:
        """Return a point for each cell."""
        changes = {condition: self.change(condition) for condition in CONDITIONS}
        return [{**changes[cell.condition], POLICY: cell.policy} for cell in self.cells()]

    def change(self, condition: str) -> Mapping[str, Value]:
        """Return what a condition changes of the scenario; the same fields in all, so that they can be told apart."""
        offers = [(provider, name) for provider, it in self.scenario.providers.items() for name in it.offers]
        prices = {f'providers.{provider}.offers."{name}".price': self.scenario.providers[provider].offers[name].price
                  for provider, name in offers}
        paths = {f"{path}.{part}": float(getattr(price, part))
                 for path, price in prices.items() for part in PARTS if getattr(price, part) is not None}
        cheapest = min(prices, key=lambda path: prices[path].input_usd_per_mtok + prices[path].output_usd_per_mtok)
        if condition == "price shock":
            paths |= {path: SHOCK * value for path, value in paths.items() if path.startswith(f"{cheapest}.")}
        if condition == ALIKE:
            paths = dict.fromkeys(paths, ONE_PRICE)
        load = {"calm": CALM, ALIKE: CALM, "surge": SURGE}.get(condition, 1.0) * self.scenario.traffic.load
        outage = OUTAGE_S if condition == "outages" else NEVER_S
        tokens = PREFIX_TOKENS if condition == "cache-heavy" else self._prefix()
        return {**paths, "traffic.load": load, "demand.agents.shared_prefix.tokens": tokens,
                "routers.main.telemetry.stale_view_s": STALE_S if condition == "stale signals" else 0.0,
                **{f"providers.{provider}.faults.outage_mtbf_s": outage for provider in self.scenario.providers},
                **{f"providers.{provider}.faults.outage_mttr_s": REPAIR_S for provider in self.scenario.providers}}

    def _prefix(self) -> int:
        shared = self.scenario.demand["agents"].shared_prefix
        return PREFIX_TOKENS // 3 if shared is None else shared.tokens

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {"policies": list(self.policies), "replications": self.replications}

