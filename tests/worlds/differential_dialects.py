"""Engines of other dialects in random markets: drawn apart, so that the others stay as they are."""

from dataclasses import replace

import numpy as np

from sim.engines.kept_room import RESERVES
from worlds.differential_tiers import Case

SHARE = 0.4  # of markets


def with_dialects(seed: int, case: Case) -> Case:
    """The market with other rules at its offers, each by itself, and longest answers that are nearly reached."""
    rng = np.random.default_rng([seed, 17])
    if rng.random() >= SHARE:
        return case
    world = case.world
    count = len(world.offers)
    rules = list(zip(rng.integers(0, len(RESERVES), count).tolist(), rng.uniform(0.05, 1.0, count).tolist(),
                     (rng.random(count) < 0.5).tolist(), (rng.random(count) < 0.5).tolist(), strict=True))
    offers = []
    for spec, host in zip(world.offers, world.hosts.tolist(), strict=True):
        reserve, first_share, shortest, first = rules[host]
        offers.append(replace(spec, reserve=reserve, first_share=first_share, preempts_shortest=shortest,
                              prefills_first=first))
    spread = int(rng.choice([1, 30, 200]))
    tables = [block.copy() for block in case.blocks]
    for table in tables:
        told = (table["max_tokens"] == 0) & (rng.random(len(table)) < 0.8)
        table["max_tokens"] = np.where(told, table["output"] + rng.integers(0, spread, len(table)), table["max_tokens"])
    return replace(case, world=replace(world, offers=tuple(offers)), blocks=tables)
