"""Presets: parameter sets pinned to a date or commit of the system they imitate."""

from typing import Final

from policies import gie, litellm_releases, llmgateway, openrouter, vercel
from sim.policy import Imitation, Preset


def _llmgateway(release: str, date: str) -> Imitation:
    """What a preset of LLM Gateway imitates: its scores are compared with hand-worked values, and all of them herd."""
    return Imitation("LLM Gateway (theopenco/llmgateway)", release, date,
                     "score by hand-worked values; not run side by side", herds=True)


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
        "theopenco/llmgateway@090f52cc",
        {
            "price": 0.6,
            "uptime": 0.5,
            "throughput": 0.3,
            "latency": 0.075,
            "slowest": 3.0,
            "by_range": False,
            "exploration": 0.01,
        },
        _llmgateway("090f52cc", "2026-11"),
    ),
    Preset(
        "llmgateway_2026_stable",
        "llmgateway",
        "LLM Gateway as released: present weights, and organisations that stay with an offer for an hour.",
        llmgateway.STABLE,
        {
            "price": 0.6,
            "uptime": 0.5,
            "throughput": 0.3,
            "latency": 0.075,
            "slowest": 3.0,
            "by_range": False,
            "exploration": 0.01,
            "stable_s": 3600.0,
            "stable_margin": 0.15,
            "stable_uptime": 0.85,
        },
        _llmgateway("090f52cc and 40f2acc9", "2026-11"),
    ),
    Preset(
        "llmgateway_2026_third",
        "llmgateway",
        "LLM Gateway's third weights.",
        "theopenco/llmgateway@01e169b0",
        {
            "price": 0.6,
            "uptime": 0.5,
            "throughput": 0.05,
            "latency": 0.025,
            "slowest": 1000000000.0,
            "by_range": False,
            "exploration": 0.01,
        },
        _llmgateway("01e169b0", "2026"),
    ),
    Preset(
        "llmgateway_2026_second",
        "llmgateway",
        "LLM Gateway's second weights, and the first scored by ratios.",
        "theopenco/llmgateway@015f558a",
        {
            "price": 0.3,
            "uptime": 0.5,
            "throughput": 0.05,
            "latency": 0.025,
            "slowest": 1000000000.0,
            "by_range": False,
            "exploration": 0.01,
        },
        _llmgateway("015f558a", "2026"),
    ),
    Preset(
        "llmgateway_2026_first",
        "llmgateway",
        "LLM Gateway's first weights, scored by the place between best and worst.",
        "theopenco/llmgateway@75fb1556",
        {
            "price": 0.2,
            "uptime": 0.5,
            "throughput": 0.2,
            "latency": 0.1,
            "slowest": 1000000000.0,
            "by_range": True,
            "exploration": 0.01,
        },
        _llmgateway("75fb1556", "2026"),
    ),
    Preset(
        "prequal_nsdi24",
        "prequal",
        "Prequal's baseline: Q = 2^-0.25, 3 probes a query.",
        "Wydrowski et al., NSDI 2024",
        {"q_rif": 2.0**-0.25, "r_probe": 3.0, "r_remove": 1.0, "max_age_s": 1.0, "delta": 1.0},
    ),
    Preset(
        "yarp_2026",
        "power_of_d",
        "YARP's default, PowerOfTwoChoices: two draws with replacement, ties to the first drawn.",
        "microsoft/reverse-proxy@26545674, PowerOfTwoChoicesLoadBalancingPolicy.cs",
        {"d": 2, "replacement": True, "by_tokens": False},
        Imitation(
            original="YARP (microsoft/reverse-proxy), PowerOfTwoChoices",
            release="26545674",
            date="2026",
            agreement="by rule; its draws are from its own generator",
        ),
    ),
    Preset("vercel_2026", "vercel", "Vercel AI Gateway's default order.", vercel.SOURCE, {"sort": vercel.DEFAULT}),
    Preset(
        "vercel_cost_2026",
        "vercel",
        "Vercel AI Gateway, sort = cost: lowest list price of input.",
        vercel.SOURCE,
        {"sort": vercel.COST},
        vercel.sorted_by("cost", herds=False),
    ),
    Preset(
        "vercel_ttft_2026",
        "vercel",
        "Vercel AI Gateway, sort = ttft: lowest median time to first token.",
        vercel.SOURCE,
        {"sort": vercel.TTFT},
        vercel.sorted_by("ttft", herds=True),
    ),
    Preset(
        "vercel_tps_2026",
        "vercel",
        "Vercel AI Gateway, sort = tps: highest median tokens per second.",
        vercel.SOURCE,
        {"sort": vercel.TPS},
        vercel.sorted_by("tps", herds=True),
    ),
    Preset(
        "gie_2026",
        "gie",
        "Gateway API Inference Extension's default profile: queue 2, KV cache 2, prefix 3.",
        gie.SOURCE,
        {"queue": 2.0, "kv_cache": 2.0, "prefix": 3.0, "lru_blocks": 31_250.0},
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
