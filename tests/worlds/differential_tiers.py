"""Service tiers, pools and weights of random markets: drawn by themselves, so that the others stay as they are."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sim.engines.world import OfferSpec, World
from sim.scenario import Router, SlowStart
from worlds.small import Change


@dataclass(frozen=True)
class Case:
    """A market, its requests in blocks, and what the calendar does to it until ``end_s``."""

    world: World
    blocks: list[np.ndarray]
    changes: list[Change]
    end_s: float


class Shares(NamedTuple):
    """How much of a market has what."""

    pools: float
    tiers: float
    weights: float


def with_tiers(seed: int, case: Case) -> Case:
    """Return a random market, some of them with offers that share replicas, service tiers, and weights of offers."""
    rng = np.random.default_rng([seed, 14, 7])
    some = Shares(*np.where(rng.random(3) < [0.4, 0.4, 0.4], rng.uniform(0.2, 0.9, 3), 0.0).tolist())
    world = case.world
    offers = tuple(_offer(rng, world, row, some) for row in range(len(world.offers)))
    tiers = tuple(_tier(rng, some) for _ in world.classes)
    routers = {name: _router(rng, router, offers, some) for name, router in world.scenario.routers.items()}
    scenario = world.scenario.model_copy(update={"routers": routers})
    changes = [change for change in case.changes
               if not (offers[change.offer].pool and change.kind in ("up", "slow", "size"))]
    return replace(case, world=replace(world, offers=offers, class_tier=tiers, scenario=scenario), changes=changes)


def _tier(rng: np.random.Generator, some: Shares) -> int:
    tier = int(rng.integers(0, 4))
    return tier if rng.random() < some.tiers else 0


def _offer(rng: np.random.Generator, world: World, row: int, some: Shares) -> OfferSpec:
    """An offer with a tier, maybe; maybe with the replicas of the first one of its model."""
    tier, shares = _tier(rng, some), rng.random() < some.pools
    spec = world.offers[row]
    host = next(offer for offer in world.offers if offer.model == spec.model)
    spec = replace(spec, tier=tier)
    if not shares or host.name == spec.name:
        return spec
    return replace(
        spec, provider=host.provider, pool=host.name, replicas=0, balancer=host.balancer, max_batch=host.max_batch,
        max_step_tokens=host.max_step_tokens, kv_capacity_tokens=host.kv_capacity_tokens,
        seq_overhead_tokens=host.seq_overhead_tokens, step=host.step)


def _router(rng: np.random.Generator, router: Router, offers: tuple[OfferSpec, ...], some: Shares) -> Router:
    """A router with weights and slow start, maybe."""
    drawn = rng.choice([0.0, 0.5, 1.0, 3.0], len(offers)).tolist()
    weighs = rng.random(len(offers)) < some.weights
    grows = rng.random() < some.weights
    names = [f"{spec.provider}/{spec.name}" if number % 3 else spec.provider for number, spec in enumerate(offers)]
    weights = {name: weight for name, weight, given in zip(names, drawn, weighs.tolist(), strict=True) if given}
    slow = SlowStart(window_s=float(rng.choice([0.5, 5.0, 60.0])), aggression=float(rng.choice([0.3, 1.0, 2.5])),
                     min_share=float(rng.choice([0.001, 0.1, 0.7])))
    return router.model_copy(update={"weights": weights, "slow_start": slow if grows else router.slow_start})
