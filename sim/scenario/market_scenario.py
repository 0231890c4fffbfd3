"""A whole market as one validated description: horizon, models, customers, suppliers, routers and fees."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from sim.scenario.base import Day, Name, Part, Sweep, quantity
from sim.scenario.customer_settings import CustomerSettings
from sim.scenario.firm_settings import SupplySettings
from sim.scenario.gpu_settings import GpuSettings
from sim.scenario.marketplace_settings import Marketplace, MarketplaceChoice
from sim.scenario.model_settings import ModelSettings
from sim.scenario.network_settings import Network
from sim.scenario.router_settings import Router
from sim.scenario.whole import Document, counted
from sim.units import DAY_S


class Horizon(Part):
    """How long the market runs, and how much of its traffic is simulated request by request."""

    start: Day = Field(date(2025, 1, 1), description="First day, ISO date (source: assumption)")
    days: int = quantity(548, unit="days", doc="Length of the run (548: eighteen months)", ge=1, le=36_525,
                         source="the eighteen months of the question that this project asks")
    resolution: Literal["sampled", "full"] = Field(
        "sampled", description="full: every request is simulated; sampled: on each day some models for some minutes, "
        "while volumes and money of all are those expected at what was measured"
    )
    sampled_per_day: int = quantity(
        20_000, unit="requests/day", doc="In a sampled run, how many requests are simulated on an average day (more in "
        "the beginning, when nothing is known)", ge=1, le=10**9,
        source="assumption: what leaves a run over its horizon at the market's real size about a minute of traffic")
    slice_s: int = quantity(3600, unit="s", doc="At full resolution, how often decisions and rates act on traffic",
                            ge=1, le=DAY_S)

    @field_validator("start")
    @classmethod
    def _has_a_calendar(cls, value: date) -> date:
        first, last = date(1900, 1, 1), date(2150, 1, 1)  # so that all days of a run are within pandas' calendar
        if not first <= value <= last:
            raise ValueError(f"it is {value}; it must be from {first} to {last}")
        return value

    @field_validator("slice_s")
    @classmethod
    def _divides_a_day(cls, value: int) -> int:
        if DAY_S % value:
            raise ValueError(f"it is {value}; it must divide the {DAY_S} seconds of a day, so that days begin "
                             "with a slice")
        return value


class Rhythm(Part):
    """How demand varies over the day and the week."""

    daily_amplitude: float = quantity(
        0.18, unit="1", doc="Amplitude of the daily wave of a workload around its mean", ge=0, lt=1,
        source="ServeGen m-large (arXiv 2505.09999): hour-of-day peak over trough 1.45 = (1 + .184)/(1 - .184)")
    weekend_factor: float = quantity(0.85, unit="1", doc="Rate on Saturdays and Sundays over that of other days", gt=0,
                                     le=10)


class Fees(Part):
    """What the router charges customers on top of the providers' prices."""

    credit_share: float = quantity(0.055, unit="1", doc="Fee on credits, as a share of what requests cost", ge=0, le=1,
                                   source="OpenRouter FAQ: 5.5% on credit purchases",
                                   sweep=Sweep(0.0, 0.1, "linear", "OpenRouter takes 0.055"))
    own_key_share: float = quantity(0.05, unit="1", doc="Fee of customers with keys of their own", ge=0, le=1,
                                    source="OpenRouter FAQ: 5% beyond the free requests")
    own_key_free_requests: int = quantity(
        1_000_000, unit="requests/month", doc="Requests of such a customer without fee, per twelfth of a year", ge=0,
        source="OpenRouter FAQ: the first million requests a month")


class MarketScenario(Document):
    """A token market over months: what ``tokenmarket run market`` runs."""

    kind: ClassVar[Literal["market"]] = "market"

    name: Name = Field(description="Short name of the scenario")
    description: str = Field("", description="What the scenario is for")
    seed: int = quantity(20261123, unit="1", doc="Seed from which every random stream is derived", ge=0, lt=1 << 63)
    engine: Literal["compiled", "reference"] = Field("compiled", description="Traffic engine")
    horizon: Horizon = Field(Horizon(), description="Length and resolution")
    rhythm: Rhythm = Field(Rhythm(), description="Demand over the day and the week")
    network: Network = Field(Network(), description="Regions and delays")
    router: Router = Field(Router(fee_share=0.0), description="The marketplace; its fees are those of `fees`")
    fees: Fees = Field(Fees(), description="The router's fees")
    marketplaces: dict[Name, Marketplace] = Field({}, description="Marketplaces that compete for customers, by name; "
                                                  "none: `router` serves all")
    marketplace_choice: MarketplaceChoice = Field(
        MarketplaceChoice(), description="How customers choose among them")
    price_factor: float = quantity(
        1.0, unit="1", doc="All posted prices and all costs of supply are multiplied by this (the climb experiment "
        "divides prices by 1, 2, 5, 10, 20)", gt=0, le=1000,
        sweep=Sweep(0.05, 2.0, "log", "the climb divides prices by up to 20"),
    )
    models: ModelSettings = Field(default_factory=ModelSettings, description="Models, known and to come, and one's own")
    gpus: dict[Name, GpuSettings] = Field({}, description="GPU types of one's own by name, or changes to built-in ones")
    calibration: str | None = Field(None, description="File of constants of step times, as `tokenmarket calibrate` "
                                    "writes it; none takes the built-in one")
    customers: CustomerSettings = Field(default_factory=CustomerSettings, description="Customers")
    supply: SupplySettings = Field(description="Providers, GPU prices, autoscaling and investment")

    def outline(self) -> str:
        """Return what it describes, in a few words."""
        return (f"{counted(len(self.supply.firms), 'firm')}, {counted(len(self.customers.segments), 'segment')} of "
                f"customers, {counted(self.horizon.days, 'day')} from {self.horizon.start}")

    @field_validator("router", mode="before")
    @classmethod
    def _without_a_fee_of_its_own(cls, value: object) -> object:
        return {"fee_share": 0.0, **value} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _known_regions(self) -> "MarketScenario":
        used = {f"supply.firms.{name}.region": firm.region for name, firm in self.supply.firms.items()}
        if self.supply.entry.types:
            used |= {f"supply.entry.regions.{place}": name for place, name in enumerate(self.supply.entry.regions)}
        for field, region in ({"router.region": self.router.region} | used).items():
            if region not in self.network.regions:
                raise ValueError(f"{field} is {region!r}; regions are {', '.join(sorted(self.network.regions))}")
        return self

    @model_validator(mode="after")
    def _weights_of_firms(self) -> "MarketScenario":
        for whose in self.router.weights:
            if whose not in self.supply.firms:
                raise ValueError(f"router.weights has {whose!r}, which is no firm; firms are "
                                 f"{', '.join(self.supply.firms)}")
        return self

    @model_validator(mode="after")
    def _days_are_whole(self) -> "MarketScenario":
        """Limits per day bind late in a day, of which a sampled run simulates minutes."""
        limited = {f"supply.firms.{name}.limits": firm.limits for name, firm in self.supply.firms.items()}
        limited["supply.entry.limits"] = self.supply.entry.limits
        for path, limits in ({"router.limits": self.router.limits} | limited).items():
            for name, limit in limits.of_days.items():
                if self.horizon.resolution != "full":
                    raise ValueError(f"{path}.{name} is {limit}, but of each day only minutes are simulated; limits "
                                     'per day are allowed with horizon.resolution = "full"')
        return self

    @model_validator(mode="after")
    def _bills_are_counted(self) -> "MarketScenario":
        """A sampled run reckons money from mean lengths, of which no tier can be read."""
        for name, firm in self.supply.firms.items():
            if self.horizon.resolution != "full" and not firm.schedule.is_plain:
                raise ValueError(f"supply.firms.{name}.schedule has prices beside those of the strategy, but of each "
                                 'day only minutes are simulated; they are allowed with horizon.resolution = "full"')
        return self

    @model_validator(mode="after")
    def _fees_in_one_place(self) -> "MarketScenario":
        if self.router.client_side:
            raise ValueError("router.client_side is true; in a market it must be false, since one router serves all")
        for name in ("fee_share", "own_key_fee_share"):
            if getattr(self.router, name) != 0:
                raise ValueError(f"router.{name} is {getattr(self.router, name):g}; in a market it must be 0, since "
                                 "the fees are those of `fees`")
        return self

    @model_validator(mode="after")
    def _preferences_of_all(self) -> "MarketScenario":
        places = {f"marketplaces.{name}.preferences": place.preferences for name, place in self.marketplaces.items()}
        for path, wants in ({"router.preferences": self.router.preferences} | places).items():
            wants.check_names(path, dict.fromkeys(self.supply.firms))
            if wants.own_keys:
                raise ValueError(f"{path}.own_keys is {list(wants.own_keys)}; in a market leave it out, since "
                                 "who has own keys is said by `customers.segments.*.own_key_share`")
            if wants.partition == "none":
                raise ValueError(f"{path}.partition is 'none'; in a market leave it out, since a workload's requests "
                                 "ask for one model")
            if wants.shared_capacity is not None:
                raise ValueError(f"{path}.shared_capacity is {str(wants.shared_capacity).lower()}; in a market leave "
                                 "it out, since it goes with own_keys, which a market has no list of")
        return self

    @model_validator(mode="after")
    def _customers_of_the_first_day(self) -> "MarketScenario":
        if self.marketplaces and not sum(place.start_share for place in self.marketplaces.values()) > 0:
            raise ValueError("marketplaces all have start_share 0; one of them must be above 0, since somebody serves "
                             "the customers of the first day")
        return self
