"""What a firm says of its engines, limits and faults reaches its offers: every field of them."""

import pytest
from pydantic import ValidationError

from providers.around import Around
from providers.firms.supply_side import build_supply
from sim.scenario.firm_settings import Adoption, Firm, PoolSettings, SupplySettings
from sim.scenario.provider_settings import Engine, Faults, Limits
from sim.streams import Streams
from worlds.fake_desk import model, models_of

MODELS = models_of(model("mid", "meta", 70))
ENGINES = {
    "max_batch": {"max_batch": 17}, "max_step_tokens": {"max_step_tokens": 777}, "prefix_cache": {"prefix_cache": True},
    "block_tokens": {"prefix_cache": True, "block_tokens": 64}, "dialect": {"dialect": "sglang"},
    "reserve": {"reserve": "whole"}, "preempt": {"preempt": "shortest"}, "prefill": {"prefill": "first"},
    "host_cache": {"prefix_cache": True, "host_cache": {"tokens": 9000}},
    "first_share": {"reserve": "share", "first_share": 0.4}, "repeats": {"repeats": "found"},
}
LIMITS = {
    "requests_per_min": {"requests_per_min": 7}, "tokens_per_min": {"tokens_per_min": 70_000},
    "requests_per_day": {"requests_per_day": 900}, "tokens_per_day": {"tokens_per_day": 900_000},
    "refill": {"requests_per_min": 7, "refill": "minute"}, "per": {"requests_per_min": 7, "per": "customer"},
    "queue": {"queue": 0}, "context_tokens": {"context_tokens": 1234},
}
FAULTS = {  # outages and slowdowns are the calendar's (tests/sim/market)
    "fast_failure_share": {"fast_failure_share": 0.1}, "fast_failure_s": {"fast_failure_s": 0.7},
    "midstream_share": {"midstream_share": 0.1},
}


def spec(**fields):
    firm = Firm(pools=(PoolSettings(gpu="h200-sxm", count=16),), pricing={"kind": "constant"},
                adoption=Adoption(probability=1), **fields)
    return build_supply(SupplySettings(firms={"host": firm}), MODELS, Streams(7, 0), Around(10)).offers[0]


def without(changes, name):
    return {key: value for key, value in changes.items() if key != name}


@pytest.mark.parametrize(("table", "kind", "name", "changes"), [
    (table, kind, name, changes) for table, kind, fields in (
        ("engine", Engine, ENGINES), ("limits", Limits, LIMITS), ("faults", Faults, FAULTS))
    for name, changes in fields.items()])
def test_each_changes_an_offer(table, kind, name, changes):
    assert spec(**{table: kind(**changes)}) != spec(**{table: kind(**without(changes, name))})


def test_none_is_left_out():
    assert set(Engine.model_fields) == set(ENGINES) | {"split"}  # which a firm may not have
    assert set(Limits.model_fields) == set(LIMITS)


def test_what_a_bill_calls_cached_is_found_only_where_no_cache_finds_it():
    with pytest.raises(ValidationError, match=r"repeats is 'found', but with prefix_cache = true .* is 'computed'"):
        Engine(prefix_cache=True, repeats="found")
    assert [Engine(**how).saves_prefixes for how in ({}, {"prefix_cache": True}, {"repeats": "found"})] == [
        False, True, True]
