"""What is assumed of hosts, requests and both rules: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

DOCS: Final = "OpenRouterTeam/docs@3634e3c, guides/providers/traffic-routing"
MARKET: Final = "the default market (openrouter-2026)"


class RuleChangeAssumptions(Part):
    """Requests, hosts, and the rules before and after."""

    prompt: float = quantity(6000.0, unit="tokens", gt=0, doc="Prompt of the mean request",
                             source="arXiv 2601.10088 (a16z/OpenRouter)", sweep=Sweep(1500.0, 12_000.0, "log"))
    output: float = quantity(400.0, unit="tokens", gt=0, doc="Answer of the mean request",
                             source="arXiv 2601.10088 (a16z/OpenRouter)", sweep=Sweep(200.0, 1500.0, "log"))
    cached: float = quantity(0.5, unit="1", ge=0, lt=1, doc="Share of a prompt that is found in the host's cache",
                             source="DeepSeek's published day: .56 of input", sweep=Sweep(0.0, 0.6))
    slowest_token_s: float = quantity(0.05, unit="s", gt=0, doc="Slowest time of a token that hosts promise",
                                      source="DeepSeek's published day: 20 to 22 tokens a second",
                                      sweep=Sweep(0.03, 0.15, "log"))
    first_s: float = quantity(0.5, unit="s", ge=0, doc="Time until the first token, at any batch",
                              sweep=Sweep(0.2, 2.0, "log"))
    utilisation: float = quantity(0.6, unit="1", gt=0, le=1, doc="Share of capacity that is used", source=MARKET,
                                  sweep=Sweep(0.4, 0.8))
    rent_sd: float = quantity(0.15, unit="1", ge=0, doc="Standard deviation of the logarithm of hosts' rents",
                              source="assumption: hosts of the market's pool of types differ so",
                              sweep=Sweep(0.05, 0.3))
    engine_sd: float = quantity(0.2, unit="1", ge=0, doc="Standard deviation of the logarithm of engines' speeds",
                                source="assumption: hosts of the market's pool of types differ so",
                                sweep=Sweep(0.05, 0.3))
    ceiling: float = quantity(10.0, unit="1", gt=1, doc="Hosts ask at most so much over the least cost there is: the "
                              "creator's own price, or dedicated GPUs", sweep=Sweep(4.0, 20.0, "log"))
    size: float = quantity(20.0, unit="1", gt=0, doc="Demand at the least cost over the fixed cost of a host, D c / F")
    exponent: float = quantity(2.0, unit="1", gt=1, le=20, doc="k of the rule until autumn 2026",
                               source="OpenRouter, provider selection")
    speed_cost: float = quantity(100.0, unit="USD/Mtok·tokens/s", ge=0, doc="What the new rule adds per second a token",
                                 source=f"{DOCS}: the drawn edge", sweep=Sweep(20.0, 300.0, "log"))
    ttft_cost: float = quantity(0.2, unit="USD/Mtok/s", ge=0, doc="What it adds for a second until the first token",
                                source="the policy openrouter_adjusted")
    exploration: float = quantity(0.08, unit="1", ge=0, lt=1, doc="Share of its draws that all have in equal parts",
                                  source=f"{DOCS}: what reproduces the published shares", sweep=Sweep(0.02, 0.15))
    rounds: int = quantity(60, unit="rounds", ge=4, le=2000, doc="How often each host answers the others")
    entrants: int = quantity(20, unit="hosts", ge=2, le=200, doc="Hosts whose margin tells how many it would carry")
    entry_rounds: int = quantity(20, unit="rounds", ge=4, le=2000, doc="How often each of them answers the others")
