"""What hosts expected when they entered and what came of it: rows that a market's entrants leave behind."""

from typing import NamedTuple


class HostRecord(NamedTuple):
    """One entry of a host: what it put in, what it expected and what it got; money in USD of the day of entry.

    Values are discounted cash flows before the cost of entering: revenue less GPUs, tokens and overhead. At entry the
    expected one covers that cost.
    """

    host: str
    entry_day: int
    exit_day: int | None  # None while it is there
    models: tuple[str, ...]  # with which it entered
    capital_usd: float  # cost of entering: of the firm and of its first listings
    expected_usd: float  # over all days that it looked ahead
    expected_so_far_usd: float  # of these, over the days that passed until the end of the run
    realised_usd: float  # over the same days, nothing after its exit


class Flows(NamedTuple):
    """What a listing brings and costs: of a day, or discounted over some days."""

    model_tokens: float  # of its model, all sellers'
    tokens: float  # of its own
    revenue_usd: float  # charged, less what a token costs besides GPUs
    gpus_usd: float
    overhead_usd: float

    @property
    def cash_usd(self) -> float:
        """What is left."""
        return self.revenue_usd - self.gpus_usd - self.overhead_usd


class ListingRecord(NamedTuple):
    """One listing of a host that came in from the pool: what was expected of it and what came, factor by factor.

    Both are discounted to the host's entry and of the days that passed until the end of the run, nothing coming after
    its exit, so that ``cash_usd`` over its listings adds up to what its `HostRecord` says. Of the model's tokens both
    are of the days for which it meant to stay.
    """

    host: str
    model: str
    day: int
    model_age_days: float
    sellers: int  # of the model, when it came
    expected: Flows
    realised: Flows


class EntryValue(NamedTuple):
    """What entering would be worth to a type that is outside, asked once a quarter."""

    day: int
    host: str
    value_usd: float  # V, net of the cost of entering; USD
