"""What ``inference_share`` runs: points over the ranges of all assumptions, for each of which a date is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from experiments.studies.assuming import as_parameters
from experiments.studies.study import Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from experiments.studies.inference_share.assumed import ShareAssumptions

POINTS: Final = 200
HORIZON_YEARS: Final = 30.0


@dataclass(frozen=True)
class BudgetYears(Design):
    """How many dates are found.

    Attributes
    ----------
    assumed
        The assumptions, whose ranges are drawn from.
    seed, replications
        Seeds draw other points.
    points_a_seed
        At least 2.
    horizon_years
        A crossing later than this is none.
    """

    kind = ""
    scenario = None
    assumed: ShareAssumptions
    seed: int
    replications: int = 10
    points_a_seed: int = POINTS
    horizon_years: float = HORIZON_YEARS

    def __post_init__(self) -> None:
        """Check the design."""
        for name, least in (("replications", 1), ("points_a_seed", 2), ("seed", 0)):
            if getattr(self, name) < least:
                raise ScenarioError(f"{name} is {getattr(self, name)}, but must be at least {least}")

    def points(self) -> list[Point]:
        """Return none: nothing is run."""
        return []

    def parameters(self) -> dict[str, Any]:
        """Return all there is."""
        return {**as_parameters(self.assumed), "seed": self.seed, "replications": self.replications,
                "points_a_seed": self.points_a_seed, "horizon_years": self.horizon_years}
