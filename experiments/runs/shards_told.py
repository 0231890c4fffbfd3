"""What the manifest of a study says of shards: what one thread must serve alone bounds what threads can gain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.runs.kinds import kind_named

if TYPE_CHECKING:
    from experiments.studies.study import Design
    from sim.engines.world import World


def shards_told(design: Design, base: World | None = None) -> dict[str, Any]:
    """Return how many shards a study's world has, and how large the largest is, in models and in offers.

    It is the world of the first point that is allowed. Nothing of a design that has none, or that the reference engine
    runs, which is not divided.

    Parameters
    ----------
    design
        What was run.
    base
        The world of the design's base, if it was assembled already.
    """
    from sim.scenario.load import scenario_of

    kind = kind_named(design.kind)
    first = next((spec.scenario for spec in design.specs if spec.scenario is not None), None)
    if first is None or not kind.is_compiled(scenario := scenario_of(first)):
        return {}
    from sim.engines.compiled.shards import shards_of
    from sim.errors import MarketError

    try:
        world = base if base is not None and scenario == design.base else kind.world(scenario)
    except MarketError:
        return {}  # its runs have failed with this, and say so
    shards = shards_of(world)
    of_model = np.diff(world.model_first)
    offers = [int(of_model[shard].sum()) for shard in shards]
    return {"shards": {"count": len(shards), "largest_models": max(map(len, shards), default=0),
                       "largest_offers": max(offers, default=0)}}
