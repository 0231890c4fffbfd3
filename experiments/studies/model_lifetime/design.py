"""What ``model_lifetime`` runs: customers at list prices over the default market's horizon, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from experiments.studies.assuming import as_parameters
from experiments.studies.study import Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from experiments.studies.model_lifetime.assumed import LifetimeAssumptions
    from sim.scenario import MarketScenario

FULL_DAYS: Final = 607
FOLLOWED_DAYS: Final = 180  # a model is looked at for at least so long


@dataclass(frozen=True)
class Lifetimes(Design):
    """Runs of demand, and what is assumed of training.

    Attributes
    ----------
    scenario
        The market, of which only customers and models are run.
    assumed
        What models cost and earn.
    replications
        Seeds.
    """

    kind = "demand at list prices"
    scenario: MarketScenario
    assumed: LifetimeAssumptions
    replications: int = 10

    def __post_init__(self) -> None:
        """Check the design."""
        if self.replications < 1:
            raise ScenarioError(f"replications is {self.replications}, but must be at least 1")
        if self.scenario.horizon.days <= FOLLOWED_DAYS:
            raise ScenarioError(f"horizon.days is {self.scenario.horizon.days}, but must be more than {FOLLOWED_DAYS}, "
                                "for which models are followed after their release")

    def points(self) -> list[Point]:
        """Return the one point: the scenario as it is."""
        return [{}]

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {**as_parameters(self.assumed), "replications": self.replications}
