"""What a traffic engine is: the common face of the compiled and the reference engine."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from sim.engines.outcome import Tally, TrafficOutcome
from sim.engines.schedule import Schedule
from sim.engines.world import World

# Blocks of dtype REQUEST, sorted by arrive_s within and across blocks. An empty block is a pause: no more requests
# arrive in the current call of ``advance``, and the next call asks the feed again.
Feed = Iterator[np.ndarray]


def check_replicas(world: World, offer: int, replicas: int) -> None:
    """Refuse a number of replicas that the offer cannot have.

    Raises
    ------
    ValueError
        If it is below 1 or above the world's, or if the offer splits its replicas.
    """
    check_host(world, offer)
    spec = world.offers[offer]
    most = spec.replicas
    if spec.split.prefill > 0:
        raise ValueError(f"replicas of offer {spec.name!r} cannot change: {spec.split.prefill} of its {most} prefill "
                         "and the others decode")
    if not 1 <= replicas <= most:
        raise ValueError(f"replicas of offer {world.offers[offer].name!r} are {replicas}; allowed are 1 to {most}")


def check_host(world: World, offer: int) -> None:
    """Refuse an outage, a slow spell or another size of an offer that has no replicas of its own.

    Raises
    ------
    ValueError
        If the offer shares the pool of another one.
    """
    spec = world.offers[offer]
    if spec.pool:
        raise ValueError(f"offer {spec.name!r} is served by the replicas of {spec.pool!r}; what happens to them "
                         "happens there")


class OfferHealth(Protocol):
    """What faults act on."""

    def set_up(self, offer: int, up: bool) -> None:
        """Begin (``False``) or end (``True``) an outage of an offer now."""

    def set_slowdown(self, offer: int, factor: float) -> None:
        """Multiply the offer's step times by ``factor`` for steps that begin from now on (1 ends a slow spell)."""


class TrafficEngine(Protocol):
    """Serves the requests of a feed from one calendar event to the next."""

    world: World
    now_s: float

    def __init__(self, world: World, feed: Feed) -> None:
        """Start at time 0 with empty queues."""

    def advance(self, until_s: float) -> None:
        """Serve traffic up to, but not including, events at ``until_s``."""

    def set_up(self, offer: int, up: bool) -> None:
        """Begin (``False``) or end (``True``) an outage of an offer now."""

    def set_slowdown(self, offer: int, factor: float) -> None:
        """Multiply the offer's step times by ``factor`` for steps that begin from now on (1 ends a slow spell)."""

    def set_replicas(self, offer: int, replicas: int) -> None:
        """Let the first ``replicas`` of the offer's replicas take new requests; the others finish what they have."""

    def set_weight(self, offer: int, factor: float) -> None:
        """Multiply the weight of the offer at every router by ``factor`` for placements from now on (1: its own)."""

    def set_listed(self, offer: int, listed: bool) -> None:
        """Show the offer to the routers, or hide it from new placements; what it serves goes on."""

    def set_price(self, offer: int, in_pico: int, out_pico: int, cached_pico: int | None = None) -> None:
        """Post new base prices, in pico-dollars per token, for placements from now on (cached: none means as input)."""

    def set_schedule(self, offer: int, schedule: Schedule) -> None:
        """Post another schedule of prices for placements from now on."""

    @property
    def idle(self) -> bool:
        """True when the feed is exhausted and no request is in flight."""

    def tally(self, offers: np.ndarray | None = None) -> Tally:
        """Return the running counters; cheaper than ``outcome``.

        Parameters
        ----------
        offers
            Whose work is counted to the last step that is over; that of others may lag behind by leaps under way.
            None: that of all, which takes time by the number of all their replicas.
        """

    def take_samples(self, offers: np.ndarray) -> np.ndarray:
        """Return the latencies counted so far at some offers, int64 (offers, metrics, bins); they only grow."""

    def take_waits(self) -> np.ndarray:
        """Return the times to the first token counted so far, int64 (routers, bins); they only grow."""

    def outcome(self) -> TrafficOutcome:
        """Return the counters so far; requests still in flight are counted as such."""
