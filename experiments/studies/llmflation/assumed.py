"""What is assumed of uses: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

NEEDS: Final = "assumption: that of the market, customers.uses.needs"


class IndexAssumptions(Part):
    """Uses whose cost of living is known."""

    uses: int = quantity(1000, unit="uses", ge=10, le=100_000, doc="Possible uses, shared evenly by the five tasks")
    penetration: float = quantity(0.3, unit="1", gt=0, lt=1, doc="Share of them that is live in the first month",
                                  source="assumption; .13 to .55 is where the long-run elasticity is .8 to 1.8",
                                  sweep=Sweep(0.1, 0.5))
    worth_sd: float = quantity(0.9, unit="1", gt=0, doc="Standard deviation of the logarithm of worths",
                               source="assumption: 90th over 10th percentile 10", sweep=Sweep(0.5, 1.5))
    need_low: float = quantity(0.2, unit="1", ge=0, le=1, source=NEEDS, sweep=Sweep(0.0, 0.4),
                               doc="Least quality that a use needs; only what is beyond it is worth something")
    need_high: float = quantity(0.8, unit="1", ge=0, le=1, source=NEEDS, sweep=Sweep(0.4, 0.9),
                                doc="Most quality that a use needs; needs lie evenly between")
    prompt_tokens: float = quantity(6000.0, unit="tokens", gt=0, doc="Prompt of a request",
                                    source="arXiv 2601.10088: above 6,000", sweep=Sweep(1500.0, 20_000.0, "log"))
    output_tokens: float = quantity(400.0, unit="tokens", gt=0, sweep=Sweep(150.0, 1000.0, "log"),
                                    doc="Answer of a request with a model of verbosity 1", source="arXiv 2601.10088")
