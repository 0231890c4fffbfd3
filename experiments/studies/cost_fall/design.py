"""What ``cost_fall`` runs: one market in which GPUs stay as dear as they are, or cost a half or a fifth from a day on.

With entry and without; and, as the control, with entry where sellers keep the fall. Replication r of a kind is the same
market until that day: the fall is its only difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.studies.looks import as_look
from experiments.studies.study import Design, Look
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from sim.scenario import MarketScenario

ENTRY, CLOSED, KEPT = "entry", "no entry", "kept"
DIVISORS: Final = (1.0, 2.0, 5.0)
FALL_DAY: Final = 180
AFTER: Final = (30, 360)  # days after the fall
MEASURED_DAYS: Final = 7
SAMPLED: Final = 4000  # requests simulated a day
LOOK_AFTER, LOOK_FALL_DAY, LOOK_SAMPLED = (7, 20), 30, 1000


class FallCell(NamedTuple):
    """Whether hosts enter and sellers keep the fall, and what GPUs' cost is divided by."""

    arm: str
    divisor: float


@dataclass(frozen=True)
class CostFall(Design):
    """What is run.

    Attributes
    ----------
    scenario
        The market, in which hosts may enter and GPUs do not fall by themselves.
    divisors
        What GPUs' cost is divided by; the first is the base, 1, and the last is the control's, too.
    replications
        Runs of each.
    fall_day
        Day from which GPUs are cheaper.
    after
        Days after that, in rising order, at whose ends is measured.
    measured_days
        Means are over so many days up to each of them.
    sampled
        Requests simulated on a day.
    vectors
        Values of the ledger's parameters, of admissible markets: in each the falls are run once more, with entry.

    Raises
    ------
    ScenarioError
        If a number is out of range, or the market has no entry or a fall of its own.
    """

    kind = "market, by model and day"
    scenario: MarketScenario
    divisors: tuple[float, ...] = DIVISORS
    replications: int = 6
    fall_day: int = FALL_DAY
    after: tuple[int, ...] = AFTER
    measured_days: int = MEASURED_DAYS
    sampled: int = SAMPLED
    vectors: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        for name, value in (("replications", self.replications), ("the day of the fall", self.fall_day),
                            ("sampled requests a day", self.sampled)):
            if value < 1:
                raise ScenarioError(f"{name} is {value}, but must be at least 1")
        if not self.after or list(self.after) != sorted(set(self.after)):
            told = ", ".join(str(day) for day in self.after) or "none"
            raise ScenarioError(f"days after the fall are {told}, but must be whole numbers in rising order")
        if not 1 <= self.measured_days <= self.after[0]:
            raise ScenarioError(f"measured days are {self.measured_days}, but must be 1 to {self.after[0]}, the days "
                                "from the fall to the first measurement")
        told = ", ".join(f"{one:g}" for one in self.divisors)
        if len(self.divisors) < 2 or self.divisors[0] != 1.0 or len(set(self.divisors)) < len(self.divisors):
            raise ScenarioError(f"divisors are {told}; they must begin with 1, and no other may stand twice")
        if not all(1e-3 <= value <= 1e3 for value in self.divisors):
            raise ScenarioError(f"divisors are {told}; each must be from 0.001 to 1000")
        supply = self.scenario.supply
        if not supply.entry.types:
            raise ScenarioError("supply.entry.types is 0, but must be above 0: entry is what the study switches off")
        if supply.gpu_fall.divisor != 1.0:
            raise ScenarioError(f"supply.gpu_fall.divisor is {supply.gpu_fall.divisor:g}, but must be 1: the falls are "
                                "the study's")

    @property
    def base(self) -> MarketScenario:
        """The market for as long as is measured, with as many requests simulated, and the day of the fall.

        Labs and clouds stay whatever they lose: where one fails, its models are gone, and that outweighs any fall.
        """
        scenario, days = self.scenario, self.fall_day + self.after[-1]
        horizon = scenario.horizon.model_copy(update={"days": days, "sampled_per_day": self.sampled})
        fall = scenario.supply.gpu_fall.model_copy(update={"day": float(self.fall_day)})
        firms = {name: firm if firm.kind == "host" else firm.model_copy(update={"exit_months": None})
                 for name, firm in scenario.supply.firms.items()}
        supply = scenario.supply.model_copy(update={"gpu_fall": fall, "firms": firms})
        return scenario.model_copy(update={"horizon": horizon, "supply": supply})

    def cells(self) -> list[FallCell]:
        """Return the cells in the order of the points; the first of an arm is its base, and ``kept`` has entry's."""
        both = [FallCell(arm, divisor) for arm in (ENTRY, CLOSED) for divisor in self.divisors]
        return [*both, FallCell(KEPT, self.divisors[-1])]

    def base_of(self, cell: FallCell) -> FallCell:
        """Return the cell without a fall that a cell is set against."""
        return FallCell(CLOSED if cell.arm == CLOSED else ENTRY, self.divisors[0])

    def points(self) -> list[Point]:
        """Return the fall, whether it is kept, and how many may enter, of every cell."""
        types = self.scenario.supply.entry.types
        return [{"supply.gpu_fall.divisor": cell.divisor, "supply.gpu_fall.kept": cell.arm == KEPT,
                 "supply.entry.types": 0 if cell.arm == CLOSED else types} for cell in self.cells()]

    def elsewhere(self) -> list[Point]:
        """Return the falls at each admissible vector, the base first."""
        return [{**vector, "supply.gpu_fall.divisor": divisor} for vector in self._assigned()
                for divisor in self.divisors]

    def _assigned(self) -> list[Point]:
        """Each vector's values by field of the market."""
        if not self.vectors:
            return []
        from experiments.validation.facts.fact_ledger import read_ledger
        from experiments.validation.history.priors import point_of
        from sim.scenario.load import plain

        parameters, base = read_ledger().parameters, plain(self.base)
        return [point_of(parameters, vector, base) for vector in self.vectors]

    def window(self, after: int) -> range:
        """Return the days of a run over which is measured."""
        end = self.fall_day + after
        return range(end - self.measured_days, end)

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {"divisors": list(self.divisors), "replications": self.replications, "fall_day": self.fall_day,
                "after": list(self.after), "measured_days": self.measured_days, "sampled": self.sampled,
                "vectors": [list(vector) for vector in self.vectors]}


def read_back(scenario: MarketScenario, kept: Mapping[str, Any]) -> CostFall:
    """Return the design that a manifest's parameters describe."""
    lists: dict[str, Any] = {name: tuple(kept[name]) for name in ("divisors", "after")}
    lists["vectors"] = tuple(tuple(vector) for vector in kept["vectors"])
    return CostFall(scenario, **{**kept, **lists})


def look_at(design: CostFall, seeds: int) -> Look[CostFall]:
    """Return a look: the largest fall alone, early, once, and fewer requests."""
    divisors = (design.divisors[0], design.divisors[-1])
    look = replace(design, scenario=as_look(design.scenario), divisors=divisors, replications=1, vectors=(),
                   fall_day=LOOK_FALL_DAY, after=LOOK_AFTER, measured_days=LOOK_AFTER[0], sampled=LOOK_SAMPLED)
    return Look(look, f"one of {seeds} seeds, GPUs at 1/{divisors[1]:g} alone, from day {LOOK_FALL_DAY} and not "
                      f"{design.fall_day}, {LOOK_AFTER[-1]} days of {design.after[-1]} after that")
