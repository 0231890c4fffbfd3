"""What the pricing study runs: games and benches without traffic, each a matter of seconds, and their seed."""

from dataclasses import dataclass
from typing import Any, Final

from experiments.runs.specs import Point
from experiments.studies.study import Design
from sim.errors import ScenarioError

SESSIONS: Final = 100
BENCHES: Final = 5


@dataclass(frozen=True)
class Pricing(Design):
    """How much is run.

    Attributes
    ----------
    sessions
        Sessions of Q-learners, at least 2.
    benches
        Benches of posted prices, at least 2.
    seed
        Seed of all.
    """

    kind = ""
    sessions: int = SESSIONS
    benches: int = BENCHES
    seed: int = 1

    scenario = None
    replications = 1

    def __post_init__(self) -> None:
        """Check the design."""
        for name, least in (("sessions", 2), ("benches", 2), ("seed", 0)):
            if getattr(self, name) < least:
                raise ScenarioError(f"--{name} is {getattr(self, name)}, but must be at least {least}")

    def points(self) -> list[Point]:
        """Return none: a game is not a run of a scenario."""
        return []

    def parameters(self) -> dict[str, Any]:
        """Return all there is."""
        return {"sessions": self.sessions, "benches": self.benches, "seed": self.seed}
