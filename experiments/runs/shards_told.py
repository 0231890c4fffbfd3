"""What the manifest of a study says of shards: what one thread must serve alone bounds what threads can gain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from experiments.runs.kinds import kind_named

if TYPE_CHECKING:
    from experiments.studies.study import Design


def shards_told(design: Design) -> dict[str, Any]:
    """Return how many shards a study's world has, and how large the largest is, in models and in offers.

    It is the world of the first point that is allowed. Nothing of a design that has none, or that the reference engine
    runs, which is not divided.
    """
    from experiments.studies.study import specs_of_design
    from sim.scenario.load import scenario_of

    kind = kind_named(design.kind)
    first = next((spec.scenario for spec in specs_of_design(design) if spec.scenario is not None), None)
    if first is None or not kind.is_compiled(scenario := scenario_of(first)):
        return {}
    from sim.engines.compiled.shards import shards_of
    from sim.errors import MarketError

    try:
        world = kind.world(scenario)
    except MarketError:
        return {}  # its runs have failed with this, and say so
    shards = shards_of(world)
    offers = [sum(offer.model in {world.models[model] for model in shard} for offer in world.offers)
              for shard in shards]
    return {"shards": {"count": len(shards), "largest_models": max(map(len, shards), default=0),
                       "largest_offers": max(offers, default=0)}}
