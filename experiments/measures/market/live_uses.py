"""What customers' uses do: buy through the marketplace, directly from a lab, or not at all; and why requests grew."""

from typing import NamedTuple

import numpy as np

from sim.market.customers.diffusion import GrowthSplit, growth_split
from sim.market.result import MarketResult


class UsesShares(NamedTuple):
    """Shares of the uses that are there, over all days; nan where nobody counted them.

    Attributes
    ----------
    direct
        Buy directly from a lab.
    outside
        Buy nothing.
    """

    direct: float
    outside: float


def uses_shares(result: MarketResult) -> UsesShares:
    """Add up what uses did over all days."""
    there, direct, outside = (sum(int(getattr(day, name).sum()) for day in result.demand_days)
                              for name in ("uses", "uses_direct", "uses_outside"))
    return UsesShares(direct / there, outside / there) if there else UsesShares(np.nan, np.nan)


def requests_growth(result: MarketResult) -> GrowthSplit:
    """Split the growth of live requests from the first to the last day; nan where nobody counted them, or had any."""
    days = result.demand_days
    live = [day.market_per_s.sum() + day.direct_per_s.sum() for day in (days[0], days[-1])] if days else [0.0]
    return growth_split(days[0], days[-1]) if min(live) > 0 else GrowthSplit(np.nan, np.nan, np.nan)
