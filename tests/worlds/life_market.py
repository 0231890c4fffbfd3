"""A market of traffic that has all of a request's life: retries, limits, sessions, tiers, splits, preferences."""

from typing import Final

MARKET: Final = """
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
