"""The climb: the same market with all prices divided by 1, 2, 5, 10 and 20, and the same again with log utility.

In every run supply costs are divided as well, so that no provider has a reason to act otherwise; what changes is
only how dear tokens are to customers. Fleets are larger than the market's own (by ``fleet``), in every run alike, so
that what customers want is what they get: with scarce GPUs those who climb meet queues and refusals. The control
replaces money by log price in customers' utility: then a uniform fall of prices changes no choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from experiments.studies.study import Design
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.runs.specs import Point
    from sim.scenario import MarketScenario
    from sim.scenario.firm_settings import Firm

DIVISORS: Final = (1.0, 2.0, 5.0, 10.0, 20.0)
FLEET: Final = 3.0  # assumption: with it 97% of requests complete at today's prices, 94% at a twentieth
CONTROLS: Final = {"money": "money", "log_price": "log"}  # name in the tables: utility of customers
DAYS: Final = 90  # of a run, unless told otherwise
MEASURED_DAYS: Final = 30


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
    measured_days
        Measured are the last so many days of the horizon, all of them at most.
    fleet
        Every pool has so many times its GPUs.

    Raises
    ------
    ScenarioError
        If a number is out of range.
    """

    kind = "market by day"
    scenario: MarketScenario
    divisors: tuple[float, ...] = DIVISORS
    replications: int = 3
    measured_days: int = MEASURED_DAYS
    fleet: float = FLEET

    def __post_init__(self) -> None:
        days = self.scenario.horizon.days
        if self.replications < 1:
            raise ScenarioError(f"replications is {self.replications}, but must be at least 1")
        if not 1 <= self.measured_days <= days:
            raise ScenarioError(f"measured days are {self.measured_days}, but must be 1 to {days}, the days of a run")
        for name, values in (("divisors", self.divisors), ("fleet", (self.fleet,))):
            for value in values:
                if not 1e-3 <= value <= 1e3:  # nor if it is not a number
                    raise ScenarioError(f"{name}: {value:g} is not allowed; it must be from 0.001 to 1000")
        if len(set(self.divisors)) < len(self.divisors):
            raise ScenarioError(f"divisors are {', '.join(f'{one:g}' for one in self.divisors)}; none may stand twice")

    @property
    def base(self) -> MarketScenario:
        """The market with larger fleets."""
        firms = {name: _grown(firm, self.fleet) for name, firm in self.scenario.supply.firms.items()}
        supply = self.scenario.supply.model_copy(update={"firms": firms})
        return self.scenario.model_copy(update={"supply": supply})

    def cells(self) -> list[tuple[str, float]]:
        """Return control and divisor of every point."""
        return list(product(CONTROLS, self.divisors))

    def points(self) -> list[Point]:
        """Return utility and price factor of every cell, in their order."""
        # over the scenario's own factor: whoever sets one climbs from there
        return [{"customers.choice.utility": CONTROLS[control], "price_factor": self.scenario.price_factor / divisor}
                for control, divisor in self.cells()]

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {"divisors": list(self.divisors), "replications": self.replications,
                "measured_days": self.measured_days, "fleet": self.fleet}


def _grown(firm: Firm, fleet: float) -> Firm:
    pools = tuple(pool.model_copy(update={"count": round(pool.count * fleet)}) for pool in firm.pools)
    return firm.model_copy(update={"pools": pools})
