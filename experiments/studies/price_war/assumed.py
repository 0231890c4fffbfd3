"""What is assumed of hosts of one model and of demand for it: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

AI_ROUTING: Final = "pluriholonomic/ai-routing"
MARKET: Final = "the default market (openrouter-2026)"


class PriceWarAssumptions(Part):
    """Levels of the grid's factors, and what all its cells share; unit cost is 1."""

    lax: float = quantity(2.0, unit="1", gt=1, le=20, doc="k of the lax rule 1/price^k", sweep=Sweep(1.5, 3.0),
                          source="OpenRouter, provider selection, until autumn 2026")
    strict: float = quantity(8.0, unit="1", gt=1, le=100, doc="k of the strict rule", sweep=Sweep(4.0, 12.0))
    few: int = quantity(3, unit="hosts", ge=2, le=50, doc="Hosts where they are few, and who is there before entry")
    many: int = quantity(10, unit="hosts", ge=3, le=50, doc="Hosts where they are many",
                         source="OpenRouter, November 2026: a tenth of models have seven or more, one has 27")
    routed: float = quantity(0.8, unit="1", gt=0, le=1, sweep=Sweep(0.6, 0.95),
                             doc="Share of demand that is routed by price where not all is",
                             source=f"{MARKET}: .15 name a provider and .05 sort by throughput")
    tight: float = quantity(1.3, unit="1", gt=1, doc="Capacity over demand where it is tight, of as many hosts as "
                            "there are, or as are many where they enter")
    ample: float = quantity(4.0, unit="1", gt=1, doc="Capacity over demand where it is ample")
    outage_share: float = quantity(0.05, unit="1", gt=0, lt=1, doc="Share of days on which a host is down, where hosts "
                                   "fail")
    ceiling: float = quantity(4.0, unit="1", gt=1, sweep=Sweep(2.0, 8.0),
                              doc="Hosts ask at most so much over cost: the creator's own price, or dedicated GPUs")
    size: float = quantity(20.0, unit="1", gt=0, doc="Demand at cost over the fixed cost of a host, D c / F",
                           sweep=Sweep(5.0, 80.0, "log"),
                           source="assumption: at it k = 2 carries 22 hosts and k = 8 four (P5)")
    elasticity: float = quantity(0.1, unit="1", ge=0, lt=1, doc="Elasticity of demand for the model in what is paid",
                                 sweep=Sweep(0.05, 0.5),
                                 source="a16z/OpenRouter, arXiv 2601.10088: 10 % cheaper, .5 to .7 % more; short run")
    start: float = quantity(2.5, unit="1", gt=1, doc="Price over cost on the first day",
                            source="median list prices are about 2 to 4 times MLPerf v5.1 short-run cost")
    requests: float = quantity(20_000.0, unit="1/day", gt=0, doc="Requests a day at cost, of which luck follows")
    doubt: float = quantity(1.0, unit="1", gt=0, doc="Standard deviation of what a host believes of the rule's "
                            "exponent before it has seen anything; the mean is what is published")
    memory_days: int = quantity(180, unit="days", ge=2, le=1000, doc="Days that hosts learn from")
    looks: int = quantity(3, unit="hosts", ge=1, le=20, doc="Hosts that think of entering each month")
    days: int = quantity(730, unit="days", ge=360, le=5000, doc="Length of a season with a given number of hosts")
    entry_days: int = quantity(1460, unit="days", ge=360, le=5000, doc="Length of a season with free entry")
