"""The scenario: one frozen, validated description of traffic or of a whole market, read from one TOML file."""

from sim.scenario.demand_settings import (
    Arrivals,
    Bursts,
    ClientClass,
    Closed,
    Deterministic,
    Diurnal,
    Gamma,
    Lengths,
    Poisson,
    Sessions,
    SharedPrefix,
    Trace,
    TraceColumns,
    Weibull,
)
from sim.scenario.family import Kind, Scenario, kind_of
from sim.scenario.market_scenario import MarketScenario
from sim.scenario.network_settings import Link, Network, RegionFaults
from sim.scenario.preference_settings import Preferences
from sim.scenario.price_settings import Price
from sim.scenario.provider_settings import (
    AffineServing,
    Engine,
    Faults,
    Limits,
    Offer,
    Provider,
    RooflineServing,
)
from sim.scenario.rate_settings import RateLimits
from sim.scenario.router_settings import (
    Affinity,
    Attempts,
    Billing,
    Breaker,
    Cooldown,
    PolicyChoice,
    Router,
    SlowStart,
    Telemetry,
)
from sim.scenario.split_settings import PrefillSplit
from sim.scenario.traffic_scenario import Traffic, TrafficScenario

__all__ = [
    "AffineServing",
    "Affinity",
    "Arrivals",
    "Attempts",
    "Billing",
    "Breaker",
    "Bursts",
    "ClientClass",
    "Closed",
    "Cooldown",
    "Deterministic",
    "Diurnal",
    "Engine",
    "Faults",
    "Gamma",
    "Kind",
    "Lengths",
    "Limits",
    "Link",
    "MarketScenario",
    "Network",
    "Offer",
    "Poisson",
    "PolicyChoice",
    "Preferences",
    "PrefillSplit",
    "Price",
    "Provider",
    "RateLimits",
    "RegionFaults",
    "RooflineServing",
    "Router",
    "Scenario",
    "Sessions",
    "SharedPrefix",
    "SlowStart",
    "Telemetry",
    "Trace",
    "TraceColumns",
    "Traffic",
    "TrafficScenario",
    "Weibull",
    "kind_of",
]
