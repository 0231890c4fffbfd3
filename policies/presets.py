"""Presets: parameter sets pinned to a date or commit of the system they imitate."""

from typing import Final

from policies import litellm, llmgateway, openrouter
from sim.policy import Preset

_ALL = (
    Preset(
        "openrouter_classic_2025",
        "openrouter_classic",
        "OpenRouter's documented default until autumn 2026.",
        openrouter.DOCS,
        {"k": 2.0, "window_s": 30.0},
    ),
    Preset("openrouter_floor", "cheapest", "OpenRouter's :floor suffix.", openrouter.DOCS),
    Preset("openrouter_nitro", "fastest", "OpenRouter's :nitro suffix.", openrouter.DOCS),
    Preset(
        "litellm_shuffle_2026",
        "litellm_shuffle",
        "LiteLLM's default, quirk included.",
        litellm.SOURCE,
        {"first_decides": True},
    ),
    Preset(
        "litellm_least_busy_2026",
        "litellm_least_busy",
        "LiteLLM's least-busy, ties to the first.",
        litellm.SOURCE,
        {"ties_first": True},
    ),
    Preset(
        "litellm_latency_2026",
        "litellm_latency",
        "LiteLLM's latency-based-routing, quirks included.",
        litellm.SOURCE,
        {
            "buffer": 0.0,
            "list_size": 10,
            "ttl_s": 3600.0,
            "timeout_penalty_s": 1000.0,
            "frozen_list": True,
            "per_token": True,
            "streaming": True,
        },
    ),
    Preset(
        "litellm_cost_2026",
        "litellm_cost",
        "LiteLLM's cost-based-routing, ties to the first.",
        litellm.SOURCE,
        {"ties_first": True},
    ),
    Preset(
        "litellm_usage_2026",
        "litellm_usage",
        "LiteLLM's usage-based-routing-v2, last slot unusable.",
        litellm.SOURCE,
        {"last_slot_unusable": True},
    ),
    Preset(
        "llmgateway_2026",
        "llmgateway",
        "LLM Gateway's present weights.",
        llmgateway.SOURCE,
        {"price": 0.6, "uptime": 0.5, "throughput": 0.05, "latency": 0.025, "exploration": 0.01},
    ),
    Preset(
        "llmgateway_2026_second",
        "llmgateway",
        "LLM Gateway's weights before the present ones.",
        llmgateway.SOURCE,
        {"price": 0.3, "uptime": 0.5, "throughput": 0.05, "latency": 0.025, "exploration": 0.01},
    ),
    Preset(
        "llmgateway_2026_first",
        "llmgateway",
        "LLM Gateway's oldest weights.",
        llmgateway.SOURCE,
        {"price": 0.2, "uptime": 0.5, "throughput": 0.2, "latency": 0.1, "exploration": 0.01},
    ),
    Preset(
        "prequal_nsdi24",
        "prequal",
        "Prequal's baseline: Q = 2^-0.25, 3 probes a query.",
        "Wydrowski et al., NSDI 2024",
        {"q_rif": 2.0**-0.25, "r_probe": 3.0, "r_remove": 1.0, "max_age_s": 1.0, "delta": 1.0},
    ),
    Preset(
        "helicone_2025",
        "peak_ewma",
        "Helicone's latency strategy.",
        "Helicone/ai-gateway@42d2998 (2025-07-30)",
        {"decay_s": 30.0, "default_rtt_s": 0.25, "decay_on_read": True, "whole_answer": False},
    ),
)
PRESETS: Final[dict[str, Preset]] = {preset.name: preset for preset in _ALL}
