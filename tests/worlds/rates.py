"""Rate limits and priorities for random markets: about a third of them have each."""

from dataclasses import replace
from typing import Any

import numpy as np

from sim.engines.world import OfferSpec, World
from sim.scenario import RateLimits


def with_rates(world: World, table: np.ndarray, seed: int) -> World:
    """Return a random market with other kinds of limits; priorities are written into its requests.

    Its draws are its own, so that the market of a seed is the same for whoever adds something before or after.
    """
    rng = np.random.default_rng([seed, 20261128])
    if rng.random() < 0.4:
        world = replace(world, offers=tuple(_limited(rng, spec) for spec in world.offers))
    if rng.random() < 0.3:
        world = replace(world, scenario=_with_own_limits(rng, world))
    if rng.random() < 0.4:
        classes = rng.choice([-100, -1, 0, 0, 0, 1, 5, 100], len(world.classes))
        each = rng.random() < 0.5  # now and then requests of a class differ, as a feed may have them
        table["priority"] = rng.integers(-2, 3, len(table)) if each else classes[table["client_class"]]
    return world


def _limited(rng: np.random.Generator, spec: OfferSpec) -> OfferSpec:
    changes: dict[str, Any] = {"by_minute": bool(rng.random() < 0.4), "per_customer": bool(rng.random() < 0.4)}
    if rng.random() < 0.3:
        changes["requests_per_min"] = int(rng.integers(1, 30))
    if rng.random() < 0.3:
        changes["tokens_per_min"] = int(rng.integers(60, 4000))  # less than some requests weigh
    if rng.random() < 0.2:
        changes["requests_per_day"] = int(rng.integers(1, 120))
    if rng.random() < 0.2:
        changes["tokens_per_day"] = int(rng.integers(100, 20_000))
    return replace(spec, **changes)


def _with_own_limits(rng: np.random.Generator, world: World) -> Any:
    routers = {name: router.model_copy(update={"limits": _own(rng)}) for name, router in world.scenario.routers.items()}
    return world.scenario.model_copy(update={"routers": routers})


def _own(rng: np.random.Generator) -> RateLimits:
    ranges = {"requests_per_min": (2, 40), "tokens_per_min": (200, 6000), "requests_per_day": (5, 150),
              "tokens_per_day": (1000, 30_000)}
    limits = {name: int(rng.integers(*ends)) for name, ends in ranges.items() if rng.random() < 0.4}
    return RateLimits(refill="minute" if rng.random() < 0.4 else "bucket", **limits)
