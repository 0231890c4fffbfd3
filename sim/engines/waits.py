"""How long the customers of each router waited for the first token."""

import numpy as np

from sim.engines.outcome import TTFT
from sim.engines.world import World


def waits_of_routers(world: World, class_hist: np.ndarray) -> np.ndarray:
    """Return times to the first token by router, int64 (routers, bins), of histograms by class.

    Parameters
    ----------
    world
        Which router each class calls.
    class_hist
        (classes, metrics, bins) (`sim.engines.outcome`).
    """
    found = np.zeros((len(world.routers), class_hist.shape[-1]), np.int64)
    for router in range(len(found)):
        found[router] = class_hist[world.class_router == router, TTFT].sum(axis=0)
    return found
