"""An engine that serves nothing: for a market that is assembled to be looked at, and thrown away."""

import numpy as np

from sim.engines.face import Feed, TrafficEngine
from sim.engines.outcome import METRICS, Tally, TrafficOutcome
from sim.engines.schedule import Schedule
from sim.engines.world import World
from sim.histogram import FINE_BITS, bins


class EngineAtRest(TrafficEngine):
    """Hears everything and does nothing; it takes no memory for thousands of replicas, as an engine does.

    Parameters
    ----------
    world
        What would be served.
    feed
        Never asked.
    """

    def __init__(self, world: World, feed: Feed) -> None:
        self.world, self.now_s = world, 0.0

    def advance(self, until_s: float) -> None:
        """Let time go by."""
        self.now_s = until_s

    def set_up(self, offer: int, up: bool) -> None:
        """Do nothing, as all that follows."""

    def set_slowdown(self, offer: int, factor: float) -> None:
        """Do nothing."""

    def set_replicas(self, offer: int, replicas: int) -> None:
        """Do nothing."""

    def set_weight(self, offer: int, factor: float) -> None:
        """Do nothing."""

    def set_listed(self, offer: int, listed: bool) -> None:
        """Do nothing."""

    def set_price(self, offer: int, in_pico: int, out_pico: int, cached_pico: int | None = None) -> None:
        """Do nothing."""

    def set_schedule(self, offer: int, schedule: Schedule) -> None:
        """Do nothing."""

    @property
    def idle(self) -> bool:
        """Always."""
        return True

    def tally(self, offers: np.ndarray | None = None) -> Tally:
        """Return no counters."""
        return Tally(*(np.zeros(0) for _ in Tally._fields))

    def take_samples(self, offers: np.ndarray) -> np.ndarray:
        """Return latencies of nothing."""
        return np.zeros((len(offers), len(METRICS), bins(FINE_BITS)), np.int64)

    def take_waits(self) -> np.ndarray:
        """Return times to the first token of nothing."""
        return np.zeros((len(self.world.routers), bins(FINE_BITS)), np.int64)

    def outcome(self) -> TrafficOutcome:
        """Refuse: nothing was served."""
        raise NotImplementedError
