"""What the study of a market runs: the market over its horizon, once or several times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from experiments.studies.looks import as_look
from experiments.studies.study import Design, Look
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from sim.scenario import MarketScenario


LOOK_DAYS: Final = 180  # of the default market, half a minute on two cores
LOOK_SAMPLED: Final = 5_000  # requests a day


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


def look_at(design: Market) -> Look[Market]:
    """Return a look at a market: its first days once, with fewer requests simulated."""
    horizon = design.scenario.horizon
    days, sampled = min(horizon.days, LOOK_DAYS), min(horizon.sampled_per_day, LOOK_SAMPLED)
    scenario = as_look(design.scenario, f"horizon.days={days}", 'horizon.resolution="sampled"',
                       f"horizon.sampled_per_day={sampled}")
    is_full, usual = horizon.resolution == "full", f"{horizon.sampled_per_day:,}"
    all_of = "all requests of a day" if is_full else f"{usual} sampled requests a day"
    return Look(replace(design, scenario=scenario, replications=1),
                f"of {horizon.days} days the first {days}, of {all_of} {sampled:,}, of "
                f"{design.replications} replications one")
