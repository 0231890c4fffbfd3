"""Assemble the market that the engines see from a scenario, its resolved offers and its bound policies."""

from collections.abc import Mapping, Sequence

import numpy as np

from sim.client_routers import expanded_routers, routers_of_clients
from sim.delays import delays
from sim.demand.classes import expanded_classes, shared_tokens
from sim.demand.covered import demand_covers_s
from sim.demand.loops import closed_loops
from sim.engines.service_tiers import SERVICE_TIERS
from sim.engines.world import OfferSpec, World
from sim.errors import ScenarioError
from sim.policy import BoundPolicy
from sim.scenario import TrafficScenario
from sim.scenario.traffic_scenario import MAX_OFFERS_OF_A_MODEL
from sim.spelling import near


def build_world(
    scenario: TrafficScenario,
    offers: Sequence[OfferSpec],
    policies: Mapping[str, BoundPolicy],
    replication: int = 0,
) -> World:
    """Turn names into indices: everything an engine needs, as plain tables.

    Parameters
    ----------
    scenario
        The scenario.
    offers
        Its offers, resolved by ``providers.offers.build_offers``.
    policies
        The policy of each router, by the router's name in the scenario.
    replication
        Number of the replication, 0 or more.

    Returns
    -------
    World
        Models in alphabetical order; offers sorted by model and, within a model, in the order given.

    Raises
    ------
    ScenarioError
        If regions are not joined, a router has no policy, a demanded model has no offer, or a model has
        too many.
    TraceError
        If a class replays a trace that cannot be read.
    """
    for router in scenario.routers:
        if router not in policies:
            bound = ", ".join(policies) or "none"
            raise ScenarioError(f"routers.{router}.policy is not bound; bound are the policies of {bound}")
    ordered = tuple(sorted(offers, key=lambda offer: offer.model))
    models = tuple(sorted({offer.model for offer in ordered}))
    counts = [sum(offer.model == model for offer in ordered) for model in models]
    _check_offers(scenario, dict(zip(models, counts, strict=True)))
    clients = expanded_classes(scenario)
    routers = expanded_routers(scenario, clients)
    router_of = routers_of_clients(routers, clients)
    delay = delays(scenario.network)
    customer_delay_s = np.array([
        0.0 if routers[router].client is not None else delay[client.spec.region, routers[router].region]
        for client, router in zip(clients, router_of, strict=True)])
    return World(
        scenario=scenario,
        offers=ordered,
        models=models,
        routers=tuple(router.name for router in routers),
        router_names=tuple(router.router_name for router in routers),
        classes=tuple(client.name for client in clients),
        class_names=tuple(client.class_name for client in clients),
        class_model=np.array([models.index(client.spec.model) for client in clients], dtype=np.int32),
        class_router=np.array(router_of, dtype=np.int32),
        class_delay_s=customer_delay_s,
        class_slo_ttft_s=np.array([client.spec.slo_ttft_s for client in clients]),
        class_slo_tpot_s=np.array([client.spec.slo_tpot_s for client in clients]),
        class_stay_s=np.array([client.spec.stay_s or np.inf for client in clients]),
        model_first=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        delay_s=np.array([[delay[router.region, offer.region] for offer in ordered] for router in routers]),
        policies=tuple(policies[router.router_name] for router in routers),
        seed=scenario.seed,
        replication=replication,
        loops=closed_loops(clients, customer_delay_s),
        class_fallbacks=tuple(tuple(map(models.index, client.spec.fallback_models)) for client in clients),
        demand_covers_s=demand_covers_s(scenario),
        class_tier=tuple(SERVICE_TIERS.index(client.spec.service_tier) for client in clients),
        class_preferences=tuple(client.spec.preferences for client in clients),
        class_shared_tokens=shared_tokens(clients),
    )


def _check_offers(scenario: TrafficScenario, offers_of: Mapping[str, int]) -> None:
    """Every demanded model has an offer, and no model more than an engine can show a policy."""
    for name, client in scenario.demand.items():
        if client.model not in offers_of:
            raise ScenarioError(f"demand.{name}.model is {client.model!r}, which none of the offers "
                                f"serves{near(client.model, offers_of)}")
        for model in client.fallback_models:
            if model not in offers_of:
                raise ScenarioError(f"demand.{name}.fallback_models has {model!r}, which none of the offers "
                                    f"serves{near(model, offers_of)}")
    for model, count in offers_of.items():
        if count > MAX_OFFERS_OF_A_MODEL:
            raise ScenarioError(
                f"providers have {count} offers of model {model!r}; at most "
                f"{MAX_OFFERS_OF_A_MODEL} are allowed"
            )
