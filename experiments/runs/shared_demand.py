"""Requests that several runs share: drawn once, and handed to each.

In a tournament every policy meets the requests of the same load and replication. They follow from names, settings and
seeds and never from a policy, so whoever runs next with the same of these gets the blocks of the run before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from sim.demand.trace_files.found_files import content_digest, found_files
from sim.scenario import Trace

if TYPE_CHECKING:  # these import numba, for which `tokenmarket --help` should not wait
    import numpy as np

    from sim.engines.face import Feed
    from sim.engines.world import World

MOST_ROWS: Final = 1_000_000  # of all requests that are kept: 72 MB, and as much again of what was drawn ahead
_kept: dict[str, list[np.ndarray]] = {}  # by what they are drawn from; the oldest first


def feed_of(world: World) -> Feed:
    """All requests of a run: those of an earlier one if they are the same, else drawn."""
    from sim.demand.feed import DemandFeed
    from sim.streams import Streams

    key = _key(world)
    if key in _kept:
        return iter(_kept[key])
    return _noted(DemandFeed(world, Streams(world.seed, world.replication)), key)


def _noted(feed: Feed, key: str) -> Iterator[np.ndarray]:
    """Hand blocks on, and keep them for later runs if there are not too many."""
    blocks: list[np.ndarray] = []
    rows = 0
    for block in feed:
        rows += len(block)
        if rows <= MOST_ROWS:
            blocks.append(block)
        else:
            blocks.clear()
        yield block
    if rows <= MOST_ROWS:
        _kept[key] = blocks
        while sum(len(block) for kept in _kept.values() for block in kept) > MOST_ROWS:
            del _kept[next(iter(_kept))]


def _key(world: World) -> str:
    """Digest of all that a feed is drawn from."""
    scenario = world.scenario
    parts = [repr((world.seed, world.replication, world.classes, scenario.traffic.duration_s, scenario.traffic.load,
                   world.grid_per_s))]
    for name, demand in scenario.demand.items():
        parts += [name, demand.model_dump_json()]
        if isinstance(demand.arrivals, Trace):  # its files may have been written anew since
            parts += [content_digest(file) for file in found_files(demand.arrivals.path)]
    digest = hashlib.blake2b("\n".join(parts).encode(), digest_size=16)
    for array in (world.class_router, world.class_model, world.class_delay_s):
        digest.update(array.tobytes())
    return digest.hexdigest()
