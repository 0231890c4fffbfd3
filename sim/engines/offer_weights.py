"""Weights of offers at a router (docs/semantics.md, section 14)."""

import numpy as np

from sim.engines.world import OfferSpec, World
from sim.scenario import Router


def weight_of(router: Router, offer: OfferSpec) -> float:
    """The weight that a router gives an offer: its own, else its provider's, else 1."""
    return router.weights.get(f"{offer.provider}/{offer.name}", router.weights.get(offer.provider, 1.0))


def weights_of(world: World) -> np.ndarray:
    """Weights of all offers at all routers, float64 (routers, offers)."""
    return np.array([[weight_of(router, offer) for offer in world.offers] for router in world.router_settings],
                    np.float64)


def weighs(router: Router) -> bool:
    """True if a router must look at weights at each placement: some may be zero, or change."""
    return router.slow_start.window_s > 0 or 0.0 in router.weights.values()
