"""Client classes, and which service tiers there are and are asked for, at time 0."""

from itertools import pairwise

import numpy as np

from sim.engines.compiled.records import Client
from sim.engines.record import Rows, table
from sim.engines.wanted import admitted_tiers, rules_of, wishes_of
from sim.engines.world import World


def new_clients(world: World) -> Rows[Client]:
    """Rows of the client classes."""
    clients = np.zeros(len(world.classes), Client.dtype())
    clients["delay_s"] = world.class_delay_s
    clients["slo_ttft_s"] = world.class_slo_ttft_s
    clients["slo_tpot_s"] = world.class_slo_tpot_s
    clients["stay_s"] = world.class_stay_s
    clients["tier"] = world.asked_tiers
    clients["admits"] = admitted_tiers(world)
    clients["wants"] = wishes_of(world)[1]
    clients["rule"] = rules_of(world)
    clients["shared"] = world.shared_tokens
    return table(clients, Client)


def special_offers(world: World, offers: np.ndarray) -> np.ndarray:
    """Of each model how much there is that keeps a placement from taking all its offers as open."""
    tiers = bool(offers["tier"].any() or any(world.asked_tiers))
    return np.array([offers["scheduled"][a:b].sum() + tiers for a, b in pairwise(world.model_first.tolist())], np.int64)
