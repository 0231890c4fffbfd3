"""A manifest says how large the largest shard is."""

from collections import Counter

import pytest

from experiments.designs import parse_grid
from experiments.runs.run_traffic import assemble
from experiments.runs.shards_told import shards_told
from experiments.scenarios import load_traffic
from experiments.studies.sweep.design import Sweep, planned


def sweep(*grid, changes=()):
    scenario = load_traffic("tournament", list(changes))
    return Sweep(scenario, planned("grid", tuple(map(parse_grid, grid)), scenario, 0, 1), replications=1)


def test_every_model_is_a_shard():
    design = sweep("traffic.load=0.5,1")
    world = assemble(design.scenario)
    most = max(Counter(offer.model for offer in world.offers).values())
    assert shards_told(design) == {
        "shards": {"count": len(world.models), "largest_models": 1, "largest_offers": most}}


def test_shards_that_are_joined_are_told(monkeypatch):
    monkeypatch.setattr("sim.engines.compiled.shards.shards_of", lambda world: [list(range(len(world.models)))])
    design = sweep("traffic.load=1")
    world = assemble(design.scenario)
    assert shards_told(design)["shards"] == {
        "count": 1, "largest_models": len(world.models), "largest_offers": len(world.offers)}


@pytest.mark.parametrize("grid", ["traffic.engine=reference", "traffic.warmup_s=1e7"])
def test_of_a_world_that_is_not_divided_or_not_allowed_nothing_is_told(grid):
    assert shards_told(sweep(grid)) == {}
