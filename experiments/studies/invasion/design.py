"""What the study of invasions runs: every ordered pair of rules, and each rule against itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.studies.looks import as_look
from experiments.studies.study import Design, Look
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from sim.scenario import MarketScenario

RULES: Final = (
    "openrouter_classic", "openrouter_adjusted", "openrouter_floor", "openrouter_nitro", "litellm_least_busy",
    "litellm_latency", "sglang_cache_aware", "oracle_least_work")
HELD, NEW = "incumbent", "invader"  # the marketplaces of the scenario
DAYS, REVIEWS_PER_MONTH = 120, 0.25  # of the smallest full design
LOOK_DAYS, LOOK_RULES = 60, 2


class Meeting(NamedTuple):
    """A rule that serves nearly all, and one that serves a few, by the labels of their policies."""

    incumbent: str
    invader: str


@dataclass(frozen=True)
class Invasion(Design):
    """What is run.

    Attributes
    ----------
    scenario
        A market with the marketplaces ``incumbent`` and ``invader``, of which each has a policy.
    rules
        Kinds of policies, at least one.
    replications
        Runs of each pair.

    Raises
    ------
    ScenarioError
        If the scenario has other marketplaces, or a rule stands twice.
    """

    kind = "market, by marketplace"
    scenario: MarketScenario
    rules: tuple[str, ...] = RULES
    replications: int = 10

    def __post_init__(self) -> None:
        """Check the design."""
        places = self.scenario.marketplaces
        if set(places) != {HELD, NEW} or any(place.policy is None for place in places.values()):
            raise ScenarioError(f"marketplaces are {', '.join(places) or 'none'}; an invasion needs the two {HELD!r} "
                                f"and {NEW!r}, each with a policy")
        if not self.rules or len(set(self.rules)) < len(self.rules):
            raise ScenarioError(f"--rules are {', '.join(self.rules) or 'none'}; there must be one, and none twice")
        if self.replications < 1:
            raise ScenarioError(f"replications is {self.replications}, but must be at least 1")

    def meetings(self) -> list[Meeting]:
        """Return who meets whom, in the order of the points."""
        return [Meeting(*both) for both in product(self.rules, repeat=2)]

    def points(self) -> list[Point]:
        """Return the policies of both marketplaces of each meeting."""
        return [{f"marketplaces.{HELD}.policy.kind": it.incumbent, f"marketplaces.{NEW}.policy.kind": it.invader}
                for it in self.meetings()]

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {"rules": list(self.rules), "replications": self.replications}


def look_at(design: Invasion) -> Look[Invasion]:
    """Return a look: the first rules only, for two months, once."""
    days, rules = min(design.scenario.horizon.days, LOOK_DAYS), design.rules[:LOOK_RULES]
    scenario = as_look(design.scenario, f"horizon.days={days}")
    return Look(replace(design, scenario=scenario, rules=rules, replications=1),
                f"of {len(design.rules)} rules {len(rules)}, of {design.scenario.horizon.days} days {days}, of "
                f"{design.replications} replications one")
