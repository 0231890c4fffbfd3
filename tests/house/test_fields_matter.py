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

MARKET = """
name = "life"
[traffic]
duration_s = 150.0
sample_share = 1.0
[routers.main]
policy = { kind = "openrouter_classic" }
weights = { slow = 3.0, "fast/toy" = 1.5 }
slow_start = { window_s = 30.0, aggression = 1.5, min_share = 0.3 }
cooldown = { rule = "litellm", seconds = 2.0, least_requests = 3, lone_requests = 40, window_s = 20.0 }
billing = { broken_stream = "provider", customer_left = "customer" }
attempts = { maximum = 4, hedge_s = 0.5, budget_s = 20.0, retry_tried = true }
limits = { requests_per_min = 500, tokens_per_min = 200000, requests_per_day = 1400, tokens_per_day = 600000 }
affinity = { ttl_s = 20.0 }
own_key_fee_share = 0.02
preferences = { allow_fallbacks = true }
[demand.chat]
model = "toy"
arrivals = { kind = "poisson", rate_per_s = 8.0 }
prompt_tokens = { kind = "lognormal", mean = 300, cv = 1.0, maximum = 4000 }
output_tokens = { kind = "lognormal", mean = 60, cv = 0.8, maximum = 600 }
max_tokens = 150
stay_s = 3.0
priority = 1
fallback_models = ["other"]
[demand.users]
model = "toy"
arrivals = { kind = "closed", users = 12, think_s = 1.0 }
sessions = { mean_turns = 3.0, think_s = 0.5, max_turns = 6 }
prompt_tokens = { kind = "exponential", mean = 200 }
output_tokens = { kind = "exponential", mean = 50 }
shared_prefix = { tokens = 100, documents = 3 }
[demand.hasty]
model = "toy"
service_tier = "priority"
arrivals = { kind = "poisson", rate_per_s = 1.0 }
[demand.picky]
model = "toy"
arrivals = { kind = "poisson", rate_per_s = 1.5 }
prompt_tokens = { kind = "exponential", mean = 200 }
output_tokens = { kind = "exponential", mean = 50 }
preferences = { own_keys = ["slow"] }
[demand.jobs]
model = "other"
arrivals = { kind = "poisson", rate_per_s = 1.0 }
[demand.crowd]
model = "toy-tight"
arrivals = { kind = "poisson", rate_per_s = 3.0 }
prompt_tokens = { kind = "exponential", mean = 100 }
output_tokens = { kind = "exponential", mean = 60 }
max_tokens = 150
[providers.narrow.offers.toy-tight]
model = "toy-tight"
serving = { kind = "affine", base_s = 0.02, per_token_s = 0.0001, kv_tokens = 800 }
engine = { max_batch = 16, max_step_tokens = 256, reserve = "share", first_share = 0.2 }
price = { input_usd_per_mtok = 0.1, output_usd_per_mtok = 0.1 }
[providers.slow.offers.toy]
model = "toy"
serving = { kind = "affine", base_s = 0.02, per_token_s = 0.0001 }
engine = { max_batch = 4, max_step_tokens = 512, prefix_cache = true }
limits = { requests_per_min = 200, tokens_per_min = 90000, requests_per_day = 500, tokens_per_day = 220000 }
[providers.slow.offers.toy.price]
input_usd_per_mtok = 0.1
output_usd_per_mtok = 0.3
cached_usd_per_mtok = 0.05
cache_write_usd_per_mtok = 0.15
request_usd = 0.000002
discount = 0.1
tiers = [{ above_tokens = 400, input_usd_per_mtok = 0.2, output_usd_per_mtok = 0.5 }]
later = [{ from_s = 20.0, input_usd_per_mtok = 0.12, output_usd_per_mtok = 0.4 }]
[providers.slow.faults]
fast_failure_share = 0.2
midstream_share = 0.05
[providers.fast.offers.toy]
model = "toy"
serving = { kind = "affine", base_s = 0.008, per_token_s = 0.00004 }
price = { input_usd_per_mtok = 0.3, output_usd_per_mtok = 0.9 }
[providers.fast.offers."toy:priority"]
model = "toy"
pool = "toy"
service_tier = "priority"
price = { input_usd_per_mtok = 0.6, output_usd_per_mtok = 1.8 }
[providers.fast.faults]
fast_failure_share = 0.3
[providers.lone.offers.other]
model = "other"
serving = { kind = "affine", base_s = 0.01 }
price = { input_usd_per_mtok = 0.1, output_usd_per_mtok = 0.1 }
[demand.far]
model = "wide"
arrivals = { kind = "poisson", rate_per_s = 4.0 }
prompt_tokens = { kind = "exponential", mean = 300 }
output_tokens = { kind = "exponential", mean = 60 }
[providers.apart.offers.wide]
model = "wide"
replicas = 4
serving = { kind = "affine", base_s = 0.02, per_token_s = 0.0001 }
price = { input_usd_per_mtok = 0.1, output_usd_per_mtok = 0.1 }
[providers.apart.offers.wide.engine]
max_batch = 8
max_step_tokens = 512
split = { prefill = 2, latency_s = 0.01, token_bytes = 100000, link_gb_per_s = 1.0 }
[providers.lone.faults]
fast_failure_share = 0.95
"""
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
