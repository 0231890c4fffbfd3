"""Which pricing strategy an offer follows, by the name of a registered kind."""

from typing import Any

from pydantic import ConfigDict, Field

from sim.scenario.base import Name, Part


class PricingChoice(Part):
    """A pricing strategy and its parameters (checked when it is bound; see ``providers/pricing``)."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    kind: Name = Field("menu_cost", description="Pricing strategy, as listed by `tokenmarket list pricing`")

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters given besides the kind."""
        return dict(self.model_extra or {})
