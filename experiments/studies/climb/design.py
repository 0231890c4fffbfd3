"""The climb: list prices divided by 1, 2, 5, 10 and 20, for customers in money or log price, with budgets or without.

Customers buy at the creators' list prices, as much as they want: the study is of demand alone, so that neither queues
nor sellers' answers to the fall blur it. All start from one allocation, what they choose in money and within budgets at
undivided prices; then prices have fallen, or fall day by day, and they reconsider when they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.studies.study import Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from sim.scenario import MarketScenario

DIVISORS: Final = (1.0, 2.0, 5.0, 10.0, 20.0)


class Control(NamedTuple):
    """What customers' utility is in, whether budgets bind, and whether uses come and go as the scenario has it."""

    utility: str
    budgets: bool
    uses: bool = True


CONTROLS: Final = {  # name in the tables
    "money_budgets": Control("money", True), "money_free": Control("money", False),
    "log_budgets": Control("log", True), "log_free": Control("log", False),
}
UNMOVED: Final = "log_free"  # of these, the kind whom a fall of all prices alike gives no reason to move
NULL: Final = "log_free_same_uses"  # the control: the same, and nobody is drawn in
FIRST_DAY: Final = "first_day"  # what those in money and within budgets choose at first, had prices always been so
OTHERS: Final = {NULL: Control("log", False, False), FIRST_DAY: Control("money", True)}
ONCE: Final = "at once"
RAMPED: Final = "ramped"
AFTER: Final = (30, 360)  # days after the fall
FALL_DAYS: Final = 180  # of the ramp
MEASURED_DAYS: Final = 7


class ClimbCell(NamedTuple):
    """Customers, what all prices are divided by, and how they fall."""

    control: str
    divisor: float
    path: str


@dataclass(frozen=True)
class Climb(Design):
    """What is run.

    Attributes
    ----------
    scenario
        The market at divisor 1.
    divisors
        What all prices are divided by; the first one is the base of the decomposition.
    replications
        Runs of each; replication r has the same customers and tastes in all of them.
    after
        Days after the fall at whose ends is measured, in rising order; the last one counts from the first day, too,
        where prices fall day by day.
    measured_days
        Means are over so many days up to each of them, all of them at most.
    fall_days
        Days over which prices fall where they fall day by day; 0: that is not run.

    Raises
    ------
    ScenarioError
        If a number is out of range.
    """

    kind = "demand at list prices"
    scenario: MarketScenario
    divisors: tuple[float, ...] = DIVISORS
    replications: int = 3
    after: tuple[int, ...] = AFTER
    measured_days: int = MEASURED_DAYS
    fall_days: int = FALL_DAYS

    def __post_init__(self) -> None:
        if self.replications < 1:
            raise ScenarioError(f"replications is {self.replications}, but must be at least 1")
        if not self.after or list(self.after) != sorted(set(self.after)) or self.after[0] < 1:
            told = ", ".join(str(day) for day in self.after) or "none"
            raise ScenarioError(f"days after the fall are {told}, but must be whole numbers from 1 in rising order")
        if not 1 <= self.measured_days <= self.after[0]:
            raise ScenarioError(f"measured days are {self.measured_days}, but must be 1 to {self.after[0]}, the days "
                                "up to the first measurement")
        for value in self.divisors:
            if not 1e-3 <= value <= 1e3:  # nor if it is not a number
                raise ScenarioError(f"divisors: {value:g} is not allowed; it must be from 0.001 to 1000")
        if len(set(self.divisors)) < len(self.divisors):
            raise ScenarioError(f"divisors are {', '.join(f'{one:g}' for one in self.divisors)}; none may stand twice")
        most = longest_fall(self.after)
        if not 0 <= self.fall_days <= most:
            raise ScenarioError(f"prices fall over {self.fall_days} days, but it must be 0 to {most}: the first "
                                "measurement after that must come no later than the last one")

    @property
    def base(self) -> MarketScenario:
        """The market for as long as is measured."""
        horizon = self.scenario.horizon.model_copy(update={"days": self.after[-1]})
        return self.scenario.model_copy(update={"horizon": horizon})

    def cells(self) -> list[ClimbCell]:
        """Return customers, divisor and path of every point; the first of each kind of customers is their base."""
        paths = [ONCE, *([RAMPED] if self.fall_days else [])]
        first, *lower = self.divisors
        cells = [ClimbCell(name, *rest) for name in CONTROLS
                 for rest in [(first, ONCE), *((divisor, path) for path in paths for divisor in lower)]]
        cells += [ClimbCell(NULL, first, ONCE), *(ClimbCell(NULL, divisor, path) for path in paths
                                                  for divisor in lower[-1:])]
        return [*cells, *(ClimbCell(FIRST_DAY, divisor, ONCE) for divisor in self.divisors)]

    def looks(self, cell: ClimbCell) -> Sequence[int]:
        """Return the days up to which is measured, counted from the first day of a run."""
        if cell.control == FIRST_DAY:
            return (1,)
        if cell.path == ONCE:
            return self.after
        return tuple(sorted({self.after[0] + self.fall_days, self.after[-1]}))

    def points(self) -> list[Point]:
        """Return utility, budgets, uses, prices, what they have fallen from and when, of every cell, in their order."""
        return [self._point(cell) for cell in self.cells()]

    def _point(self, cell: ClimbCell) -> Point:
        it = (CONTROLS | OTHERS)[cell.control]
        first = 1.0 if cell.control == FIRST_DAY else cell.divisor
        # over the scenario's own factor: whoever sets one climbs from there
        return {"customers.choice.utility": it.utility, "customers.choice.budgets": it.budgets,
                "customers.uses.enabled": it.uses and self.scenario.customers.uses.enabled,
                "customers.choice.first_prices": first,
                "customers.choice.fall_days": float(self.fall_days if cell.path == RAMPED else 0),
                "price_factor": self.scenario.price_factor / cell.divisor,
                "horizon.days": max(self.looks(cell))}

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {"divisors": list(self.divisors), "replications": self.replications, "after": list(self.after),
                "measured_days": self.measured_days, "fall_days": self.fall_days}


def longest_fall(after: Sequence[int]) -> int:
    """Return the most days over which prices may fall, for days of measurement."""
    return int(after[-1] - after[0])
