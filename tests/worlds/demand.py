"""Build a world with given demand and hardly any supply, for tests of the feed."""

from typing import Any

import numpy as np

from sim.demand.classes import expanded_classes
from sim.demand.feed import BLOCK_ROWS, DemandFeed
from sim.engines.requests import REQUEST
from sim.engines.world import World
from sim.scenario import TrafficScenario
from sim.streams import Streams


def demand_world(demand: dict[str, Any], duration_s: float = 100.0, load: float = 1.0, **world: Any) -> World:
    """A market of one offer with the given demand; ``delay_s`` is every customer's way to the router."""
    offer = {"model": "m", "serving": {"kind": "affine", "base_s": 1.0},
             "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}}
    scenario = TrafficScenario.model_validate({
        "name": "demand", "traffic": {"duration_s": duration_s, "load": load},
        "demand": {name: {"model": "m", **spec} for name, spec in demand.items()},
        "providers": {"p": {"offers": {"o": offer}}},
    })
    expanded = expanded_classes(scenario)
    n = len(expanded)
    return World(
        scenario=scenario, offers=(), models=("m",), routers=("main",), router_names=("main",), policies=(),
        seed=7, replication=0,
        classes=tuple(c.name for c in expanded), class_names=tuple(c.class_name for c in expanded),
        class_model=np.zeros(n, np.int32), class_router=np.zeros(n, np.int32),
        class_delay_s=np.full(n, world.get("delay_s", 0.0)), class_slo_ttft_s=np.ones(n),
        class_slo_tpot_s=np.ones(n), class_stay_s=np.full(n, np.inf), model_first=np.array([0, 0]),
        delay_s=np.zeros((1, 0)),
    )


def blocks(world: World, seed: int = 7, block_rows: int = BLOCK_ROWS) -> list[np.ndarray]:
    """All blocks of a world's feed."""
    return list(DemandFeed(world, Streams(seed, 0), block_rows))


def requests(world: World, seed: int = 7, block_rows: int = BLOCK_ROWS) -> np.ndarray:
    """All requests of a world's feed."""
    return np.concatenate([np.empty(0, REQUEST), *blocks(world, seed, block_rows)])
