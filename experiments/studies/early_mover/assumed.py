"""What is assumed of firms that move early and late: access, software, and how much of revenue goes to tokens."""

from pydantic import model_validator

from sim.market.downstream.access_settings import AccessTerms
from sim.market.downstream.software_settings import SoftwareTerms
from sim.scenario.base import Part, Sweep, quantity


class MoverAssumptions(Part):
    """All that is assumed; each market draws what its firms spend on tokens from a range."""

    access: AccessTerms = AccessTerms()
    software: SoftwareTerms = SoftwareTerms()
    least_share: float = quantity(
        0.05, unit="1", gt=0, le=0.7, doc="Least share of revenue that goes to tokens in a market's first month",
        source="4 to 9 % disclosed by public software firms (weak)", sweep=Sweep(0.05, 0.15))
    most_share: float = quantity(
        0.4, unit="1", gt=0, le=0.7, doc="Largest such share", source="assumption; above a third is told to be a "
        "structural problem (weak), and .23 is the mean of firms that scale (ICONIQ, January 2026)",
        sweep=Sweep(0.2, 0.45))

    @model_validator(mode="after")
    def _fits(self) -> "MoverAssumptions":
        if self.most_share < self.least_share:
            raise ValueError(f"most_share is {self.most_share:g}, but must be at least least_share, "
                             f"{self.least_share:g}")
        if self.software.other_cost + self.most_share >= 1.0:
            raise ValueError(f"software.other_cost + most_share is {self.software.other_cost + self.most_share:g}, but "
                             "must be below 1: cost would be more than the first price")
        if self.software.migration_most < self.software.migration_least:
            raise ValueError(f"software.migration_most is {self.software.migration_most}, but must be at least "
                             f"migration_least, {self.software.migration_least}")
        return self
