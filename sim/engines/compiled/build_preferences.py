"""The memory of what classes prefer, at time 0."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.engines.compiled.wish import Wish
from sim.engines.ranks import SORTS
from sim.engines.record import table
from sim.engines.wanted import decides, goes_it_alone, models_together, queue_of_models, standings, wishes_of
from sim.engines.world import World
from sim.scenario import Preferences
from sim.scenario.preference_settings import PERCENTILES, LatencyLimits, MaxPrice, ThroughputLimits


def new_wishes(world: World) -> dict[str, Any]:
    """Arrays of a `sim.engines.compiled.state.Routing` for what classes prefer; equal ones share a row."""
    different, _ = wishes_of(world)
    rows = np.zeros(max(1, len(different)), Wish.dtype())
    for row, wanted in zip(rows, different, strict=False):
        for name, value in _wish_fields(wanted).items():
            row[name] = value
    shape = (len(world.routers), len(world.offers), 3) if rows["quartiles"].any() else (1, 1, 3)
    return {
        "wishes": table(rows, Wish),
        "standings": np.stack([standings(wanted, world.offers) for wanted in different or [Preferences()]]),
        "quartiles": np.full(shape, -1.0),
    }


def new_models(world: World) -> dict[str, Any]:
    """Arrays of it for the models that a class's requests go to, in turn or as their offers are sorted together."""
    together = models_together(world)
    in_turn = world.class_fallbacks or ((),) * len(world.classes)
    return {
        "fallbacks": _padded([() if models else others for models, others in zip(together, in_turn, strict=True)]),
        "together": _padded(together if any(together) else [()]),
        "queue_of": np.array(queue_of_models(world), np.int64),
    }


def _padded(lists: Sequence[tuple[int, ...]]) -> np.ndarray:
    table = np.full((len(lists), max([1, *map(len, lists)])), -1, np.int32)
    for row, models in zip(table, lists, strict=True):
        row[: len(models)] = models
    return table


def keyed_offers(world: World) -> np.ndarray:
    """Whether any class has keys of its own at each offer, bool."""
    keyed = np.zeros(len(world.offers), bool)
    for wanted in wishes_of(world)[0]:
        keyed |= standings(wanted, world.offers) & 1 == 1
    return keyed


def _wish_fields(wanted: Preferences) -> dict[str, Any]:
    price = wanted.max_price or MaxPrice()
    late = wanted.preferred_max_latency or LatencyLimits()
    quick = wanted.preferred_min_throughput or ThroughputLimits()
    limits = [getattr(part, name) for part in (late, quick) for name in PERCENTILES]
    return {
        "max_prompt": _or_inf(price.prompt), "max_completion": _or_inf(price.completion),
        "max_request": _or_inf(price.request),
        **{f"ttft_{name}": _or_inf(getattr(late, name)) for name in PERCENTILES},
        **{f"throughput_{name}": getattr(quick, name) or 0.0 for name in PERCENTILES},
        "sort": SORTS.index(wanted.sorts_by),
        "places": 1 + len(wanted.order or ()),
        "together": wanted.sorts_together,
        "ordered": bool(wanted.order),
        "decides": decides(wanted),
        "alone": goes_it_alone(wanted),
        "keyed": bool(wanted.own_keys),
        "shared": wanted.shared_capacity is not False,
        "percentiles": any(limit is not None for limit in limits),
        "quartiles": late.p75 is not None or quick.p75 is not None,
    }


def _or_inf(value: float | None) -> float:
    return np.inf if value is None else value

