"""A scenario of traffic as a whole, and the checks that need more than one of its parts."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.scenario.base import ModelName, Name, Part, Sweep, quantity
from sim.scenario.demand_settings import ClientClass
from sim.scenario.gpu_settings import GpuSettings
from sim.scenario.network_settings import Network
from sim.scenario.own_models import Weights
from sim.scenario.provider_settings import Provider
from sim.scenario.router_settings import Router
from sim.scenario.whole import Document, counted

MAX_OFFERS_OF_A_MODEL = 4096


class Traffic(Part):
    """Length of a run and how it is measured."""

    duration_s: float = quantity(unit="s", doc="Time over which requests arrive", gt=0)
    warmup_s: float = quantity(0.0, unit="s", doc="Requests that arrive earlier are not measured", ge=0)
    drain_s: float = quantity(
        3600.0, unit="s", doc="Longest time after the last arrival to let requests finish; 0 stops at once", ge=0)
    load: float = quantity(1.0, unit="1", doc="Factor on every arrival rate", gt=0,
                           sweep=Sweep(0.3, 1.5, "linear", "from idle to overload"))
    sample_share: float = quantity(0.0, unit="1", doc="Share of requests kept in the requests table", ge=0, le=1)
    publish_period_s: float | None = quantity(
        None, unit="s", doc="Providers publish their load this often; none publishes nothing", gt=0)
    engine: Literal["compiled", "reference"] = Field("compiled", description="Traffic engine")

    @model_validator(mode="after")
    def _measures_something(self) -> "Traffic":
        if self.warmup_s >= self.duration_s:
            raise ValueError(
                f"warmup_s ({self.warmup_s:g}) must be shorter than duration_s ({self.duration_s:g})"
            )
        return self


class TrafficScenario(Document):
    """Traffic of given demand: providers, routers and the network between them."""

    kind: ClassVar[Literal["traffic"]] = "traffic"

    name: Name = Field(description="Short name of the scenario")
    description: str = Field("", description="What the scenario is for")
    seed: int = quantity(20261123, unit="1", doc="Seed from which every random stream is derived", ge=0, lt=1 << 63)
    traffic: Traffic = Field(description="Length and measurement of a run")
    network: Network = Field(Network(), description="Regions and delays")
    routers: dict[Name, Router] = Field({"main": Router()}, description="Routers by name", min_length=1)
    demand: dict[Name, ClientClass] = Field(description="Client classes by name", min_length=1)
    providers: dict[Name, Provider] = Field(description="Providers by name", min_length=1)
    gpus: dict[Name, GpuSettings] = Field({}, description="GPU types of one's own by name, or changes to built-in ones")
    calibration: str | None = Field(None, description="File of constants of step times, as `tokenmarket calibrate` "
                                    "writes it; none takes the built-in one")
    models: dict[ModelName, Weights] = Field({}, description="Models of one's own by name, or changes to built-in ones")

    def outline(self) -> str:
        """Return what it describes, in a few words."""
        return (f"{counted(len(self.providers), 'provider')}, {counted(len(self.routers), 'router')}, "
                f"{counted(len(self.demand), 'client class')}, {self.traffic.duration_s:g} s "
                f"at load {self.traffic.load:g}")

    @model_validator(mode="after")
    def _consistent(self) -> "TrafficScenario":
        self._check_demand()
        self._check_preferences()
        self._check_regions()
        self._check_weights()
        return self

    def _check_demand(self) -> None:
        served = {offer.model for provider in self.providers.values() for offer in provider.offers.values()}
        for name, cls in self.demand.items():
            if cls.model not in served:
                raise ValueError(f"demand.{name}.model is {cls.model!r}, which no provider serves; "
                                 f"served are {', '.join(sorted(served))}")
            if cls.router not in self.routers:
                raise ValueError(f"demand.{name}.router is {cls.router!r}; routers are {', '.join(self.routers)}")

    def _check_weights(self) -> None:
        known = [*self.providers, *(f"{name}/{offer}" for name, provider in self.providers.items()
                                    for offer in provider.offers)]
        for name, router in self.routers.items():
            for whose in router.weights:
                if whose not in known:
                    raise ValueError(f"routers.{name}.weights has {whose!r}, which is no provider or provider/offer; "
                                     f"there are {', '.join(known)}")

    def _check_preferences(self) -> None:
        offers = {name: provider.offers for name, provider in self.providers.items()}
        for name, router in self.routers.items():
            router.preferences.check_names(f"routers.{name}.preferences", offers)
            if router.preferences.partition == "none" and not router.preferences.sorts_together:
                raise ValueError(f"routers.{name}.preferences.partition is 'none', but nothing is sorted; say sort or "
                                 "variant with it")
        for name, cls in self.demand.items():
            cls.preferences.check_names(f"demand.{name}.preferences", offers)
            if cls.preferences.partition == "none":
                self._check_partition(name, cls)

    def _check_partition(self, name: str, cls: ClientClass) -> None:
        if not cls.fallback_models:
            raise ValueError(f"demand.{name}.preferences.partition is 'none', but the class has no fallback_models, so "
                             "that there is one model to sort")
        if not cls.preferences.over(self.routers[cls.router].preferences).sorts_together:
            raise ValueError(f"demand.{name}.preferences.partition is 'none', but nothing is sorted; say sort or "
                             "variant with it")

    def _check_regions(self) -> None:
        known = set(self.network.regions)
        used = {f"demand.{n}.region": c.region for n, c in self.demand.items()}
        used |= {f"routers.{n}.region": r.region for n, r in self.routers.items()}
        for name, provider in self.providers.items():
            used[f"providers.{name}.region"] = provider.region
            for offer_name, offer in provider.offers.items():
                if offer.region is not None:
                    used[f"providers.{name}.offers.{offer_name}.region"] = offer.region
        for field, region in used.items():
            if region not in known:
                raise ValueError(f"{field} is {region!r}; regions are {', '.join(sorted(known))}")
