"""Prefill apart from decode in random markets: drawn by itself, so that the others stay as they are."""

from dataclasses import replace

import numpy as np

from sim.engines.carriage import Carriage
from sim.engines.kept_room import NOTHING
from worlds.differential_tiers import Case

SHARE = 0.15  # of markets
GRAIN_S = 0.25  # of a coarse market's times


def with_splits(seed: int, case: Case, share: float = SHARE) -> Case:
    """The market with a split at most of its offers that have replicas, some of them so slow that memory runs out."""
    rng = np.random.default_rng([seed, 16, 5])
    if rng.random() >= share:
        return case
    world = case.world
    offers, hosts = list(world.offers), world.hosts.tolist()
    for row, spec in enumerate(offers):
        more, prefill, chance = int(rng.integers(1, 4)), int(rng.integers(1, 4)), rng.random()
        carriage = Carriage(prefill, *_times_s(rng))
        if spec.replicas > 0 and chance < 0.8:
            offers[row] = replace(spec, replicas=prefill + more, split=carriage)
    for row, host in enumerate(hosts):
        if offers[host].split.prefill > 0:
            offers[row] = replace(offers[row], block_tokens=0, host_tokens=0, reserve=NOTHING)
    changes = [change for change in case.changes if not (offers[change.offer].split.prefill and change.kind == "size")]
    return replace(case, world=replace(world, offers=tuple(offers)), changes=changes)


def _times_s(rng: np.random.Generator) -> tuple[float, float]:
    """Latency and time of a token: often nothing, often on the grain."""
    latency_s = float(rng.choice([0.0, GRAIN_S, rng.uniform(0.001, 2.0)]))
    token_s = float(rng.choice([0.0, GRAIN_S / 64, rng.uniform(1e-5, 0.02)]))
    return latency_s, token_s
