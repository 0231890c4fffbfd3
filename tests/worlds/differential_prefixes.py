"""Prefix caches, and what prompts begin with, in random markets: drawn apart, so that the others stay as they are."""

from dataclasses import replace

import numpy as np

from worlds.differential_tiers import Case
from worlds.small import Client, prefix_reader

SHARE = 0.4  # of markets


def _dice(seed: int, *place: int) -> np.random.Generator:
    return np.random.default_rng([seed, 16, *place])


def has_caches(seed: int) -> bool:
    """Whether some offers of the market of a seed have prefix caches."""
    return bool(_dice(seed).random() < SHARE)


def with_shared_prefix(seed: int, place: int, client: Client) -> Client:
    """A class of a market with caches, whose prompts may begin with one of a few documents."""
    rng = _dice(seed, 1, place)
    shared = {"tokens": int(rng.integers(1, 120)), "documents": int(rng.integers(1, 5)),
              "zipf_exponent": float(rng.choice([0.0, 0.7, 1.0]))}
    if not has_caches(seed) or rng.random() < 0.4:
        return client
    return client._replace(demand={**client.demand, "shared_prefix": shared})


def with_found_prefixes(seed: int, case: Case) -> Case:
    """The market whose prompts, at some of its offers without a cache, are computed from where their bill says."""
    rng = _dice(seed, 3)
    if rng.random() < 1.0 - SHARE:
        return case
    world = case.world
    finds = (rng.random(len(world.offers)) < 0.6)[world.hosts]
    offers = tuple(replace(spec, finds_prefix=bool(found) and spec.block_tokens == 0)
                   for spec, found in zip(world.offers, finds, strict=True))
    return replace(case, world=replace(world, offers=offers))


def with_prefix_caches(seed: int, case: Case) -> Case:
    """The market with prefix caches at some of its offers; those of a pool are its host's."""
    rng = _dice(seed, 2)
    if not has_caches(seed):
        return case
    world = case.world
    blocks = np.where(rng.random(len(world.offers)) < 0.8, rng.choice([1, 4, 16, 50], len(world.offers)), 0)
    apart = _dice(seed, 3)
    hosted = np.where(apart.random(len(blocks)) < 0.5, apart.choice([1, 60, 400, 5000], len(blocks)), 0) * (blocks > 0)
    offers = tuple(replace(spec, block_tokens=int(block), host_tokens=int(tokens), host_token_s=0.0007 * (tokens > 0))
                   for spec, block, tokens in zip(world.offers, blocks[world.hosts], hosted[world.hosts], strict=True))
    told = rng.random() < 0.7  # what a session was told is in fact most of its prompt
    tables = [block.copy() for block in case.blocks]
    for table in tables:
        table["document"] = rng.integers(0, 4, len(table))
        of_sessions = (table["session"] >= 0) & (rng.random(len(table)) < 0.7)
        table["prefix"] = np.where(told & of_sessions, table["prompt"] * rng.uniform(0.5, 1.0), table["prefix"])
    policies = tuple(prefix_reader() if rng.random() < 0.3 else policy for policy in world.policies)
    return replace(case, world=replace(world, offers=offers, policies=policies), blocks=tables)
