"""Lively worlds in which fields of scenarios are switched on, for `tests/house/all_fields.py`.

A world is a base and tables that are merged into it. `WORLDS` says in which ones a field is tried, by the beginning of
its path; bases without additions come last.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from sim.scenario import MarketScenario, Scenario, TrafficScenario
from worlds.life_market import MARKET
from worlds.newcomer_worlds import newcomer_worlds
from worlds.places import ROOT
from worlds.small_markets import HOST, MODELS, SMALL, full, merged, small

FOLDER: Final = Path(mkdtemp(prefix="fields"))  # for files that fields name
TIGHT = {
    "faults": {"outage_mtbf_s": 8000.0, "outage_mttr_s": 200.0, "slowdown_mtbf_s": 5000.0, "slowdown_mttr_s": 900.0,
               "slowdown_factor": 4.0, "fast_failure_share": 0.1, "fast_failure_s": 0.2, "midstream_share": 0.05},
    "engine": {"max_batch": 3, "max_step_tokens": 512, "prefix_cache": True},
    "limits": {"queue": 4, "requests_per_min": 60, "tokens_per_min": 900_000},
}
DAYS = {"requests_per_day": 900, "tokens_per_day": 9_000_000}
PREFIX = {"tokens": 1000, "documents": 3}
ROUTER = {
    "attempts": {"maximum": 4, "budget_s": 20.0, "retry_tried": True, "hedge_s": 0.5},
    "cooldown": {"rule": "litellm", "seconds": 2.0, "least_requests": 3, "window_s": 20.0, "lone_requests": 4},
    "affinity": {"ttl_s": 60.0}, "weights": {"boreal": 3.0},
    "slow_start": {"window_s": 30.0, "aggression": 1.5, "min_share": 0.3},
    "limits": {"requests_per_min": 2, "tokens_per_min": 9000} | DAYS,
    "billing": {"broken_stream": "provider", "customer_left": "customer"}, "preferences": {"allow_fallbacks": True},
}
RETRIES = {"attempts": {"maximum": 4, "backoff_s": 0.5, "backoff_cap_s": 0.8, "jitter": 0.2, "retry_tried": True,
                        "first_token_timeout_s": 2.0, "total_timeout_s": 30.0}}
HEALTH = {"cooldown": {"rule": "consecutive", "seconds": 2.0, "after": 2},
          "breaker": {"failures": 2, "open_s": 3.0, "successes": 2}, "attempts": {"maximum": 2}}
LONELY = {"cooldown": {"rule": "litellm", "seconds": 3.0, "lone_requests": 4}, "attempts": {"maximum": 1}}
ADJUSTED = {"policy": {"kind": "openrouter_adjusted"}, "telemetry": {"many_refused": 0.05}}
SKETCH = {"policy": {"kind": "openrouter_sketch"}, "telemetry": {"many_refused": 0.2, "few_refused": 0.15}}
LLMGATEWAY = {"policy": {"kind": "llmgateway"}, "telemetry": {"newcomers": "priors"}}
EWMA = {"policy": {"kind": "prequal"}, "telemetry": {"newcomers": "priors"}}
DRAWN = {"policy": {"kind": "weighted"}, "telemetry": {"newcomers": "priors"}}
VERCEL = {"policy": {"kind": "vercel"}, "telemetry": {"newcomers": "priors"}}
STICKY = {"affinity": {"rule": "openrouter", "ttl_s": 60.0, "slots": 64}}
COLLIDING = {"affinity": {"rule": "any", "ttl_s": 60.0, "slots": 2}}
WANTS = {"max_price": {"prompt": 0.35, "completion": 1.5, "request": 0.1},
         "preferred_max_latency": {"p50": 0.2, "p75": 0.4, "p90": 0.8, "p99": 2.0},
         "preferred_min_throughput": {"p50": 60.0, "p75": 40.0, "p90": 20.0, "p99": 10.0}}
LATENCY = {"preferred_max_latency": WANTS["preferred_max_latency"]}
THROUGHPUT = {"preferred_min_throughput": WANTS["preferred_min_throughput"]}
MINE = {"like": "h100-sxm", "memory_gb": 85.9, "bandwidth_tb_per_s": 3.0, "bf16_tflops": 900.0, "fp8_tflops": 1800.0,
        "fp4_tflops": 3600.0, "power_kw": 1.5, "link_gb_per_s": 400.0, "node_gpus": 8, "rent_usd_per_hour": 1.4,
        "owner_usd_per_hour": 1.8, "eta_memory": 0.8, "eta_compute": 0.8, "eta_attention": 0.1, "eta_link": 0.3,
        "layer_s": 2e-5, "width_s": 4e-6, "moe_layer_s": 6e-5, "sequence_s": 2e-5, "request_s": 0.1,
        "unpack_flops": 60.0, "source": "mine"}
SHAPE = {"layers": 40, "hidden": 4096, "heads": 32, "kv_heads": 8, "key_dim": 128, "value_dim": 128, "latent": 0,
         "window_layers": 10, "window_tokens": 1024, "linear_layers": 10, "state_elements": 4_000_000, "experts": 64,
         "top_k": 4}
OWN = {"like": "gpt-oss-20b", "total_b": 30.0, "active_b": 4.0, "context_tokens": 8192, "shape": SHAPE,
       "source": "mine"}
OWN_MODEL = {name: value for name, value in OWN.items() if name not in ("like", "shape")} | {
    "context_tokens": 131_072, "creator": "meta", "family": "own", "open": True, "released": "2025-01-10",
    "quality": {"chat": 0.8, "coding": 0.7, "reasoning": 0.6, "roleplay": 0.7, "extraction": 0.9},
    "verbosity": 1.2, "list_in_usd": 0.1, "list_out_usd": 0.3}
TASTES = {"customers": {"choice": {"taste": 0.5, "reviews_per_month": 4.0}, "segments": {
    "apps": {"mix": {"chat": 1.0, "extraction": 1.0, "roleplay": 1.0, "reasoning": 1.0}}}}}
ANSWERS = {"prompt_tokens": {"kind": "exponential", "mean": 1500},
           "output_tokens": {"kind": "exponential", "mean": 100}}


def iron(model: str, gpu: str = "mine", **serving: Any) -> dict[str, Any]:
    """A world with a real model on real GPUs, some of them of its own."""
    offer = {"model": model, "serving": {"kind": "roofline", "gpu": gpu} | serving, "engine": {"max_batch": 16},
             "price": {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.1}}
    return {"gpus": {"mine": MINE}, "models": {"own": OWN},
            "demand": {"heavy": {"model": model, "arrivals": {"kind": "poisson", "rate_per_s": 12.0}} | ANSWERS},
            "providers": {"iron": {"offers": {model: offer}}}}


NETWORK = {"regions": ["us-east", "eu-west", "mid"],
           "links": [{"a": "us-east", "b": "eu-west", "delay_s": 0.02}, {"a": "eu-west", "b": "mid", "delay_s": 0.01},
                     {"a": "us-east", "b": "mid", "delay_s": 0.02}],
           "faults": {"eu-west": {"outage_mtbf_s": 40.0, "outage_mttr_s": 5.0}}}
APART = {"network": NETWORK, "providers": {"fast": {"region": "eu-west"}}}
SECOND = {"routers": {"second": {"policy": {"kind": "random"}}}}
FAULTS = {"outage_mtbf_s": 40.0, "outage_mttr_s": 5.0, "slowdown_mtbf_s": 30.0, "slowdown_mttr_s": 10.0,
          "slowdown_factor": 3.0, "fast_failure_share": 0.2, "fast_failure_s": 0.05, "midstream_share": 0.05}
LATER = {"from_s": 20.0, "input_usd_per_mtok": 0.12, "output_usd_per_mtok": 0.4, "cached_usd_per_mtok": 0.05,
         "cache_write_usd_per_mtok": 0.13, "request_usd": 0.00001, "discount": 0.05,
         "tiers": [{"above_tokens": 300, "input_usd_per_mtok": 0.2, "output_usd_per_mtok": 0.5,
                    "cached_usd_per_mtok": 0.06, "cache_write_usd_per_mtok": 0.16}]}
TIERS = [{"above_tokens": 400, "input_usd_per_mtok": 0.2, "output_usd_per_mtok": 0.5, "cached_usd_per_mtok": 0.06,
          "cache_write_usd_per_mtok": 0.16}]
AFFINE = {"model": "gpt-oss-20b", "serving": {"kind": "affine", "base_s": 0.02, "per_token_s": 0.0001},
          "price": {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.1}}
QUANTILES = {"kind": "quantiles", "probabilities": [0.0, 0.5, 1.0], "values": [10, 100, 1000], "mean": None}
LENGTHS = {"kind": "lognormal", "mean": 300, "cv": 1.0, "minimum": 20, "maximum": 900}


def offer(**settings: Any) -> dict[str, Any]:
    """The slow offer of the base with other settings."""
    return {"providers": {"slow": {"offers": {"toy": settings}}}}


def chat(**settings: Any) -> dict[str, Any]:
    """The class `chat` of the base with other settings."""
    return {"demand": {"chat": settings}}


def replaced(**arrivals: Any) -> dict[str, Any]:
    """The class `chat` with arrivals of another kind."""
    return chat(arrivals={"rate_per_s": None} | arrivals)


def _file(name: str, text: str) -> str:
    (FOLDER / name).write_text(text, encoding="utf-8")
    return str(FOLDER / name)


@cache
def trace(name: str = "trace.csv", header: str = "t_s,input_tokens,output_tokens,later,prompt2,output2") -> str:
    """Path of a trace of 60 requests in 30 s, each length with a second column."""
    rows = [f"{.5 * n:.1f},{100 + 7 * n},{20 + n % 9},{.7 * n:.1f},{300 + n},{40 + n % 5}" for n in range(60)]
    return _file(name, "\n".join([header, *rows]) + "\n")


@cache
def failed_rows() -> str:
    """Path of a trace with requests that failed, without tokens, and its rows out of order."""
    rows = [f"{.5 * n:.1f},{100 + 7 * n},{0 if n % 7 == 3 else 20}" for n in range(60)]
    return _file("failed.csv", "\n".join(["t_s,input_tokens,output_tokens", *rows]) + "\n")


@cache
def unordered() -> str:
    """Path of a trace whose rows are not in order of time."""
    rows = [f"{.5 * (n ^ 1):.1f},{100 + 7 * n},20" for n in range(60)]
    return _file("unordered.csv", "\n".join(["t_s,input_tokens,output_tokens", *rows]) + "\n")


@cache
def either() -> str:
    """Path of a trace that two column sets can read, in seconds or milliseconds."""
    rows = [f"{500 * n},{100 + 7 * n},{20 + n % 9},{n}" for n in range(60)]
    return _file("either.csv", "\n".join(["timestamp,input_length,output_length,chat_id", *rows]) + "\n")


@cache
def slower_constants() -> str:
    """Path of constants of step times of slower engines."""
    text = (ROOT / "providers/hardware/calibration.toml").read_text(encoding="utf-8")
    return _file("constants.toml", text.replace("eta_memory = 0.8197", "eta_memory = 0.5", 1))


@cache
def rents() -> str:
    """Path of rents of GPUs over time."""
    return _file("rents.csv", "day,gpu,usd_per_hour\n0,h200-sxm,2.0\n10,h200-sxm,1.0\n0,h100-sxm,2.0\n")


@cache
def other_rents() -> str:
    """Path of other rents."""
    return _file("other_rents.csv", "day,gpu,usd_per_hour\n0,h200-sxm,4.0\n10,h200-sxm,3.0\n0,h100-sxm,2.0\n")


@cache
def growth() -> str:
    """Path of the volumes of a run that grew."""
    return _file("growth.csv", "day,tokens\n" + "".join(f"{n},{1e9 * 1.03 ** n:.0f}\n" for n in range(500)))


@cache
def fewer_models() -> str:
    """Path of a catalogue without its newest rows."""
    text = (ROOT / "sim/market/models/catalogue.csv").read_text(encoding="utf-8")
    return _file("catalogue.csv", "".join(line for line in text.splitlines(keepends=True) if "llama-3.3" not in line))


def _of_trace(path: str = "", **settings: Any) -> dict[str, Any]:
    return {"demand": {"chat": {"arrivals": {"kind": "trace", "rate_per_s": None, "path": path or trace()} | settings}}}


BURSTS = replaced(kind="bursts", rate_per_s=6.0, burst_factor=10.0, burst_s=40.0, quiet_s=80.0) | {
    "traffic": {"duration_s": 600.0}}


def traffic_worlds() -> list[tuple[str, str, dict[str, Any]]]:
    """Patterns of fields of traffic, the name of a world, and what it adds to the base."""
    r = lambda **settings: {"routers": {"main": settings}}  # noqa: E731
    kinds = [(rf"demand\.\*\.arrivals<{kind}>", kind, replaced(kind=kind, rate_per_s=8.0, **more))
             for kind, more in (("deterministic", {}), ("gamma", {}), ("weibull", {}),
                                ("diurnal", {"start_hour": 119.99}), ("bursts", {"burst_s": 10.0, "quiet_s": 20.0}))]
    named = {"time": "later", "prompt": "prompt2", "output": "output2"}
    return [
        (r"routers\.\*\.(attempts|telemetry)", "retries", r(**RETRIES)),
        (r"routers\.\*\.(cooldown|breaker|slow_start)", "health", r(**HEALTH)),
        (r"routers\.\*\.cooldown", "lonely", r(**LONELY)),
        *((r"routers\.\*\.telemetry", f"telemetry {n}", r(**one) | {"traffic": {"duration_s": 150.0}})
          for n, one in enumerate((ADJUSTED, SKETCH, LLMGATEWAY, EWMA, DRAWN, VERCEL))),
        (r"routers\.\*\.telemetry", "refusals", BURSTS | r(**SKETCH) | offer(limits={"requests_per_min": 60})),
        (r"routers\.\*\.affinity", "sticky", r(**STICKY)), (r"routers\.\*\.affinity", "colliding", r(**COLLIDING)),
        *((rf"{where}\.\*\.preferences\.(max|preferred)", f"wants {n} of {where[:3]}", more)
          for n, wants in enumerate((WANTS, LATENCY, THROUGHPUT))
          for where, more in (("routers", r(preferences=wants)), ("demand", chat(preferences=wants)))),
        (r"(routers|demand)\.\*\.preferences\.partition", "sorted", r(preferences={"sort": "price"})),
        (r"(routers\.\*\.region|network|demand\.\*\.region|providers\.\*\.region|.*\.offers\.\*\.region)", "network",
         APART), (r"demand\.\*\.router", "second router", SECOND), *kinds,
        (r"demand\.\*\.arrivals<trace>", "trace", _of_trace()),
        (r"demand\.\*\.arrivals<trace>\.(unit|start|resample|rate_per_s)", "trace again", _of_trace(loop=True)),
        (r"demand\.\*\.arrivals<trace>\.columns", "trace of columns",
         _of_trace(trace("named.csv", "x,y,z,later,prompt2,output2"), columns=named)),
        (r"demand\.\*\.arrivals<trace>\.format", "trace of two column sets", _of_trace(either(), format="mooncake")),
        (r"demand\.\*\.arrivals<trace>\.skip", "trace with failures", _of_trace(failed_rows(), skip="failed")),
        (r"demand\.\*\.arrivals<trace>\.sort", "trace out of order", _of_trace(unordered(), sort=True)),
        (r"demand\.\*\.(prompt|output)_tokens", "quantiles", chat(prompt_tokens=QUANTILES, output_tokens=QUANTILES,
                                                                   max_tokens=None)),
        (r"demand\.\*\.(prompt|output)_tokens", "lognormal", chat(prompt_tokens=LENGTHS, output_tokens=LENGTHS,
                                                                  max_tokens=None)),
        (r"demand\.\*\.(clients|zipf_exponent)", "clients", chat(clients=5) | offer(limits={"per": "customer"})),
        (r"demand\.\*\.sessions", "open sessions", {"demand": {"users": {"sessions": {"loop": "open"}, "arrivals": {
            "kind": "poisson", "rate_per_s": 1.0, "users": None, "think_s": None}}}}),
        (r"(.*serving<roofline>|gpus|calibration)", "iron", iron(
            "gpt-oss-20b", tp=2, speculation={"draft_tokens": 2, "acceptance": 0.8, "draft_cost": 0.05})),
        (r".*serving<roofline>\.framework", "iron of h200", iron("llama-3.1-8b", "h200-sxm")),
        (r"(gpus|calibration)", "iron h100", iron("llama-3.1-8b", "h100-sxm")),
        (r"gpus", "iron of little memory", merged(iron("llama-3.1-8b", precision="bf16"), {
            "gpus": {"mine": {"memory_gb": 20.0}},
            "providers": {"iron": {"offers": {"llama-3.1-8b": {"limits": {"context_tokens": 8000}}}}}})),
        (r"gpus", "iron like another", merged(iron("llama-3.1-8b"), {"gpus": {"mine": {
            name: None for name in MINE if name != "like"} | {"power_kw": 1.0}}})),
        (r"models", "model like another", merged(iron("own"), {"models": {"own": {
            name: None for name in OWN if name != "like"} | {"context_tokens": 8000}}})),
        (r".*serving<affine>\.kind", "iron beside", merged(iron("gpt-oss-20b"), {"providers": {"iron": {"offers": {
            "again": AFFINE}}}})),
        (r".*\.pool", "pools", {"providers": {"fast": {"offers": {"toy2": AFFINE | {"model": "toy"}}}}}),
        (r"gpus", "iron fp4", iron("gpt-oss-20b", precision="fp4", tp=2)),
        (r"gpus", "iron bf16", iron("llama-3.1-8b", precision="bf16", tp=2)),
        (r"gpus", "iron unpacked", iron("gpt-oss-20b", precision="bf16", weights="fp4")),
        (r"models", "own model", iron("own")),
        (r".*\.faults", "faults of all", {"providers": {"slow": {"faults": FAULTS}, "fast": {"faults": FAULTS}}}),
        (r".*offers\.\*\.faults", "faults of an offer", offer(faults=FAULTS)),
        (r".*price\.later", "later", offer(price={"later": [LATER]})),
        (r".*price\.tiers", "tiers", offer(price={"tiers": TIERS})),
        (r".*\.limits", "narrow", offer(limits={"queue": 2, "context_tokens": 900})),
        (r".*\.balancer", "replicas", offer(replicas=3)),
        (r".*\.host_cache\..*", "host memory", offer(serving={"kv_tokens": 4200}, engine={
            "host_cache": {"tokens": 3000, "tokens_per_s": 20_000.0}})),
        (r"traffic\.", "telemetry", r(policy={"kind": "vercel"})), (r"traffic\.", "gie", r(policy={"kind": "gie"})),
    ]


def tight(**more: Any) -> dict[str, Any]:
    """A market in full resolution whose hosts are small, fail, limit and refuse."""
    pools = [{"gpu": "h200-sxm", "count": 4, "precisions": ["fp8"]}]
    hosts = {name: {"pools": pools} | TIGHT for name in ("atlas", "boreal", "citrus")}
    hosts["boreal"] = merged(hosts["boreal"], {"limits": {"requests_per_min": 3, "tokens_per_min": 9000}})
    templates = {name: {"task": name, "patience_s": 20.0, "shared_prefix": PREFIX, "max_tokens": 400,
                        "prompt_tokens": 2000.0, "open_penalty": -0.5} for name in ("chat", "coding", "extraction")}
    customers = {"requests_per_s": 0.5, "templates": templates, "routing": {"conversation_turns": 3.0},
                 "choice": {"taste": 0.3}}
    hosts["citrus"]["pricing"] = {"kind": "constant", "cached_share": 1.0}
    base = full(days=1, slice_s=3600).model_dump(mode="json", exclude_unset=True)
    return merged(merged(base, {"customers": customers, "supply": {"firms": hosts}}), more)


MONTHS = {"horizon": {"days": 60, "sampled_per_day": 60},
          "models": {"catalogue": {"include": None}},
          "customers": {"segments": {"apps": {"number": 20, "budget_use": [0.9, 1.0]}, "agents": {"number": 10}}}}
WAYS = {"floor_share": 0.2, "nitro_share": 0.2, "pinned_share": 0.3, "repins_per_month": 30.0,
        "conversation_turns": 3.0,
        "turn_gap_s": 30.0}
USES = {"uses": {"enabled": True, "worth_factor": 1.0}, "drift": {"prompt_growth_per_year": 2.0},
        "choice": {"loyal_share": 0.3, "taste_redraw_per_month": 0.3, "first_fit": 0.05, "budget_bend": 0.3}}
ENTRY = {"types": 40, "looks_per_month": 400.0, "first_look_day": 5, "demand_days": 3, "firm_usd": 100.0,
         "listing_usd": 10.0, "familiar_share": 0.5, "overhead_usd_per_day": 5.0}
PLACES = {"open": {"fee_share": 0.0, "policy": {"kind": "openrouter_classic"}}, "paid": {"own_key_fee_share": 0.02}}


def market_worlds() -> list[tuple[str, str, dict[str, Any]]]:
    """Patterns of fields of markets, the name of a world, and the whole of its settings."""
    months = merged(SMALL, MONTHS)
    uses = merged(months, {"customers": USES, "models": {"retirement": {"enabled": True, "median_months": 5.0}}})
    year = merged(months, {"horizon": {"days": 60, "start": "2026-10-01"},
                           "models": {"frontier": {"enabled": True}}})
    entry = merged(months, {"network": NETWORK, "supply": {"entry": ENTRY, "knowledge": "learned"}})
    firms = {"cloud": {"kind": "cloud", "pools": [{"gpu": "h200-sxm", "count": 16, "tenure": "owned"}]},
             "atlas": {"training": {"kind": "nights", "share": 0.5}, "exit_months": 0.1}}
    r = lambda settings: tight(router=settings)  # noqa: E731
    strategies = [merged(months, {"supply": {"firms": {"atlas": {"pricing": {"kind": kind}},
                                                       "boreal": {"pricing": {"kind": kind}}}}})
                  for kind in ("best_response_router", "best_response_logit", "cost_plus")]
    by_router = [(rf"router\.{name}", world, r(settings)) for name, world, settings in (
        ("(attempts|telemetry)", "retries", RETRIES), ("(cooldown|breaker|slow_start)", "health", HEALTH),
        ("cooldown", "lonely", LONELY), ("telemetry", "adjusted", ADJUSTED), ("telemetry", "sketch", SKETCH),
        ("telemetry", "llmgateway", LLMGATEWAY), ("affinity", "sticky", STICKY),
        ("affinity", "colliding", COLLIDING), ("telemetry", "ewma", EWMA), ("telemetry", "drawn", DRAWN),
        ("telemetry", "vercel", VERCEL),
        *(("preferences", f"wants {n}", {"preferences": wants})
          for n, wants in enumerate((WANTS, LATENCY, THROUGHPUT))))]
    split = {kind: merged(months, {"supply": {"firms": {"atlas": {"training": {"kind": kind, "share": 0.9}}}}})
             for kind in ("nights", "marginal")}
    return [
        *by_router, (r"router|network|fees", "tight router", r(ROUTER)),
        (r"(router\.region|network|.*firms\.\*\.region)", "network", tight(
            network=NETWORK, supply={"firms": {"atlas": {"region": "eu-west"}}})),
        (r"(.*\.(engine|limits|faults)|horizon|rhythm|customers\.templates|.*routing|engine)", "tight", tight()),
        (r".*\.firms\.\*\.schedule", "schedules", tight(supply={"firms": {"atlas": {"schedule": {
            "tiers": [{"above_tokens": 1500}], "cache_write_factor": 1.5}}}})),
        (r".*\.firms\.\*\.limits", "tight days", tight(supply={"firms": {"atlas": {"limits": DAYS}}})),
        (r"marketplaces\.\*\.(policy|preferences)", "tight marketplaces", tight(marketplaces=PLACES | {
            "paid": {"preferences": WANTS}})),
        *((r"marketplaces\.\*\.preferences\.pref", f"marketplaces want {n}", tight(marketplaces=PLACES | {
            "paid": {"preferences": wants}})) for n, wants in enumerate((LATENCY, THROUGHPUT))),
        (r"marketplace_choice", "marketplaces apart", merged(months, {
            "marketplaces": {"cheap": {"policy": {"kind": "cheapest"}}, "even": {"policy": {"kind": "random"}}},
            "horizon": {"sampled_per_day": 500}, "models": {"catalogue": {"include": list(MODELS)}},
            "marketplace_choice": {"reviews_per_month": 20.0, "inertia": 0.1, "price_weight": 20.0}})),
        (r"marketplaces|marketplace_choice", "marketplaces", merged(months, {
            "marketplaces": PLACES, "marketplace_choice": {"reviews_per_month": 3.0, "inertia": 0.5}})),
        (r"customers\.choice\.max_volume", "cheap", merged(months, {"customers": {"templates": {
            name: {"task": "chat", "elasticity": 0.9} for name in ("chat", "coding", "extraction")}}})),
        (r"customers\.routing\.repins", "pins over months", merged(months, {
            "models": {"catalogue": {"include": ["llama-3.1-8b"]}},
            "customers": {"routing": WAYS | {"pinned_share": 0.6}}})),
        (r".*repins_per_month", "ways over months", merged(months, {
            "models": {"catalogue": {"include": ["llama-3.1-8b"]}},
            "customers": {"routing": WAYS, "segments": {
                "apps": {"routing": WAYS}, "agents": {"number": 30, "mix": {"chat": 5.0}}}}})),
        (r".*\.when_rentable", "pools to come", merged(months, {
            "horizon": {"start": "2024-09-01"}, "supply": {"firms": {"atlas": {"pools": [
                *HOST["pools"], {"gpu": "b200-sxm", "count": 8, "when_rentable": True}]}}}})),
        (r".*\.own_open", "open lab", merged(months, {"supply": {"firms": {"openai": {"creator": "meta"}}}})),
        (r".*\.segments\.\*\.routing", "segment's ways", tight(router=COLLIDING, customers={"segments": {
            "apps": {"routing": WAYS}, "agents": {"routing": WAYS}}})),
        (r".*\.segments\.\*\.diffusion", "segment's uses", merged(uses, {"customers": {"segments": {
            "apps": {"diffusion": {"per_year": 3.0, "ceiling": 3.0}}}}})),
        (r"customers|models\.retirement", "uses", uses), (r"models", "year", year),
        (r"models\.\*", "own model", merged(months, TASTES | {
            "horizon": {"sampled_per_day": 200},
            "models": {"catalogue": {"include": list(MODELS)}, "mine": OWN_MODEL | {"shape": SHAPE}}})),
        (r"gpus|calibration", "own gpus", merged(months, {"gpus": {"h200-sxm": MINE | {"like": "h200-sxm",
                                                                                       "memory_gb": 150.0}}})),
        *((r"gpus\.", f"own gpus {precision}", merged(months, {"gpus": {"h200-sxm": MINE | {
            "like": "h200-sxm", "memory_gb": 150.0}}, "supply": {"firms": {"atlas": {"pools": [
                {"gpu": "h200-sxm", "count": 16, "precisions": [precision]}]}}}})) for precision in ("bf16", "fp4")),
        (r"gpus\.\*\.(power|owner)", "own gpus owned", merged(months, {"gpus": {"h200-sxm": MINE | {
            "like": "h200-sxm", "memory_gb": 150.0}}, "supply": {"firms": {"atlas": {"pools": [
                {"gpu": "h200-sxm", "count": 16, "tenure": "owned"}]}}}})),
        (r"models\.\*\.architecture", "model of no architecture", merged(months, TASTES | {"models": {
            "catalogue": {"include": list(MODELS)}, "mine": OWN_MODEL | {"total_b": 20.9, "active_b": 4.2}}})),
        (r"models\.\*\.like", "model like another", merged(months, {"models": {"mine": {
            "like": "llama-3.1-8b", "released": "2025-01-10", "family": "mine"}}})),
        (r"gpus\.\*\.like", "gpus like another", merged(months, {"gpus": {"h200-sxm": {
            "like": "h200-sxm", "power_kw": 1.5}}})),
        *newcomer_worlds(tight(), TIGHT, NETWORK),
        (r"supply\.entry\.(fp4|gpus)", "entry with fp4", merged(entry, {
            "horizon": {"start": "2026-01-01"}, "supply": {"entry": {"gpus": ["b200-sxm"]}}})),
        (r"supply\.entry\.expected_growth", "entry into growth", merged(entry, {
            "horizon": {"days": 110}, "customers": {"segments": {"apps": {"growth_per_year": 5.0}}}})),
        (r"supply\.investment\.expected", "orders of two quarters", merged(months, {  # growth is seen over 90 days
            "horizon": {"days": 140, "sampled_per_day": 30}, "models": {"catalogue": {"include": [
                "llama-3.1-8b", "llama-3.3-70b"]}},
            "supply": {"investment": {"review_days": 10.0, "max_step": 100.0, "hurdle": 0.0, "rented_lead_days": 30.0},
                       "firms": {"openai": None} | {name: {"pools": [{"gpu": "h200-sxm", "count": 8}]}
                                                    for name in ("atlas", "boreal")}},
            "customers": {"requests_per_s": 100.0, "segments": {"apps": {"growth_per_year": 15.0}}}})),
        (r"supply\.investment", "orders", merged(months, {
            "supply": {"investment": {"review_days": 5.0, "max_step": 1.0}, "firms": {"atlas": {"pools": [
                {"gpu": "h200-sxm", "count": 2, "tenure": "owned"}]}, "boreal": {"pools": [
                    {"gpu": "h200-sxm", "count": 2}]}}}, "customers": {
                        "requests_per_s": 200.0, "segments": {"apps": {"growth_per_year": 15.0}}}})),
        (r"supply\.gpu_prices\.reco", "rents that turn", merged(months, {
            "supply": {"gpu_prices": {"trough_day": 10.0, "recovered_day": 30.0}}})),
        (r"supply\.ownership\.idle", "idle", merged(months, {"supply": {"firms": {"atlas": {"pools": [
            {"gpu": "h200-sxm", "count": 200, "tenure": "owned"}]}}}})),
        (r"supply\.ownership", "owned", merged(months, {"supply": {"firms": {"atlas": {"pools": [
            {"gpu": "h200-sxm", "count": 16, "tenure": "owned"}]}}}})),
        (r"supply\.costing\.least", "by volume", merged(strategies[2], {"supply": {"costing": {"basis": "volume"}}})),
        (r"supply\.entry\.experience", "entry with experience", merged(entry, {
            "supply": {"entry": {"experience": "cohorts"}}})),
        (r"supply\.entry|supply\.learning", "entry", entry),
        (r"supply\.(firms|ownership)", "clouds", merged(months, {"supply": {"firms": firms}})),
        *((r"supply\.(firms|knowledge|learning|costing)", f"strategies {n}", one) for n, one in enumerate(strategies)),
        *((r".*\.training", f"training {kind}", one) for kind, one in split.items()),
        (r"supply\.learning", "learned", merged(strategies[0], {"supply": {"knowledge": "learned"}})),
        (r"supply\.gpu_fall", "cheaper GPUs", merged(months, {"supply": {"gpu_fall": {"divisor": 4.0, "day": 10.0}}})),
        (r"supply\.gpu_prices", "falling rents", merged(months, {"supply": {"gpu_prices": {"kind": "falling"}}})),
        (r"supply\.gpu_prices", "replayed rents", merged(months, {"supply": {"gpu_prices": {
            "kind": "replayed", "path": rents()}}})),
    ]


@cache
def _bases(form: type[Scenario]) -> dict[str, dict[str, Any]]:
    if form is TrafficScenario:
        return {"life": tomllib.loads(MARKET)}
    return {"small": SMALL, "months": merged(SMALL, MONTHS), "tight": tight()}


def worlds_for(form: type[Scenario], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield names and settings of the worlds in which a field is tried, the likeliest first."""
    base = _bases(form)
    if form is MarketScenario:
        yield from ((name, world) for pattern, name, world in market_worlds() if re.match(pattern, path))
    else:
        yield from ((name, merged(base["life"], more)) for pattern, name, more in traffic_worlds()
                    if re.match(pattern, path))
    yield from base.items()


__all__ = ["FOLDER", "small", "worlds_for"]
