"""Free entry: the potential hosts outside of a market, what they would bring, and when one of them comes in."""

from typing import Literal

from pydantic import Field, model_validator

from sim.scenario.base import Name, Part, Sweep, quantity
from sim.scenario.pricing_settings import PricingChoice
from sim.scenario.provider_settings import Engine, Faults, Limits


class EntrySettings(Part):
    """A pool of potential hosts, each of a type of its own; one enters when that promises its hurdle."""

    types: int = quantity(0, unit="hosts", doc="Potential hosts, all outside at the start; 0: nobody ever enters", ge=0,
                          le=5000, source="assumption: none, so that a market says when it has them; 400 are plenty")
    looks_per_month: float = quantity(
        8.0, unit="1/month", doc="How many types a month see whether to enter, in random order", gt=0, le=100_000,
        source="assumption", sweep=Sweep(2.0, 400.0, "log", "a slow trickle to everybody once a month"))
    demand_days: int = quantity(
        28, unit="days", doc="Last days whose mean demand of a model a type takes for today's", ge=1, le=365,
        source="assumption: four weeks", sweep=Sweep(7, 56, "log", "a week to two months"))
    first_look_day: int = quantity(28, unit="days", doc="Day of the first look: demand is a mean over 28 days", ge=1,
                                   source="assumption: as many days as the mean of demand")
    gpus: tuple[Name, ...] = Field(
        ("h100-sxm", "h200-sxm", "b200-sxm", "mi300x"), description="GPU types that they may rent; a model goes where "
        "a token is cheapest, of those that can be rented at its release (source: assumption)", min_length=1)
    gpu_price_sd: float = quantity(0.15, unit="1", doc="Standard deviation of the logarithm of what a type pays for "
                                   "a GPU over its rent, drawn for each GPU type", ge=0, le=2, source="assumption")
    efficiency_sd: float = quantity(0.2, unit="1", doc="Standard deviation of the logarithm of how fast a type's "
                                    "engines are", ge=0, le=2, source="assumption")
    overhead_usd_per_day: float = quantity(
        100.0, unit="USD/day", doc="Cost of keeping one listing besides GPUs (median)", ge=0, source="assumption",
        sweep=Sweep(10.0, 1000.0, "log", "a script to a person"))
    overhead_sd: float = quantity(0.3, unit="1", doc="Standard deviation of the logarithm of that cost", ge=0, le=2,
                                  source="assumption")
    firm_usd: float = quantity(50_000.0, unit="USD", doc="Cost of becoming a host", ge=0, source="assumption",
                               sweep=Sweep(1e3, 1e6, "log", "an afternoon to a sales team"))
    listing_usd: float = quantity(3_000.0, unit="USD", doc="Cost of listing one more model", ge=0, source="assumption",
                                  sweep=Sweep(100.0, 1e5, "log", "a download to a month of engineering"))
    hurdle_per_year: float = quantity(0.15, unit="1/year", doc="Return that it must promise", ge=0, le=5,
                                      source="assumption: a little above the 13% cost of capital")
    ahead_days: int = quantity(365, unit="days", doc="How far a type looks ahead", ge=30, le=3650, source="assumption")
    expected_growth_share: float = quantity(
        0.5, unit="1", doc="Share of the platform's growth over the last 90 days that it expects to go on", ge=0, le=2,
        source="assumption: half", sweep=Sweep(0.0, 1.0, "linear", "none to all of it"))
    expected_entry_share: float = quantity(
        1.0, unit="1", doc="Share of the entry behind it that a type expects: as fast as looks allow, up to where one "
        "more like it would earn nothing; 0: the sellers that are there and it", ge=0, le=1,
        source="assumption: all of it, since with 0 expected values are several times those that come",
        sweep=Sweep(0.0, 1.0, "linear", "none to all of it"))
    come_after: Literal["median", "next"] = Field(
        "median", description="median: those who come after it pay for GPUs and are as fast as the median type; next: "
        "the cheapest of those who can serve the model come first, and the next after those that are there (E127) "
        "(source: order statistics of the pool)")
    growth_path: str | None = Field(
        None, description="CSV file with the columns day, tokens of an earlier run, whose growth is expected instead; "
        "none: a share of the growth so far")
    experience: Literal["none", "cohorts"] = Field(
        "none", description="cohorts: expectations are corrected, factor by factor, by what became of the listings of "
        "those who came before (E128); none: nobody learns (source: Doraszelski, Lewis and Pakes, AER 2018)")
    experience_prior_months: float = quantity(
        3.0, unit="months", doc="Months of listings for which it counts that things come as expected", gt=0,
        source="assumption: as for the pace of entry", sweep=Sweep(1.0, 100.0, "log", "one listing to a hundred"))
    experience_memory_days: float = quantity(
        180.0, unit="days", doc="After so many days what became of a listing counts 1/e as much", ge=1,
        source="assumption: as long as sellers remember who learn demand",
        sweep=Sweep(60.0, 720.0, "log", "two months to two years"))
    familiar_share: float = quantity(
        0.1, unit="1", doc="Probability that a type can serve a given open model", gt=0, le=1,
        source="assumption: 40 of 400 for each model, above the 27 hosts of the most offered model of August 2026")
    regions: tuple[Name, ...] = Field(("us-east",), description="Regions of which each type has one (source: "
                                      "assumption)", min_length=1)
    fp4_share: float = quantity(0.25, unit="1", doc="Share of types that serve in fp4 where a GPU can, the others in "
                                "fp8", ge=0, le=1, source="assumption")
    max_replicas: int = quantity(
        400, unit="replicas", doc="Replicas of an offer for which there is memory; a market that would need more says "
        "so", ge=1, le=10_000)
    pricing: PricingChoice = Field(PricingChoice(kind="best_response_router"), description="Pricing of their offers")
    faults: Faults = Field(Faults(), description="What goes wrong at each of them")
    engine: Engine = Field(Engine(), description="Batching engine of their replicas")
    limits: Limits = Field(Limits(queue=64), description="Limits of their offers (source: assumption; full queues "
                           "answer with 429)")

    @model_validator(mode="after")
    def _gpus_differ(self) -> "EntrySettings":
        if len(set(self.gpus)) < len(self.gpus):
            raise ValueError(f"gpus are {', '.join(self.gpus)}; each may stand there once")
        if self.engine.split is not None:
            raise ValueError("engine.split is given, but hosts of a market size their offers as a whole; leave it out")
        return self
