"""What ``elasticities`` runs: a platform's data, seed by seed, with the router's rule on and off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.studies.assuming import as_parameters
from experiments.studies.study import Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from experiments.studies.elasticities.assumed import PlatformAssumptions


@dataclass(frozen=True)
class KnownDemand(Design):
    """How many sets of data are drawn, and from what.

    Attributes
    ----------
    assumed
        The platform.
    seed, replications
        Seeds draw other data.
    """

    kind = ""
    scenario = None
    assumed: PlatformAssumptions
    seed: int
    replications: int = 40

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
