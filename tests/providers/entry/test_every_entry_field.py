"""Every field of entry and of costing changes what happens, in a market on the fake desk that has both."""

import functools

import numpy as np
import pytest

from sim.scenario.cost_settings import Costing
from sim.scenario.entry_settings import EntrySettings
from worlds.entry_desk import blended, entry_desk
from worlds.fake_desk import model, models_of

MODELS = models_of(*(model(name, "meta", size, day=day)
                     for name, size, day in (("a", 8, -60.0), ("b", 30, -60.0), ("c", 70, 40.0))))
POOL = {"types": 9, "looks_per_month": 9.0, "gpus": ("h200-sxm", "gb200"), "familiar_share": 0.7,
        "max_replicas": 3000, "first_look_day": 30, "regions": ("us-east", "us-west"), "expected_growth_share": 0.5,
        "experience": "cohorts", "experience_prior_months": 1.0}
COSTS = {"basis": "volume", "variable_usd_per_mtok": 0.02, "software_per_year": 1.4, "least_load": 0.3}
CHANGES = {
    "types": 10, "looks_per_month": 20.0, "demand_days": 14, "first_look_day": 31, "gpus": ("h200-sxm", "mi300x"),
    "gpu_price_sd": 0.3, "efficiency_sd": 0.1, "overhead_usd_per_day": 150.0, "overhead_sd": 0.6, "firm_usd": 60_000.0,
    "listing_usd": 4000.0, "hurdle_per_year": 0.5, "ahead_days": 180, "expected_growth_share": 1.0,
    "expected_entry_share": 0.0, "familiar_share": 0.5, "regions": ("us-west",), "fp4_share": 0.9,
    "max_replicas": 3001, "pricing": {"kind": "cost_plus"}, "faults": {"fast_failure_share": 0.1},
    "engine": {"max_batch": 17}, "limits": {"queue": 3}, "experience": "none", "experience_prior_months": 4.0,
    "experience_memory_days": 20.0, "come_after": "next",
}
COST_CHANGES = {"basis": "capacity", "variable_usd_per_mtok": 0.03, "software_per_year": 1.8, "least_load": 0.9}


def tokens(day):
    """Demand that grows, and a small third model."""
    return np.array([8e9, 8e9, 4e8]) * np.exp(0.004 * day)


def told(entry, costing):
    """What a run of 110 days leaves behind."""
    desk = entry_desk(tokens, 2.0, 110, MODELS, entry=entry, costing=costing)
    supply = desk.supply
    return (desk.offers, supply.hosts, supply.entry_values, blended(desk).tolist(), desk.board.replicas.tolist(),
            dict(desk.ledger.balances))


@functools.cache
def as_it_is():
    return told(POOL, COSTS)


def test_the_same_market_gives_the_same_and_has_entrants():
    assert told(POOL, COSTS) == as_it_is()
    assert len(as_it_is()[1]) >= 3


@pytest.mark.parametrize("name", CHANGES)
def test_each_field_of_entry_changes_something(name):
    assert told(POOL | {name: CHANGES[name]}, COSTS) != as_it_is()


@pytest.mark.parametrize("name", COST_CHANGES)
def test_each_field_of_costing_changes_something(name):
    assert told(POOL, COSTS | {name: COST_CHANGES[name]}) != as_it_is()


def test_a_path_of_growth_changes_something(tmp_path):
    path = tmp_path / "path.csv"
    path.write_text("day,tokens\n" + "".join(f"{day},{2.0 ** (day / 100)}\n" for day in range(600)), encoding="utf-8")
    assert told(POOL | {"growth_path": str(path)}, COSTS) != as_it_is()


def test_none_is_left_out():
    assert set(EntrySettings.model_fields) == set(CHANGES) | {"growth_path"}
    assert set(Costing.model_fields) == set(COST_CHANGES)
