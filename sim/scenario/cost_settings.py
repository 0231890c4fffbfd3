"""What sellers reckon a token costs: at which volume, with what besides GPUs, as software and GPUs get better."""

from typing import Literal

from pydantic import Field

from sim.scenario.base import Part, Sweep, quantity


class Costing(Part):
    """How a seller comes from the cost of its GPUs to the cost of a token."""

    basis: Literal["capacity", "volume", "marginal"] = Field(
        "capacity", description="capacity: of replicas used as planned, whatever is sold; volume: of the whole "
        "replicas that the expected volume needs, over that volume; marginal: of one more token on replicas that run "
        "anyway, `variable_usd_per_mtok` (source: assumption: capacity, so that a market says when it has another)")
    variable_usd_per_mtok: float = quantity(
        0.0, unit="USD/Mtok", doc="Cost of every token besides GPUs, paid the day after", ge=0, le=1000,
        sweep=Sweep(0.0, 1.0, "linear", "nothing to the price of a small model"))
    software_per_year: float = quantity(
        1.0, unit="1", doc="Factor by which software lets the same GPU run the same model faster in a year", ge=1,
        le=10, source="assumption, range 1.2-2 at a fixed model and GPU; 3 is at a fixed capability (arXiv "
        "2511.23455), which on one model would count smaller models twice",
        sweep=Sweep(1.2, 2.0, "log", "the range of its source"))
    least_load: float = quantity(
        0.05, unit="replicas", doc="Volume for which a cost is reckoned at least, as a share of a replica's planned "
        "load", gt=0, le=1, source="assumption: below it a price says only that nobody should buy (volume)")


class GpuFall(Part):
    """A fall, on one day, of what GPUs cost all owners, rented or their own: an experiment, and no fact."""

    divisor: float = quantity(
        1.0, unit="1", doc="What rents, and capital, power and colocation of owned GPUs, are divided by from then on; "
        "1: nothing happens, below 1 they rise", ge=1e-3, le=1e3, source="assumption: none",
        sweep=Sweep(1.0, 10.0, "log", "none to the fall of prices at a fixed quality in a year or two"))
    day: float = quantity(0.0, unit="days", doc="Day from which on it holds; nobody expects it", ge=0,
                          source="assumption: from the start")
    kept: bool = Field(
        False, description="Whether sellers keep it: they pay less, and go on pricing, ordering and entering as if "
        "GPUs cost what they did (source: assumption: false, true is the control of a study)")
