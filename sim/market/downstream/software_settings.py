"""Firms that sell software, and their customers: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

MARGIN: Final = "classic software: 76 % gross margin, median of public firms (closing.report)"


class SoftwareTerms(Part):
    """A market of software that is made with tokens."""

    firms_arr_usd: float = quantity(
        1e7, unit="USD/year", gt=0, doc="Revenue a year of a firm of average size in the first month",
        source="assumption: the middle of what is looked at, 1 to 50 million", sweep=Sweep(1e6, 5e7, "log"))
    other_cost: float = quantity(0.24, unit="1", ge=0, lt=1, doc="Cost of revenue other than tokens, over the first "
                                 "price", source=MARGIN, sweep=Sweep(0.1, 0.3, source="76 % median, 90 % best"))
    churn: float = quantity(0.1, unit="1/year", gt=0, lt=0.5, doc="Share of a firm's customers who leave it in a year "
                            "when all firms are alike", source="10 % a year (weak)", sweep=Sweep(0.05, 0.3, "log"))
    to_none: float = quantity(0.5, unit="1", gt=0, lt=1, doc="Share of these who then have no such software",
                              sweep=Sweep(0.2, 0.8))
    contract_months: int = quantity(12, unit="months", ge=1, le=36, doc="Life of a contract, over which its price "
                                    "stays; customers look at others when it ends", sweep=Sweep(1, 24, "integer"))
    newcomers: float = quantity(0.3, unit="1/year", ge=0, le=5, doc="Customers who look for their first such software, "
                                "over all who have one", sweep=Sweep(0.05, 1.0, "log"))
    taste_sd: float = quantity(0.2, unit="1", ge=0, le=5, doc="Standard deviation of firms' qualities, in units of "
                               "utility", sweep=Sweep(0.0, 0.6))
    use_sd: float = quantity(0.2, unit="1", ge=0, le=2, doc="Standard deviation of the logarithm of what firms of one "
                             "market spend on tokens, over their revenue", sweep=Sweep(0.0, 0.5))
    respent: float = quantity(
        1.0, unit="1", ge=0, le=2, doc="Share of the fall of prices, in logarithms, that goes into more tokens and "
        "better models, at the closed model's price", source="ICONIQ, January 2026: inference stays at .20 to .23 of "
        "revenue; NBER w34608: the price paid is flat", sweep=Sweep(0.0, 1.1))
    tuned: float = quantity(
        0.3, unit="1", ge=0, lt=1, doc="Share of tokens that a firm saves in the end by working on its own path: "
        "caching, small models for easy work", source="assumption; up to 70 % is told of such work (weak)",
        sweep=Sweep(0.0, 0.7))
    tuning_months: float = quantity(6.0, unit="months", gt=0, doc="Until half of that is reached",
                                    sweep=Sweep(1.0, 24.0, "log"))
    fixed_share: float = quantity(
        0.25, unit="1", ge=0, le=1, doc="What keeps a firm open, over its own first revenue: it closes when a year's "
        "gross profit does not pay for it", sweep=Sweep(0.1, 0.45))
    migration_least: int = quantity(1, unit="months", ge=1, le=24, doc="Shortest migration to another path")
    migration_most: int = quantity(3, unit="months", ge=1, le=24, doc="Longest migration to another path",
                                   sweep=Sweep(1, 9, "integer"))
    delivery_months: int = quantity(4, unit="months", ge=0, le=36, doc="Until bought GPUs serve, beside the migration",
                                    sweep=Sweep(1, 9, "integer"))
    review_months: int = quantity(12, unit="months", ge=1, le=120, doc="After which a firm that has moved looks again",
                                  sweep=Sweep(6, 24, "integer"))
    owned_months: int = quantity(36, unit="months", ge=1, le=120, doc="After which a firm that owns GPUs looks again",
                                 source="critics' life of a GPU, three years")
