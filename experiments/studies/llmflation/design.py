"""What ``llmflation`` asks: uses of which all is known, at the list prices of the built-in market's models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.studies.assuming import as_parameters
from experiments.studies.study import Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from experiments.studies.llmflation.assumed import IndexAssumptions


@dataclass(frozen=True)
class KnownUses(Design):
    """How many draws of uses, and of models that will come.

    Attributes
    ----------
    assumed
        The uses.
    seed, replications
        Seeds draw others.
    """

    kind = ""
    scenario = None
    assumed: IndexAssumptions
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
