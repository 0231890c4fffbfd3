"""What sellers knew when they posted prices: the record behind every claim about prices and costs."""

from typing import NamedTuple


class Posting(NamedTuple):
    """One posting of prices, with the cost that stood beside it. Money is before the scenario's price factor."""

    time_s: float
    offer: int
    price_usd_per_mtok: float  # of the mix that the seller expects to be paid for
    unit_cost_usd_per_mtok: float  # of serving it, as the seller reckons
    at_list: bool  # input and output cost what the creator asks
    launch: bool
