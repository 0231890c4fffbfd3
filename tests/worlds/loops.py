"""Closed loops for the random markets: a third of them have some, whose settings are drawn from streams of their own.

So all else in a market is as it would be without them.
"""

from typing import Any

import numpy as np

from sim.engines.world import World
from sim.scenario import Closed
from worlds.small import Client

SHARE = 1 / 3  # of markets
USERS = 12  # at most, in a class with closed arrivals: their loops go on until demand ends


def _dice(seed: int, *place: int) -> np.random.Generator:
    return np.random.default_rng([14, seed, *place])


def has_loops(seed: int) -> bool:
    """Whether the market of a seed has closed loops."""
    return bool(_dice(seed).random() < SHARE)


def closed(seed: int, place: int, client: Client) -> Client:
    """A class of a market, with closed loops if the market has them and chance will."""
    rng = _dice(seed, place)
    if not has_loops(seed) or rng.random() < 0.3:
        return client
    demand: dict[str, Any] = {
        "prompt_tokens": _lengths(rng, 80.0, 600), "output_tokens": _lengths(rng, 40.0, 400),
        "patience_s": float(rng.uniform(1.0, 8.0)) if rng.random() < 0.4 else None,
    }
    users = rng.random() < 0.5
    if users:
        demand["arrivals"] = {"kind": "closed", "users": int(rng.integers(1, USERS + 1)), "pause": _pause(rng),
                              "think_s": float(rng.integers(1, 20)) / 4 if rng.random() < 0.9 else 0.0}
    if not users or rng.random() < 0.4:
        demand["sessions"] = {"mean_turns": float(rng.uniform(1.0, 5.0)), "max_turns": int(rng.integers(1, 8)),
                              "think_s": float(rng.integers(1, 20)) / 4, "pause": _pause(rng)}
    return client._replace(demand=demand)


def _pause(rng: np.random.Generator) -> str:
    return str(rng.choice(["constant", "exponential"]))  # constant ones of coarse markets make ties


def _lengths(rng: np.random.Generator, mean: float, most: int) -> dict[str, Any]:
    kind = str(rng.choice(["lognormal", "constant", "exponential", "quantiles"]))
    limits = {"minimum": int(rng.integers(1, 5)), "maximum": int(rng.integers(most // 2, most + 1))}
    if kind == "quantiles":
        values = sorted(rng.uniform(1.0, 3.0 * mean, 3).tolist())
        return {"kind": kind, "probabilities": [0.0, float(rng.uniform(0.1, 0.9)), 1.0], "values": values, **limits}
    return {"kind": kind, "mean": float(rng.uniform(1.0, 2.0 * mean)), "cv": float(rng.uniform(0.0, 2.0)), **limits}


def first_turns(seed: int, world: World, table: np.ndarray) -> None:
    """Make requests of classes with closed loops their first turns: of users the first few, else about half."""
    rng = _dice(seed, 99)
    if world.loops is None:
        return
    for number, name in enumerate(world.class_names):
        spec = world.scenario.demand[name]
        own = np.flatnonzero(table["client_class"] == number)
        if isinstance(spec.arrivals, Closed):
            table["turn"][own[: spec.arrivals.users]] = 1
        elif spec.sessions is not None:
            table["turn"][own[rng.random(len(own)) < 0.5]] = 1
