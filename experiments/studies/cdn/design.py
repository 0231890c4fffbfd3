"""What the study of shared pools runs: pools of some tenants at several sizes, among which the needed one is found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from experiments.runs.specs import Point, Value
from experiments.studies.cdn.assumed import SharedPool
from experiments.studies.cdn.square_root import Load, burst_factor, load_of, slots_needed, split
from experiments.studies.study import Design
from sim.errors import ScenarioError
from sim.scenario import TrafficScenario

TENANTS: Final = (1, 5, 20)
CORRELATIONS: Final = (0.0, 0.1, 0.5)
MANY: Final = 20  # tenants of whom the rule speaks
SIZES: Final = (0.7, 1.0, 1.3, 1.7, 2.2, 2.9, 3.8)  # of capacity beyond the load, over what the closed form has
ALONE: Final = "a tenant's own pool"
SHARED: Final = "shared"
NEIGHBOUR: Final = "shared, with a bursting neighbour"
NOBODY_PER_S: Final = 1e-9  # requests a second of a class that is not there: a rate must be above 0
DURATION_S: Final = 20_000.0


class Cell(NamedTuple):
    """A tenancy, its tenants, and the correlation of their bursts."""

    tenancy: str
    tenants: int
    correlation: float


@dataclass(frozen=True)
class SharedPools(Design):
    """Pools and their sizes.

    Attributes
    ----------
    scenario
        One pool of one model, which every point fills in.
    assumed
        The assumptions.
    tenants, correlations
        Of the shared pools; the assumed correlation is always among them.
    replications
        Seeds.
    """

    kind = "traffic"
    scenario: TrafficScenario
    assumed: SharedPool = field(default_factory=SharedPool)
    tenants: tuple[int, ...] = TENANTS
    correlations: tuple[float, ...] = CORRELATIONS
    replications: int = 10

    def __post_init__(self) -> None:
        """Check the design."""
        if not {1, MANY} <= set(self.tenants):
            raise ScenarioError(f"--tenants are {list(self.tenants)}, but must have 1, the control, and {MANY}, of "
                                "whom the rule speaks")
        if any(number < 1 for number in self.tenants) or len(set(self.tenants)) < len(self.tenants):
            raise ScenarioError(f"--tenants are {list(self.tenants)}, but must be different numbers from 1 on")
        if any(not 0 <= value <= 1 for value in self.correlations):
            raise ScenarioError(f"--correlations are {list(self.correlations)}, but must lie from 0 to 1")

    def cells(self) -> list[Cell]:
        """Return the pools, each of which is run at every size; in a pool of one nothing is correlated."""
        mine = self.assumed.correlation
        all_ = sorted({*self.correlations, mine})
        shared = [Cell(SHARED, number, value) for number in self.tenants for value in ([mine] if number == 1 else all_)]
        return [Cell(ALONE, 1, mine), *shared, Cell(NEIGHBOUR, MANY, mine)]

    def assumed_in(self, cell: Cell) -> SharedPool:
        """Return the assumptions with the correlation of a cell."""
        return self.assumed.model_copy(update={"correlation": cell.correlation})

    def load_in(self, cell: Cell) -> Load:
        """Return the load of a cell's pool."""
        neighbour = self.assumed.neighbour_factor if cell.tenancy == NEIGHBOUR else None
        return load_of(self.assumed_in(cell), cell.tenants, neighbour)

    def sizes(self, cell: Cell) -> list[int]:
        """Return the slots at which a cell is run, around those that the closed form has."""
        load = load_of(self.assumed_in(cell), cell.tenants)  # of ordinary tenants: the neighbour changes no pool's size
        beyond = slots_needed(load, self.assumed.ttft_s) - load.mean
        return sorted({math.ceil(load.mean + share * beyond) for share in SIZES})

    def places(self) -> Iterator[tuple[Cell, int]]:
        """Yield a cell and its slots for every point."""
        return ((cell, slots) for cell in self.cells() for slots in self.sizes(cell))

    def points(self) -> list[Point]:
        """Return a point for each size of each cell."""
        return [self._point(cell, slots) for cell, slots in self.places()]

    def _point(self, cell: Cell, slots: int) -> dict[str, Value]:
        assumed, parts = self.assumed_in(cell), split(cell.correlation)
        factor, rate = burst_factor(assumed), assumed.rate_per_s
        has_other = cell.tenants > 1  # one of the tenants is a class of its own, so that it alone can burst more
        rates = {"own": (cell.tenants - has_other) * parts.own * rate,
                 "neighbour": parts.own * rate if has_other else NOBODY_PER_S,
                 "common": cell.tenants * parts.common * rate}
        bursts = {**dict.fromkeys(rates, factor),
                  **({"neighbour": assumed.neighbour_factor} if cell.tenancy == NEIGHBOUR else {})}
        point: dict[str, Value] = {"providers.pool.offers.served.engine.max_batch": slots,
                                   "providers.pool.offers.served.serving.base_s": assumed.step_s,
                                   "demand.own.clients": cell.tenants - has_other,
                                   # draws of its own: the control is then no comparison of a run with itself
                                   "seed": self.scenario.seed + (cell.tenancy == ALONE)}
        for name, each in rates.items():
            point |= {f"demand.{name}.arrivals.rate_per_s": max(each, NOBODY_PER_S),
                      f"demand.{name}.arrivals.burst_factor": max(bursts[name], 1.0 + 1e-6),
                      f"demand.{name}.arrivals.burst_s": assumed.burst_s,
                      f"demand.{name}.arrivals.quiet_s": assumed.quiet_s,
                      f"demand.{name}.output_tokens.mean": assumed.answer_tokens * assumed.longer(cell.tenants)}
        return point

    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario."""
        return {"assumed": self.assumed.model_dump(mode="json"), "tenants": list(self.tenants),
                "correlations": list(self.correlations), "replications": self.replications}
