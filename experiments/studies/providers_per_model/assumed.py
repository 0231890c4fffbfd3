"""What is assumed of demand per model and of hosts: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

FRADKIN: Final = "Fradkin, arXiv 2504.15440, table 1: prompt tokens a model-day, mean 733.75 M, median 26.91 M"
OPENROUTER: Final = "OpenRouter, November 2026: 83 providers, 323 priced models, about 940 offers"


class HostAssumptions(Part):
    """Models, demand for them, and what hosts can ask."""

    models: int = quantity(323, unit="models", ge=10, le=10_000, doc="Priced models", source=OPENROUTER)
    hosts: int = quantity(83, unit="hosts", ge=2, le=1000, doc="Hosts there are at most", source=OPENROUTER)
    mean_hosts: float = quantity(2.9, unit="hosts", gt=1, doc="Mean hosts of a model, to which the fixed cost is set",
                                 source=OPENROUTER)
    open_share: float = quantity(0.6, unit="1", gt=0, le=1, sweep=Sweep(0.5, 0.8),
                                 doc="Share of models that anybody may host; the others have one seller",
                                 source="assumption: the catalogue's, 111 of 189")
    demand_sd: float = quantity(2.57, unit="1", ge=0, sweep=Sweep(2.0, 3.0),
                                doc="Standard deviation of the logarithm of demand for a model",
                                source=FRADKIN + ": the root of 2 ln(mean / median)")
    exponent: float = quantity(2.0, unit="1", gt=1, le=20, doc="k of the router's weights 1 / price to the k",
                               source="OpenRouter, provider selection", sweep=Sweep(1.5, 4.0))
    ceiling: float = quantity(4.0, unit="1", gt=1, sweep=Sweep(2.0, 8.0),
                              doc="Hosts ask at most so much over cost: a creator's own price, or dedicated GPUs")
