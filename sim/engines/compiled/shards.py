"""How an engine is split by model, so that a market runs on all cores (docs/semantics.md, section 11)."""

from collections.abc import Sequence

import numpy as np

from sim.engines.requests import pick
from sim.engines.world import World


def shards_of(world: World) -> list[np.ndarray]:
    """Models that must be served together, as arrays of their indices.

    Between two events of the calendar requests for different models never meet: offers, views, memories, telemetry and
    affinity tables are a model's own. So every model is a shard, but for those that a class asks in turn.
    """
    import networkx as nx

    joined = nx.Graph()
    joined.add_nodes_from(range(len(world.models)))
    for model, fallbacks in zip(world.class_model.tolist(), world.class_fallbacks, strict=False):
        nx.add_path(joined, [model, *fallbacks])
    return [np.array(sorted(models)) for models in nx.connected_components(joined)]


def balanced(loads: np.ndarray, threads: int) -> list[np.ndarray]:
    """Shards for each thread: the heaviest first, each to the thread that has least (Graham 1969, LPT).

    Parameters
    ----------
    loads
        Requests that are about to arrive, by shard.
    threads
        Most parts.
    """
    parts: list[list[int]] = [[] for _ in range(threads)]
    held = np.zeros(threads)
    for shard in np.argsort(-loads, kind="stable").tolist():
        least = int(np.argmin(held))
        parts[least].append(shard)
        held[least] += loads[shard] + 1.0
    return [np.array(sorted(part), np.int64) for part in parts if part]


def split_feed(block: np.ndarray, shard_of_model: np.ndarray, shards: int) -> Sequence[np.ndarray]:
    """The rows of a feed's block that each shard gets, in their order."""
    if shards == 1:
        return [block]
    owner = shard_of_model[block["model"]]
    order = np.argsort(owner, kind="stable")
    ends = np.bincount(owner, minlength=shards).cumsum()
    return np.split(pick(block, order), ends[:-1])
