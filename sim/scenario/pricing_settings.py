"""Which pricing strategy an offer follows, by the name of a registered kind."""

from typing import Any

from pydantic import ConfigDict, Field

from sim.scenario.base import Name, Part, Sweep, quantity


class PricingChoice(Part):
    """A pricing strategy and its parameters (checked when it is bound; see ``providers/pricing``)."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    kind: Name = Field("menu_cost", description="Pricing strategy, as listed by `tokenmarket list pricing`")

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters given besides the kind."""
        return dict(self.model_extra or {})


class DemandLearning(Part):
    """How sellers learn what demand they face, where they are not told."""

    memory_days: int = quantity(
        180, unit="days", doc="Days of shares and prices that it learns from", ge=2, le=10_000,
        source="assumption: with 60 too few moves are seen, and prices end some 6 % above those of sellers who know",
        sweep=Sweep(30, 720, "integer", "a month to two years"))
    prior_sd: float = quantity(
        1.0, unit="1", doc="Standard deviation of its belief of the router's exponent before it saw anything; the "
        "mean is the published one", gt=0, source="assumption",
        sweep=Sweep(0.1, 10.0, "log", "near certainty to hardly any"))
