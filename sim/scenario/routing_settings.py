"""How customers have their requests routed: by the marketplace's rule, cheapest first, fastest first, or by name."""

from pydantic import model_validator

from sim.scenario.base import Part, Sweep, quantity

VARIANTS = "assumption; OpenRouter, model variants: `:floor` sorts by price, `:nitro` by throughput"


class RoutingSettings(Part):
    """Shares of workloads by the rule that places their requests; what is left is left to the router's policy."""

    floor_share: float = quantity(
        0.0, unit="1", doc="Share of workloads whose requests go to the cheapest offer first", ge=0, le=1,
        source=VARIANTS, sweep=Sweep(0.0, 0.3, "linear", "none to a third"),
    )
    nitro_share: float = quantity(
        0.0, unit="1", doc="Share of workloads whose requests go to the fastest offer first", ge=0, le=1,
        source=VARIANTS, sweep=Sweep(0.0, 0.3, "linear", "none to a third"),
    )
    pinned_share: float = quantity(
        0.0, unit="1", doc="Share of workloads that name the one provider that may serve them", ge=0, le=1,
        sweep=Sweep(0.0, 0.5, "linear", "none to half"),
    )
    repins_per_month: float = quantity(
        0.05, unit="1/month", doc="Mean number of times that such a workload chooses its provider anew, though its "
        "model and provider are still there", ge=0, le=100, sweep=Sweep(0.0, 1.0, "linear", "never to monthly"),
    )

    conversation_turns: float = quantity(
        1.0, unit="requests", doc="Mean number of requests of a conversation, which a sticky router sends to one "
        "provider; 1: each request is for itself", ge=1, le=1000,
        sweep=Sweep(1.0, 20.0, "log", "single requests to long talks"),
    )
    turn_gap_s: float = quantity(
        30.0, unit="s", doc="How long a conversation lasts for each of its requests; longer where the workload asks "
        "less often", gt=0, le=3600,
    )

    @model_validator(mode="after")
    def _shares_of_one(self) -> "RoutingSettings":
        total = self.floor_share + self.nitro_share + self.pinned_share
        if total > 1:
            raise ValueError(f"floor_share, nitro_share and pinned_share are {self.floor_share:g}, "
                             f"{self.nitro_share:g} and {self.pinned_share:g}; they must add up to at most 1")
        return self
