"""Presets: parameter sets pinned to a date or commit of the system they imitate."""

from typing import Final

from policies import litellm_releases, llmgateway, openrouter
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
    *litellm_releases.PRESETS,
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
