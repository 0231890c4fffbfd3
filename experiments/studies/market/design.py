"""What the study of a market runs: the market over its horizon, once or several times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.studies.study import Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from sim.scenario import MarketScenario


@dataclass(frozen=True)
class Market(Design):
    """What is run.

    Attributes
    ----------
    scenario
        The market.
    replications
        Runs; tables and figures are of the first one, the summary of all.
    """

    kind = "market in full"
    scenario: MarketScenario
    replications: int = 1

    def __post_init__(self) -> None:
        """Check the design."""
        if self.replications < 1:
            raise ScenarioError(f"replications is {self.replications}, but must be at least 1")

    def points(self) -> list[Point]:
        """Return one point: the market as it is."""
        return [{}]

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {"replications": self.replications}


@dataclass(frozen=True)
class MarketByOffer(Market):
    """The same, of which a row an offer and day is kept too."""

    kind = "market, offers by day"

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {**super().parameters(), "daily_offers": True}
