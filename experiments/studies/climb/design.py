"""The climb: list prices divided by 1, 2, 5, 10 and 20, for customers in money or log price, with budgets or without.

Customers buy at the creators' list prices, as much as they want: the study is of demand alone, so that neither queues
nor sellers' answers to the fall blur it. All start from one allocation, what they choose in money and within budgets at
undivided prices; then prices have fallen, and they reconsider when they do.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.studies.study import Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from sim.scenario import MarketScenario

DIVISORS: Final = (1.0, 2.0, 5.0, 10.0, 20.0)


class Control(NamedTuple):
    """What customers' utility is in, and whether budgets bind."""

    utility: str
    budgets: bool


CONTROLS: Final = {  # name in the tables
    "money_budgets": Control("money", True), "money_free": Control("money", False),
    "log_budgets": Control("log", True), "log_free": Control("log", False),
}
AFTER: Final = (30, 360)  # days after the fall
MEASURED_DAYS: Final = 7


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
        Days after the fall at whose ends is measured, in rising order.
    measured_days
        Means are over so many days up to each of them, all of them at most.

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

    @property
    def base(self) -> MarketScenario:
        """The market for as long as is measured."""
        horizon = self.scenario.horizon.model_copy(update={"days": self.after[-1]})
        return self.scenario.model_copy(update={"horizon": horizon})

    def cells(self) -> list[tuple[str, float]]:
        """Return control and divisor of every point."""
        return list(product(CONTROLS, self.divisors))

    def points(self) -> list[Point]:
        """Return utility, budgets, prices and what they have fallen from of every cell, in their order."""
        # over the scenario's own factor: whoever sets one climbs from there
        return [{"customers.choice.utility": CONTROLS[control].utility,
                 "customers.choice.budgets": CONTROLS[control].budgets,
                 "customers.choice.first_prices": divisor,
                 "price_factor": self.scenario.price_factor / divisor}
                for control, divisor in self.cells()]

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {"divisors": list(self.divisors), "replications": self.replications, "after": list(self.after),
                "measured_days": self.measured_days}
