"""The measured window of a run, and the replicas' time inside it (docs/semantics.md, section 9)."""

import numpy as np

from sim.engines.grid import on_grid
from sim.engines.world import World


class Window:
    """Time from the end of warm-up to the end of demand, in which everything is measured.

    Parameters
    ----------
    world
        Its ``warmup_s`` and ``measured_until_s`` are the edges, on the grid like all that happens at them.
    """

    def __init__(self, world: World) -> None:
        traffic = world.scenario.traffic
        self.begins_s = on_grid(traffic.warmup_s, world.grid_per_s)
        self.ends_s = on_grid(world.measured_until_s, world.grid_per_s)

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.ends_s - self.begins_s

    def inside_s(self, from_s: float, to_s: float) -> float:
        """Part of the time from ``from_s`` to ``to_s`` that lies inside, seconds."""
        return max(0.0, min(to_s, self.ends_s) - max(from_s, self.begins_s))


class ActiveReplicas:
    """Replica-seconds of every offer inside the window: how many were active, by the time that each number held."""

    def __init__(self, world: World) -> None:
        self._window = Window(world)
        self._active = np.array([offer.replicas for offer in world.offers], np.float64)
        self._since_s = np.zeros(len(world.offers))
        self._booked_s = np.zeros(len(world.offers))  # before the newest number

    def resize(self, offer: int, replicas: int, now_s: float) -> None:
        """Note that ``replicas`` of an offer are active from now on."""
        held_s = self._window.inside_s(float(self._since_s[offer]), now_s)
        self._booked_s[offer] += self._active[offer] * held_s
        self._active[offer], self._since_s[offer] = replicas, now_s

    def seconds(self, now_s: float) -> np.ndarray:
        """Replica-seconds so far, float64 (offers,)."""
        held_s = np.array([self._window.inside_s(since_s, now_s) for since_s in self._since_s.tolist()])
        return np.asarray(self._booked_s + self._active * held_s)
