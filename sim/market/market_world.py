"""The market as the traffic engine sees it: a world whose client classes are the workloads."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sim.delays import delays
from sim.engines.world import OfferSpec, World
from sim.errors import ScenarioError
from sim.market.customers.population import Population
from sim.market.customers.routing import preferences_of, rules_of_workloads
from sim.policy import BoundPolicy
from sim.scenario import (
    ClientClass,
    Lengths,
    MarketScenario,
    Poisson,
    Preferences,
    Provider,
    Router,
    Traffic,
    TrafficScenario,
)
from sim.units import DAY_S

ROUTER = "main"
REPLICAS_HELD: Final = 32  # of an offer, by the engine of a sampled run: a crowd of a larger offer stands for all of it
MOST_REPLICAS: Final = 2_000_000  # in all, at full resolution: 3.3 kB each with batches of 256


def market_world(
    scenario: MarketScenario,
    providers: Mapping[str, Provider],
    offers: Sequence[OfferSpec],
    population: Population,
    policies: Sequence[BoundPolicy],
    replication: int,
) -> World:
    """Return the world of a market.

    Parameters
    ----------
    scenario
        The market.
    providers, offers
        What the supply side offers over the whole run, as parts of a scenario and resolved; offers sorted by model.
    population
        Its workloads are the client classes.
    policies
        Policy of the market's one router, or of each of its marketplaces.
    replication
        Number of the replication.

    Raises
    ------
    ScenarioError
        If nobody would ever offer anything.
    """
    if not offers:
        raise ScenarioError("supply.firms offer no model in the whole run; at least one firm must enter before its end "
                            "with GPUs that hold a model that it takes")
    models = tuple(sorted({offer.model for offer in offers}))
    of_model = Counter(offer.model for offer in offers)
    counts = [of_model[model] for model in models]
    delay = delays(scenario.network)
    home = scenario.router.region
    names = router_names(scenario)
    count = len(population) * len(names)
    slo = _no_class(models[0])
    rules = rules_of_workloads(scenario.customers, population)
    return World(
        scenario=traffic_scenario(scenario, providers, models[0]),
        offers=_held(scenario, offers),
        models=models,
        routers=names,
        router_names=names,
        # a workload is a class at each marketplace, one marketplace after the other
        classes=population.names if names == (ROUTER,) else tuple(
            f"{name}@{place}" for place in names for name in population.names),
        class_names=tuple(population.segment_names[segment] for segment in population.segment) * len(names),
        # the feed says of each request which model it is for: a workload changes its model, a class never does
        class_model=np.zeros(count, np.int32),
        class_router=np.repeat(np.arange(len(names), dtype=np.int32), len(population)),
        class_delay_s=np.full(count, delay[home, home]),
        class_slo_ttft_s=np.full(count, slo.slo_ttft_s),
        class_slo_tpot_s=np.full(count, slo.slo_tpot_s),
        class_stay_s=np.full(count, np.inf),
        model_first=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        delay_s=np.array([[delay[home, offer.region] for offer in offers]] * len(names)),
        policies=tuple(policies),
        seed=scenario.seed,
        replication=replication,
        class_preferences=tuple(wish for general in _preferences(scenario) for wish in preferences_of(rules, general)),
        class_shared_tokens=tuple(population.shared_tokens.tolist()) * len(names),
    )


def router_names(scenario: MarketScenario) -> tuple[str, ...]:
    """Names of the marketplaces that compete, or of the one router that serves all."""
    return tuple(scenario.marketplaces) or (ROUTER,)


def _preferences(scenario: MarketScenario) -> list[Preferences]:
    """What each marketplace asks of offers."""
    general = scenario.router.preferences
    return [place.preferences.over(general) for place in scenario.marketplaces.values()] or [general]


def _routers(scenario: MarketScenario, weights: Mapping[str, float]) -> dict[str, Router]:
    """The routers: alike but for their policies; whatever they prefer is said of their classes."""
    general = scenario.router.model_copy(update={"weights": weights, "preferences": Preferences()})
    return {name: general.model_copy(update={"policy": place.policy or general.policy})
            for name, place in scenario.marketplaces.items()} or {ROUTER: general}


def _held(scenario: MarketScenario, offers: Sequence[OfferSpec]) -> tuple[OfferSpec, ...]:
    """Return the offers with as many replicas as the engine has memory for."""
    if scenario.horizon.resolution != "full":
        return tuple(replace(offer, replicas=min(offer.replicas, REPLICAS_HELD)) for offer in offers)
    total = sum(offer.replicas for offer in offers)
    if total > MOST_REPLICAS:
        raise ScenarioError(f"all offers together may have up to {total:,} replicas, and at horizon.resolution = "
                            f'"full" the engine keeps memory for at most {MOST_REPLICAS:,}; lower '
                            "supply.autoscaling.max_replicas, supply.entry.max_replicas or supply.entry.types")
    return tuple(offers)


def traffic_scenario(scenario: MarketScenario, providers: Mapping[str, Provider], model: str) -> TrafficScenario:
    """Return the settings of the traffic engine: routers, network and faults; demand comes from the market's feed."""
    # a firm that will never offer anything is no provider of the traffic
    weights = {firm: weight for firm, weight in scenario.router.weights.items() if firm in providers}
    return TrafficScenario(
        name=scenario.name,
        seed=scenario.seed,
        # no drain: a market ends with its last day, and what is under way is counted as in flight
        traffic=Traffic(duration_s=float(scenario.horizon.days * DAY_S), drain_s=0.0, engine=scenario.engine),
        network=scenario.network,
        # a firm that never offers anything is no provider of the world, but may be named in preferences
        routers=_routers(scenario, weights),
        # a scenario of traffic must have a demand; nothing is drawn from this one
        demand={"market": _no_class(model, router_names(scenario)[0])},
        providers=dict(providers),
    )


def _no_class(model: str, router: str = ROUTER) -> ClientClass:
    """A class that stands for demand that is not drawn by the traffic's own feed."""
    length = Lengths(mean=1.0)
    return ClientClass(model=model, router=router, arrivals=Poisson(rate_per_s=1.0), prompt_tokens=length,
                       output_tokens=length)


def world_models(world: World, names: Sequence[str]) -> np.ndarray:
    """Row among ``world.models`` of each of ``names``, -1 for a model that nobody will ever offer."""
    rows = {model: row for row, model in enumerate(world.models)}
    return np.array([rows.get(name, -1) for name in names], np.int32)


