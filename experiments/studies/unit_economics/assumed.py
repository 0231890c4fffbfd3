"""What is assumed of founders' costs: every number with its range and its source."""

from typing import Final

from pydantic import model_validator

from sim.market.downstream.access_settings import AccessTerms
from sim.scenario.base import Part, Sweep, quantity

SEQUENCES: Final = "arXiv 2601.10088: sequences of 2,000 tokens in late 2023, of 5,400 in late 2025"
BLEND: Final = "15 tokens in for one out, 56 % of the input cached at a tenth, output at five times the input's price"


class FounderAssumptions(Part):
    """All that is assumed of founders, their tokens, and what happens to them in a year."""

    access: AccessTerms = AccessTerms()
    least_share: float = quantity(0.05, unit="1", gt=0, le=0.7, doc="Least share of revenue that goes to tokens; "
                                  "between this and the largest its logarithm is evenly spread",
                                  source="4 to 9 % disclosed by public software firms (weak)", sweep=Sweep(0.04, 0.1))
    most_share: float = quantity(0.4, unit="1", gt=0, le=0.7, doc="Largest such share", source="assumption; the "
                                 "geometric mean, .14, is below 15 of 80 USD a seat, as told of software with AI",
                                 sweep=Sweep(0.25, 0.5))
    other_cost: float = quantity(0.24, unit="1", ge=0, lt=1, doc="Cost of revenue other than tokens, over revenue",
                                 source="classic software: 76 % gross margin, median of public firms (closing.report)",
                                 sweep=Sweep(0.1, 0.3))
    open_users: float = quantity(0.3, unit="1", ge=0, le=1, doc="Share of founders whose movable work is with a host "
                                 "of an open model already", source="OpenRouter and a16z: open models have 22 to 33 % "
                                 "of tokens", sweep=Sweep(0.1, 0.5))
    slow_growth: float = quantity(1.3, unit="1/year", gt=0, doc="Least growth of revenue in a year; between this and "
                                  "the fastest its logarithm is evenly spread", sweep=Sweep(1.0, 1.5))
    fast_growth: float = quantity(3.0, unit="1/year", gt=0, doc="Fastest growth of revenue", sweep=Sweep(2.0, 5.0))
    longer: float = quantity(1.64, unit="1/year", gt=0, doc="Median factor by which a request's tokens grow in a year",
                             source=SEQUENCES + ", 1.64 a year", sweep=Sweep(1.0, 2.5, "log"))
    more_requests: float = quantity(1.2, unit="1/year", gt=0, doc="Median factor by which a customer's requests grow",
                                    sweep=Sweep(1.0, 2.0, "log"))
    growth_sd: float = quantity(0.4, unit="1", ge=0, le=3, doc="Standard deviation of the logarithm of both together",
                                sweep=Sweep(0.1, 0.8))
    cut_chance: float = quantity(0.1, unit="1/year", ge=0, le=1, doc="Chance of a cut of a list price in a year",
                                 source="dated list prices of this project's catalogue: 7 of 78 closed models were cut",
                                 sweep=Sweep(0.02, 0.3))
    cut: float = quantity(0.48, unit="1", ge=0, lt=1, doc="By how much, then", source="the same: median of the cuts",
                          sweep=Sweep(0.2, 0.8))
    change_rate: float = quantity(0.27, unit="1/month", ge=0, doc="Rate at which a founder changes models", sweep=Sweep(
        0.1, 0.5), source="a16z and OpenRouter: 40 % of early cohorts are left after five months, of whom a fifth stay "
        "for good")
    loyal: float = quantity(0.2, unit="1", ge=0, le=1, doc="Share of founders who never change models",
                            source="the same", sweep=Sweep(0.1, 0.4))
    upgraders: float = quantity(0.7, unit="1", ge=0, le=1, doc="Of those who change, share who take a better model at "
                                "the old one's price; the others take the cheapest that is as good",
                                sweep=Sweep(0.3, 1.0),
                                source="assumption: the price paid is flat while that of constant quality falls (NBER "
                                "w34608)")
    talkative: float = quantity(0.5, unit="1", ge=0, le=1, doc="Of those who change, share whose new model reasons",
                                source="arXiv 2601.10088: reasoning models went from none to half of tokens in a year",
                                sweep=Sweep(0.2, 0.8))
    verbosity: float = quantity(4.4, unit="1", gt=0, doc="Output of a model that reasons, over one that does not",
                                source="arXiv 2601.10088: 150 to 400 tokens an answer while half came to reason; "
                                "eight-fold on one suite (o1 against 4o)", sweep=Sweep(2.0, 8.0, "log"))
    output_cost: float = quantity(0.4, unit="1", ge=0, le=1, doc="Share of what tokens cost that is for output",
                                  source=BLEND, sweep=Sweep(0.2, 0.6))

    @model_validator(mode="after")
    def _fits(self) -> "FounderAssumptions":
        for low, high in (("least_share", "most_share"), ("slow_growth", "fast_growth")):
            if getattr(self, high) < getattr(self, low):
                raise ValueError(f"{high} is {getattr(self, high):g}, but must be at least {low}, "
                                 f"{getattr(self, low):g}")
        return self
