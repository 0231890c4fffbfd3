"""What ``deepseek_day`` runs: one published day by closed form, and units of its layout stepped through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from experiments.studies.assuming import as_parameters
from experiments.studies.study import Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from experiments.studies.deepseek_day.assumed import DayAssumptions

DECODE_STEPS: Final = 2000
PREFILL_STEPS: Final = 400


@dataclass(frozen=True)
class PublishedDay(Design):
    """How long units are stepped through; as many steps before are not counted.

    Attributes
    ----------
    assumed
        What was not published.
    seed, replications
        Seeds draw other lengths.
    decode_steps, prefill_steps
        At least 1.
    """

    kind = ""
    scenario = None
    assumed: DayAssumptions
    seed: int
    replications: int = 10
    decode_steps: int = DECODE_STEPS
    prefill_steps: int = PREFILL_STEPS

    def __post_init__(self) -> None:
        """Check the design."""
        for name, least in (("replications", 1), ("seed", 0), ("decode_steps", 1), ("prefill_steps", 1)):
            if getattr(self, name) < least:
                raise ScenarioError(f"{name} is {getattr(self, name)}, but must be at least {least}")

    def points(self) -> list[Point]:
        """Return none: nothing is run."""
        return []

    def parameters(self) -> dict[str, Any]:
        """Return all there is."""
        return {**as_parameters(self.assumed), "seed": self.seed, "replications": self.replications,
                "decode_steps": self.decode_steps, "prefill_steps": self.prefill_steps}
