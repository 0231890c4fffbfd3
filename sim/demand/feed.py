"""The feed: all requests of a run as blocks of rows, in order of arrival, in flat memory.

Every draw comes from a stream named after the expanded class and its purpose (``demand/chat#3/prompt``; for
a trace, after the class), and the i-th request of a class takes the i-th draw of each. So a request is the
same in every scenario that has its class, whatever the load, the other classes and the block size are.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from sim.demand.classes import ClientShare, expanded_classes
from sim.demand.rows import ClassRows
from sim.engines.requests import REQUEST, join, pick
from sim.engines.world import World
from sim.scenario import Trace
from sim.streams import Streams

BLOCK_ROWS: Final = 16_384  # fits a core's cache
MIN_CHUNK: Final = 32  # arrivals drawn at a time by even the smallest class


class DemandFeed:
    """All requests that arrive before ``traffic.duration_s``, as an iterator of blocks of dtype ``REQUEST``.

    Rows are sorted by ``arrive_s`` within and across blocks, those that arrive at the same time by ``key``; they are in
    one block. Times are on the grid (`sim.engines.grid`). Blocks are never empty.
    Memory holds about one block (and, for sessions, the turns still to come), however long the run is.

    Parameters
    ----------
    world
        The market; its scenario says what arrives.
    streams
        The run's random streams; the feed uses the names under ``demand/``.
    block_rows
        About how many rows a block has. It changes no draw.

    Raises
    ------
    TraceError
        If a class replays a trace that cannot be read.
    ScenarioError
        If a class has both a trace and sessions.
    """

    def __init__(self, world: World, streams: Streams, block_rows: int = BLOCK_ROWS) -> None:
        groups: dict[str, list[ClientShare]] = {}
        for share in expanded_classes(world.scenario):
            shared = isinstance(share.spec.arrivals, Trace)  # the clients of a trace share its rows
            groups.setdefault(share.class_name if shared else share.name, []).append(share)
        index = {name: i for i, name in enumerate(world.classes)}
        self._classes = [ClassRows(group, index[group[0].name], world, streams) for group in groups.values()]
        self._limit_s = world.scenario.traffic.duration_s
        self._block_rows = block_rows
        self._requests_per_s = sum(cls.requests_per_s for cls in self._classes)
        self._horizon_s = np.zeros(len(self._classes))
        self._pool = np.empty(0, REQUEST)  # rows drawn but not yet handed out, sorted
        self._done_s = 0.0

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        while self._done_s < self._limit_s:
            block = self._advance()
            if len(block):
                return block
        raise StopIteration

    def _advance(self) -> np.ndarray:
        """Return the rows up to the smallest horizon, once all horizons are half a window away."""
        # the window follows the pool, so that sorting the pool anew costs each row about the same
        window_s = max(self._block_rows, len(self._pool) / 4) / self._requests_per_s
        fresh = self._draw(min(self._done_s + window_s / 2, self._limit_s), min(window_s, self._limit_s))
        pool = self._sorted(join([self._pool, *fresh]))
        self._done_s = min(float(self._horizon_s.min()), self._limit_s)
        count = int(np.searchsorted(pool["arrive_s"], self._done_s))
        self._pool = pool[count:]
        return pool[:count]

    def _draw(self, goal_s: float, window_s: float) -> list[np.ndarray]:
        """Draw from the classes whose horizon is short of the goal until it is not, a window at a time."""
        parts = []
        for i in np.flatnonzero(self._horizon_s < goal_s):
            cls = self._classes[i]
            chunk = max(int(1.1 * cls.arrivals_per_s * window_s), min(MIN_CHUNK, self._block_rows))
            while cls.horizon_s < goal_s:
                parts.append(cls.draw(chunk))
            self._horizon_s[i] = cls.horizon_s
        return parts

    def _sorted(self, rows: np.ndarray) -> np.ndarray:
        """Rows by arrival, then key."""
        arrive_s = np.ascontiguousarray(rows["arrive_s"])
        if (arrive_s[1:] > arrive_s[:-1]).all():
            return rows
        order = np.argsort(arrive_s, kind="stable")
        arrive_s = arrive_s[order]
        if (arrive_s[1:] == arrive_s[:-1]).any():
            order = np.lexsort((rows["key"], rows["arrive_s"]))
        return pick(rows, order)
