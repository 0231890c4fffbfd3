"""Each field of a request's life changes something: in a market that has them all, another value gives other bytes."""

import hashlib
import tomllib
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from experiments.runs.run_traffic import run_traffic
from sim.engines.outcome import TrafficOutcome
from sim.scenario import TrafficScenario
from worlds.life_market import MARKET

ROUTER, OFFER, PICKY = "routers.main", "providers.slow.offers.toy", "demand.picky.preferences"
TIGHT = "providers.narrow.offers.toy-tight.engine"
SPLIT = "providers.apart.offers.wide.engine.split"
CHANGES: dict[str, Any] = {
    f"{ROUTER}.client_side": True,
    f"{ROUTER}.cooldown.rule": "consecutive", f"{ROUTER}.cooldown.seconds": 4.0,
    f"{ROUTER}.cooldown.failure_share": 0.1, f"{ROUTER}.cooldown.least_requests": 1,
    f"{ROUTER}.cooldown.lone_requests": 5, f"{ROUTER}.cooldown.window_s": 2.0,
    f"{ROUTER}.billing.broken_stream": "nobody", f"{ROUTER}.billing.customer_left": "provider",
    f"{ROUTER}.attempts.hedge_s": 1.5, f"{ROUTER}.attempts.budget_s": 2.0,
    f"{ROUTER}.limits.requests_per_min": 300, f"{ROUTER}.limits.tokens_per_min": 100_000,
    f"{ROUTER}.limits.requests_per_day": 700, f"{ROUTER}.limits.tokens_per_day": 250_000,
    f"{ROUTER}.limits.refill": "minute",
    f"{ROUTER}.weights.slow": 2.0, f"{ROUTER}.slow_start.window_s": 10.0, f"{ROUTER}.slow_start.aggression": 1.0,
    f"{ROUTER}.slow_start.min_share": 0.1,
    "demand.hasty.service_tier": "default", "providers.fast.offers.toy:priority.service_tier": "default",
    f"{OFFER}.limits.requests_per_min": 100, f"{OFFER}.limits.tokens_per_min": 40_000,
    f"{OFFER}.limits.requests_per_day": 200, f"{OFFER}.limits.tokens_per_day": 60_000,
    f"{OFFER}.limits.refill": "minute", f"{OFFER}.limits.per": "customer",
    "demand.chat.max_tokens": 100, "demand.chat.stay_s": 6.0, "demand.chat.priority": -1,
    "demand.chat.fallback_models": [],
    f"{ROUTER}.preferences.order": ["fast"], f"{ROUTER}.own_key_fee_share": 0.03,
    f"{ROUTER}.affinity.rule": "openrouter", f"{ROUTER}.affinity.ttl_s": 1.0, f"{ROUTER}.affinity.begins": "hit",
    f"{ROUTER}.policy.sticky": "session_id",
    f"{PICKY}.order": ["slow", "fast"], f"{PICKY}.only": ["slow"], f"{PICKY}.ignore": ["slow/toy"],
    f"{PICKY}.allow_fallbacks": False, f"{PICKY}.quantizations": ["fp8"], f"{PICKY}.max_price": {"prompt": 0.1},
    f"{PICKY}.sort": "latency", f"{PICKY}.variant": "nitro", f"{PICKY}.own_keys": ["fast"],
    f"{PICKY}.shared_capacity": False, f"{PICKY}.preferred_max_latency": {"p75": 0.1},
    f"{PICKY}.preferred_min_throughput": {"p90": 60.0},
    "demand.users.arrivals.users": 13, "demand.users.arrivals.think_s": 2.0, "demand.users.arrivals.pause": "constant",
    "demand.users.sessions.mean_turns": 2.0, "demand.users.sessions.think_s": 1.0,
    "demand.users.sessions.pause": "constant", "demand.users.sessions.max_turns": 2,
    f"{OFFER}.price.input_usd_per_mtok": 2.0, f"{OFFER}.price.output_usd_per_mtok": 0.301,
    f"{OFFER}.price.cached_usd_per_mtok": 0.06, f"{OFFER}.price.cache_write_usd_per_mtok": 0.2,
    f"{OFFER}.price.request_usd": 0.000003, f"{OFFER}.price.discount": 0.2, f"{OFFER}.price.tiers": [],
    f"{OFFER}.price.later": [],
    f"{OFFER}.engine.prefix_cache": False, f"{OFFER}.engine.block_tokens": 32,
    f"{TIGHT}.dialect": "sglang", f"{TIGHT}.reserve": "whole", f"{TIGHT}.first_share": 0.9,
    f"{TIGHT}.preempt": "shortest", f"{TIGHT}.prefill": "first",
    "demand.users.shared_prefix.tokens": 60, "demand.users.shared_prefix.documents": 2,
    "demand.users.shared_prefix.zipf_exponent": 0.0,
    f"{SPLIT}.prefill": 3, f"{SPLIT}.latency_s": 0.1, f"{SPLIT}.token_bytes": 200_000.0,
    f"{SPLIT}.link_gb_per_s": 2.0, SPLIT: None,
    f"{OFFER}.serving.per_sequence_s": 0.001, f"{OFFER}.serving.request_s": 0.3,
}


def outcome(path: str = "", value: Any = None) -> TrafficOutcome:
    """What the market gives with one field changed."""
    settings = tomllib.loads(MARKET)
    if path:
        *way, last = path.split(".")
        part = settings
        for name in way:
            part = part[name]
        part[last] = value
    return run_traffic(TrafficScenario.model_validate(settings))


def digest(result: TrafficOutcome) -> str:
    """Of all that a run counted."""
    told = hashlib.sha256()
    for field in fields(result):
        array = getattr(result, field.name)
        if isinstance(array, np.ndarray):
            told.update(array.tobytes())
    return told.hexdigest()


@pytest.fixture(scope="module")
def as_it_is() -> str:
    return digest(outcome())


def test_the_same_market_gives_the_same_bytes(as_it_is: str) -> None:
    assert digest(outcome()) == as_it_is


@pytest.mark.parametrize("path", CHANGES)
def test_another_value_gives_other_bytes(path: str, as_it_is: str) -> None:
    assert digest(outcome(path, CHANGES[path])) != as_it_is
