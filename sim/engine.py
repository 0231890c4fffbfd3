"""What a traffic engine is: the common face of the compiled and the reference engine."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from sim.outcome import TrafficOutcome
from sim.world import World

Feed = Iterator[np.ndarray]  # blocks of dtype REQUEST, sorted by arrive_s within and across blocks


class TrafficEngine(Protocol):
    """Serves the requests of a feed from one calendar event to the next."""

    now_s: float

    def __init__(self, world: World, feed: Feed) -> None:
        """Start at time 0 with empty queues."""

    def advance(self, until_s: float) -> None:
        """Serve traffic up to, but not including, events at ``until_s``."""

    def set_up(self, offer: int, up: bool) -> None:
        """Begin (``False``) or end (``True``) an outage of an offer now."""

    def set_slowdown(self, offer: int, factor: float) -> None:
        """Multiply the offer's step times by ``factor`` for steps that begin from now on (1 ends a slow spell)."""

    def set_price(self, offer: int, in_nano: int, out_nano: int) -> None:
        """Post new prices, in nano-dollars per token, for placements from now on."""

    @property
    def idle(self) -> bool:
        """True when the feed is exhausted and no request is in flight."""

    def outcome(self) -> TrafficOutcome:
        """Return the counters so far; requests still in flight are counted as such."""
