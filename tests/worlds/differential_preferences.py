"""Preferences of random markets: drawn by themselves, so that all else in a market is as it would be without them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sim.engines.world import OfferSpec, World
from worlds.small import Client

QUANTIZATIONS = ("unknown", "fp8", "bf16")


def _dice(seed: int, *place: int) -> np.random.Generator:
    return np.random.default_rng([seed, 15, *place])


def with_quantizations(seed: int, offers: Sequence[OfferSpec]) -> list[OfferSpec]:
    """Return a market's offers, each with some quantization."""
    rng = _dice(seed, 0)
    return [replace(offer, quantization=str(rng.choice(QUANTIZATIONS))) for offer in offers]


def router_with_preferences(
    seed: int, number: int, router: dict[str, Any], offers: Sequence[OfferSpec]
) -> dict[str, Any]:
    """Return a random router's settings, in a third of the cases with preferences beside those that it has."""
    rng = _dice(seed, 1, number)
    router = {**router, "own_key_fee_share": float(rng.choice([0.0, 0.05]))}
    if "affinity" in router and rng.random() < 0.4:
        router["affinity"] = {**router["affinity"], "rule": "openrouter"}
    if "affinity" in router and _dice(seed, 3, number).random() < 0.4:
        router["affinity"] = {**router["affinity"], "begins": "hit"}
    if rng.random() < 1 / 3:
        router["preferences"] = {**router.get("preferences", {}), **_preferences(rng, offers)}
    return router


def client_with_preferences(seed: int, number: int, client: Client, offers: Sequence[OfferSpec]) -> Client:
    """Return a random class, in a third of the cases with preferences of its own."""
    rng = _dice(seed, 2, number)
    if rng.random() >= 1 / 3:
        return client
    wants = _preferences(rng, offers)
    if rng.random() < 0.3:
        wants["preferred_max_latency"] = _limits(rng, 0.05, 5.0)
    if rng.random() < 0.3:
        wants["preferred_min_throughput"] = _limits(rng, 1.0, 80.0)
    return client._replace(demand={**client.demand, "preferences": wants})


def client_with_partition(seed: int, number: int, client: Client, models: Sequence[str]) -> Client:
    """Return a random class, in a sixth of the cases one of which the offers of several models are sorted together."""
    rng = _dice(seed, 5, number)
    others = [str(model) for model in rng.permutation(list(models)) if model != client.model]
    if rng.random() >= 1 / 6 or not others:
        return client
    wants = {**client.demand.get("preferences", {}), "partition": "none"}
    if wants.get("sort", "none") == "none" and "variant" not in wants:
        wants["sort"] = str(rng.choice(["price", "throughput", "latency"]))
    return client._replace(demand={**client.demand, "preferences": wants}, fallbacks=tuple(others))


def pin_some(seed: int, world: World, table: np.ndarray) -> None:
    """Pin some of the requests of a third of the markets to a provider, whether it sells their model or not."""
    rng = _dice(seed, 4)
    share = rng.choice([0.1, 0.6, 1.0]) if rng.random() < 1 / 3 else 0.0
    pinned = rng.integers(1, 1 + len(world.providers), len(table))
    table["pinned"] = np.where(rng.random(len(table)) < share, pinned, 0)


def _limits(rng: np.random.Generator, least: float, most: float) -> dict[str, float]:
    return {name: float(rng.uniform(least, most)) for name in ("p50", "p75", "p90", "p99") if rng.random() < 0.5}


def _preferences(rng: np.random.Generator, offers: Sequence[OfferSpec]) -> dict[str, Any]:
    wants: dict[str, Any] = {}
    for name, share in (("order", 0.4), ("only", 0.2), ("ignore", 0.2), ("own_keys", 0.4)):
        if rng.random() < share:
            wants[name] = _names(rng, offers)
    if rng.random() < 0.4:
        wants["sort"] = str(rng.choice(["price", "throughput", "latency", "none"]))
    elif rng.random() < 0.2:
        wants["variant"] = str(rng.choice(["floor", "nitro"]))
    for name, share in (("allow_fallbacks", 0.3), ("shared_capacity", 0.3)):
        if rng.random() < share:
            wants[name] = bool(rng.random() < 0.3)
    if rng.random() < 0.2:
        wants["quantizations"] = [str(name) for name in rng.permutation(QUANTIZATIONS)[:rng.integers(1, 3)]]
    if rng.random() < 0.3:
        ranges = {"prompt": (0.5, 3.0), "completion": (2.0, 9.0), "request": (0.0, 1e-4)}
        wants["max_price"] = {name: float(rng.uniform(*ends)) for name, ends in ranges.items() if rng.random() < 0.5}
    return wants


def _names(rng: np.random.Generator, offers: Sequence[OfferSpec]) -> list[str]:
    known = sorted({*(spec.provider for spec in offers), *(f"{spec.provider}/{spec.name}" for spec in offers)})
    return [str(name) for name in rng.permutation(known)[:rng.integers(0, 5)]]
