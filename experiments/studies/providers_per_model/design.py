"""What ``providers_per_model`` asks: hosts of models whose demand is drawn, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.studies.assuming import as_parameters
from experiments.studies.study import Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from experiments.studies.providers_per_model.assumed import HostAssumptions


@dataclass(frozen=True)
class DrawnModels(Design):
    """How many draws of all models.

    Attributes
    ----------
    assumed
        Demand and hosts.
    seed, replications
        Seeds draw other models.
    """

    kind = ""
    scenario = None
    assumed: HostAssumptions
    seed: int
    replications: int = 10

    def __post_init__(self) -> None:
        """Check the design."""
        for name, least in (("replications", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ScenarioError(f"{name} is {getattr(self, name)}, but must be at least {least}")

    def points(self) -> list[Point]:
        """Return none: nothing is run."""
        return []

    def parameters(self) -> dict[str, Any]:
        """Return all there is."""
        return {**as_parameters(self.assumed), "seed": self.seed, "replications": self.replications}
