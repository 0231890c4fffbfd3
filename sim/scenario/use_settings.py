"""Uses of tokens: which are worth their cost, how many there could be, and what the labs sell past the marketplace."""

from pydantic import Field, model_validator

from sim.scenario.base import Part, Sweep, quantity


class Diffusion(Part):
    """Potential uses over time: a logistic curve that is imposed, whatever prices and models do."""

    per_year: float = quantity(
        2.3, unit="1/year", doc="Rate at which the number of potential uses grows while it is far below its ceiling",
        ge=0, le=50, source="set so that, with what prices and models add at list prices, 116 requests/s of "
        "January 2025 become about 6,800 in August 2026",
        sweep=Sweep(1.0, 4.0, "linear", "a doubling in eight months to one in nine weeks"))
    ceiling: float = quantity(
        60.0, unit="1", doc="Potential uses in the end over those of the first day", ge=1, le=1e6)


class DirectPurchase(Part):
    """Closed models bought at the creator's list price, past the marketplace and its fee."""

    enabled: bool = Field(True, description="Whether creators of closed models sell directly too")
    marketplace_worth: float = quantity(
        0.2, unit="1", doc="Logarithm of the marketplace's price, fee included, over the list price at which half of "
        "the customers buy directly", ge=-5, le=5)
    spread: float = quantity(
        0.1, unit="1", doc="Scale of the logistic law of that logarithm over customers' workloads", gt=0, le=5)


class Uses(Part):
    """The margin of demand: a use is live if its worth exceeds the cost of a request with some model."""

    enabled: bool = Field(False, description="Whether uses come and go with prices and qualities. If so, a workload is "
                          "a use: its volume does not answer its price, and there is no taste for using nothing")
    worth_factor: float = quantity(
        0.3, unit="1", doc="Worth of a point of quality to a use over the template's value_usd", gt=0,
        sweep=Sweep(0.05, 1.0, "log", "a twentieth of it to all"))
    needs: tuple[float, float] = quantity(
        (0.2, 0.8), unit="1", doc="Lowest and highest quality below which a model is worth nothing to a use (uniform "
        "over uses); quality counts from there")
    planned_share: float = quantity(
        0.3, unit="1", doc="Share of the potential requests of the first day that are expected to be live: "
        "requests_per_s is the rate of these", gt=0, le=1)
    diffusion: Diffusion = Field(Diffusion(), description="Potential uses over time; it replaces growth_per_year")
    direct: DirectPurchase = Field(DirectPurchase(), description="Direct purchase from the creators of closed models")

    @model_validator(mode="after")
    def _needs_are_qualities(self) -> "Uses":
        low, high = self.needs
        if not 0 <= low <= high <= 1:
            raise ValueError(f"needs are {low:g} to {high:g}; they must be qualities from 0 to 1 in rising order")
        return self
