"""Requests on their way from the feed to the shards."""

import numpy as np

from sim.engines.compiled.shards import split_feed
from sim.engines.face import Feed
from sim.engines.grid import put_on_grid


class Intake:
    """Takes blocks from a feed, and keeps for each shard what it has not been given yet.

    Only the first arrival of the block behind tells how far one may be served, since one more may arrive with its last:
    so one block is always looked at ahead.

    Parameters
    ----------
    feed
        Blocks of requests, in order of arrival.
    shard_of_model
        The shard of each model.
    shards
        How many there are.
    grid_per_s
        Points of the grid of event times, 1/s.

    Attributes
    ----------
    known_s
        All arrivals before this time have been taken.
    ends
        Whether the feed has nothing more.
    waiting
        Rows that were taken and not given yet.
    """

    def __init__(self, feed: Feed, shard_of_model: np.ndarray, shards: int, grid_per_s: float) -> None:
        self._feed, self._shard_of_model, self._grid_per_s = feed, shard_of_model, grid_per_s
        self._parts: list[list[np.ndarray]] = [[] for _ in range(shards)]
        self._ahead: np.ndarray | None = None
        self.known_s = -np.inf
        self.ends = False
        self.waiting = 0

    def is_exhausted(self) -> bool:
        """Ask a feed that paused again, and say whether it has ended and all of it was given."""
        self.resume()
        return self.ends and self._ahead is None and self.waiting == 0

    def resume(self) -> None:
        """Ask the feed again if it had paused."""
        if self._ahead is None and not self.ends:
            self._look_ahead()

    def take(self) -> None:
        """Take the next block."""
        if self._ahead is not None:
            self.waiting += len(self._ahead)
            for parts, rows in zip(self._parts, split_feed(self._ahead, self._shard_of_model, len(self._parts)),
                                   strict=True):
                if len(rows):
                    parts.append(rows)
        self._look_ahead()

    def give(self, shard: int) -> list[np.ndarray]:
        """Return what a shard has not been given, in order."""
        parts, self._parts[shard] = self._parts[shard], []
        self.waiting -= sum(len(rows) for rows in parts)
        return parts

    def _look_ahead(self) -> None:
        block = next(self._feed, None)
        self.ends = block is None
        if block is None or len(block) == 0:
            self._ahead, self.known_s = None, np.inf
            return
        self._ahead = put_on_grid(block, self._grid_per_s)
        self.known_s = float(self._ahead["arrive_s"][0])
