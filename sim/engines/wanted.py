"""What preferences come to at the offers of a world, as far as it never changes: both engines look it up."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from sim.engines.ranks import EXCLUDED, standing_of
from sim.engines.service_tiers import ADMITS, FLEX_TIER, PRIORITY_TIER
from sim.engines.world import OfferSpec, World
from sim.scenario import Preferences

# rules by which requests are placed, as sales are counted by them (docs/semantics.md, section 15)
RULES: Final = ("default", "floor", "nitro", "pinned")
RULE_OF_SORT: Final = {"none": "default", "price": "floor", "throughput": "nitro", "latency": "nitro"}
# tiers that a variant adds to those that a class asks for. Source: OpenRouter, model variants: `:floor` and `:nitro`
VARIANT_TIERS: Final = {"floor": 1 << FLEX_TIER, "nitro": 1 << PRIORITY_TIER}


def wishes_of(world: World) -> tuple[list[Preferences], list[int]]:
    """What there is to prefer in a world, each once, and of each class which of it; -1 for nothing.

    A class prefers what it says itself, and for the rest what its router has.
    """
    routers = [router.preferences for router in world.router_settings]
    own = world.class_preferences or (Preferences(),) * len(world.classes)
    known: dict[tuple[int, int], int] = {}  # by identity: thousands of classes may share what one wrote
    different: dict[Preferences, int] = {}
    for one, router in zip(own, world.class_router.tolist(), strict=True):
        if (id(one), router) not in known:
            wanted = one.over(routers[router])
            known[id(one), router] = -1 if says_nothing(wanted) else different.setdefault(wanted, len(different))
    return list(different), [known[pair] for pair in zip(map(id, own), world.class_router.tolist(), strict=True)]


def wishes_by_router(world: World) -> list[set[Preferences]]:
    """What the classes of each router prefer."""
    different, wants = wishes_of(world)
    found: list[set[Preferences]] = [set() for _ in world.routers]
    for router, row in zip(world.class_router.tolist(), wants, strict=True):
        if row >= 0:
            found[router].add(different[row])
    return found


def admitted_tiers(world: World) -> list[int]:
    """Service tiers that each class's requests may be served at, bits (`sim.engines.service_tiers.ADMITS`)."""
    different, wants = wishes_of(world)
    more = [VARIANT_TIERS.get(wanted.variant or "", 0) for wanted in different] + [0]
    return [ADMITS[tier] | more[row] for tier, row in zip(world.asked_tiers, wants, strict=True)]


def rules_of(world: World) -> list[int]:
    """Rule by which the requests of each class are placed unless they are pinned, index into ``RULES``."""
    different, wants = wishes_of(world)
    rules = [RULES.index("pinned" if wanted.order else RULE_OF_SORT[wanted.sorts_by]) for wanted in different]
    return [rules[row] if row >= 0 else 0 for row in wants]


def models_together(world: World) -> list[tuple[int, ...]]:
    """Models of each class, its own first, of which the offers are sorted together; none where models go in turn."""
    different, wants = wishes_of(world)
    together = [wanted.sorts_together for wanted in different] + [False]
    fallbacks = world.class_fallbacks or ((),) * len(world.classes)
    return [(model, *others) if others and together[row] else ()
            for model, others, row in zip(world.class_model.tolist(), fallbacks, wants, strict=True)]


def queue_of_models(world: World) -> list[int]:
    """Queue of each model, in which requests wait for offers to return: one of all that are sorted together."""
    queues = list(range(len(world.models)))
    for models in set(models_together(world)):
        joined = {queues[model] for model in models}
        queues = [min(joined) if queue in joined else queue for queue in queues]
    return queues


def says_nothing(wanted: Preferences) -> bool:
    """True if a request with these preferences is placed as if it had none."""
    told = wanted.model_dump(exclude={"sort", "partition", "variant", "shared_capacity", "allow_fallbacks"})
    limits = any(isinstance(value, dict) and any(limit is not None for limit in value.values())
                 for value in told.values())
    names = any(bool(value) for value in told.values() if not isinstance(value, dict))
    return not limits and not names and wanted.sorts_by == "none" and wanted.allow_fallbacks is not False


def goes_it_alone(wanted: Preferences) -> bool:
    """True if no offer but the one that is chosen first may be tried."""
    return wanted.allow_fallbacks is False and not wanted.order and not wanted.only


def decides(wanted: Preferences) -> bool:
    """True if requests are outside the policy's own draw: it is not asked where only one offer is left."""
    return bool(wanted.order or wanted.own_keys) or wanted.sorts_by != "none"


def standings(wanted: Preferences, offers: Sequence[OfferSpec]) -> np.ndarray:
    """Standing of each offer (`sim.engines.ranks.standing_of`), or ``EXCLUDED``; int32."""
    return np.array([_standing(wanted, offer) for offer in offers], np.int32)


def _standing(wanted: Preferences, offer: OfferSpec) -> int:
    order = wanted.order or ()
    place = next((at for at, name in enumerate(order) if _names(name, offer)), len(order))
    left_out = (
        (wanted.only and not any(_names(name, offer) for name in wanted.only))
        or any(_names(name, offer) for name in wanted.ignore or ())
        or (wanted.quantizations and offer.quantization not in wanted.quantizations)
        or (order and place == len(order) and wanted.allow_fallbacks is False)
    )
    if left_out:
        return EXCLUDED
    return int(standing_of(place, int(any(_names(name, offer) for name in wanted.own_keys or ()))))


def _names(name: str, offer: OfferSpec) -> bool:
    """True if a name is that of the offer, or of its provider."""
    return name in (offer.provider, f"{offer.provider}/{offer.name}")
