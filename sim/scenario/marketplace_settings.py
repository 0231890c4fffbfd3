"""Marketplaces that compete for customers over the same providers."""

from pydantic import Field, model_validator

from sim.scenario.base import Part, Sweep, quantity
from sim.scenario.preference_settings import Preferences
from sim.scenario.router_settings import PolicyChoice


class Marketplace(Part):
    """One of several marketplaces: a router with a rule and fees of its own; the rest is as ``router`` says."""

    policy: PolicyChoice | None = Field(
        None, description="Its routing policy (source: none; it is that of `router`)")
    preferences: Preferences = Field(
        Preferences(), description="What it asks of offers, such as `only` its own labs, before what `router` asks")
    fee_share: float | None = quantity(
        None, unit="1", doc="Its fee, as a share of what requests cost; none: `fees.credit_share`", ge=0, le=1,
        source="OpenRouter 5.5% on credits; Vercel AI Gateway 0, May 2026; a lab's own interface 0",
        sweep=Sweep(0.0, 0.1, "linear", "Vercel takes nothing, OpenRouter 0.055"))
    own_key_fee_share: float | None = quantity(
        None, unit="1", doc="Its fee for customers with keys of their own; none: `fees.own_key_share`", ge=0, le=1)
    start_share: float = quantity(
        1.0, unit="1", doc="Weight of the workloads of the first day that are there; over the sum of all marketplaces "
        "it is their share", ge=0, le=1e6)
    attraction: float | None = quantity(
        None, unit="1", doc="What it is worth to everybody whatever it costs, in units of tastes; none: what keeps the "
        "shares of the first day where all marketplaces serve alike (E91)", ge=-100, le=100)

    @model_validator(mode="after")
    def _can_be_found(self) -> "Marketplace":
        if self.start_share == 0 and self.attraction is None:
            raise ValueError("start_share is 0 and attraction is left out; one of them must say how many customers "
                             "think of it")
        return self


class MarketplaceChoice(Part):
    """How customers choose among several marketplaces; without any it is not read."""

    price_weight: float = quantity(
        5.0, unit="1", doc="Utility of a cost that is lower by a logarithmic point, in units of tastes: about the "
        "elasticity of a small marketplace's sales in its price", ge=0, le=1000,
        sweep=Sweep(1.0, 20.0, "log", "hardly any to nearly perfect substitutes"))
    latency_weight: float = quantity(
        0.05, unit="1/s", doc="Utility of a second less to the first token, in units of tastes", ge=0, le=1000,
        sweep=Sweep(0.0, 0.5, "linear", "indifferent to half a taste a second"))
    inertia: float = quantity(
        2.0, unit="1", doc="Utility of staying, in units of tastes: of two that are equal otherwise one in "
        "1 + exp(inertia) changes at a review", ge=0, le=100,
        sweep=Sweep(0.0, 5.0, "linear", "none to one in 150"))
    reviews_per_month: float = quantity(
        0.05, unit="1/month", doc="Mean number of times that a workload reconsiders its marketplace", ge=0, le=100,
        sweep=Sweep(0.0, 1.0, "linear", "never to monthly"))
    memory_days: float = quantity(
        28.0, unit="days", doc="Mean age of what is remembered of prices, waits and failures", ge=1, le=3650)
    prior_requests: float = quantity(
        20.0, unit="requests", doc="Requests as which counts what everybody met, beside what one met oneself", ge=0,
        le=1e9)
