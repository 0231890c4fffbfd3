"""Founders: what they forecast, what a year does to it, and what each access path would cost them at its end.

    (E149)  ln(actual/naive) = ln(price) + ln(volume) + ln(model)      of what tokens cost a customer

with the list price of the model that they had, a customer's tokens, and the model that they have then over that one:
its price, and how much more it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sim.market.downstream.access_paths import CLOSED, HOSTED, PATHS, api_usd_per_mtok, paths_usd
from sim.units import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from experiments.studies.unit_economics.assumed import FounderAssumptions
    from sim.market.downstream.access_settings import AccessTerms
    from sim.streams import Streams

STAGES_USD: Final = (1e6, 3e6, 1e7, 2e7, 5e7)  # revenue a year
CLAIMED_USD: Final = (3e6, 2e7)  # of founders whom the claim is about
MONTHS: Final = DAYS_PER_YEAR / DAYS_PER_MONTH  # ahead of the forecast


class Founders(NamedTuple):
    """Founders today, each (founders,).

    Attributes
    ----------
    arr_usd
        Revenue a year, float64.
    growth
        Factor of revenue in a year, float64.
    token_share
        Of revenue, float64.
    path
        By which their movable work is done, index in `PATHS`, int64.
    """

    arr_usd: np.ndarray
    growth: np.ndarray
    token_share: np.ndarray
    path: np.ndarray


class YearParts(NamedTuple):
    """What a year does to what tokens cost a customer, logarithms by cause (E149), each float64 (founders,)."""

    price: np.ndarray
    volume: np.ndarray
    model: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """Actual over naive, in logarithms."""
        return np.asarray(self.price + self.volume + self.model)


def drawn_founders(assumed: FounderAssumptions, streams: Streams, count: int) -> Founders:
    """Return founders, the same share of each stage; each quantity has a stream of its own."""
    arr = np.array(STAGES_USD)[np.arange(count) % len(STAGES_USD)]
    growth = _log_even(assumed.slow_growth, assumed.fast_growth, streams.generator("growth").random(count))
    share = _log_even(assumed.least_share, assumed.most_share, streams.generator("share of tokens").random(count))
    is_open = streams.generator("open already").random(count) < assumed.open_users
    return Founders(arr, growth, share, np.where(is_open, PATHS.index(HOSTED), PATHS.index(CLOSED)))


def drawn_year(assumed: FounderAssumptions, streams: Streams, count: int) -> YearParts:
    """Return what a year does to founders: cuts of list prices, longer and more requests, and other models."""
    cut = streams.generator("cut").random(count) < assumed.cut_chance
    price = np.where(cut, np.log1p(-assumed.cut), 0.0)
    spread = assumed.growth_sd * streams.generator("volume").normal(size=count)
    volume = np.log(assumed.longer * assumed.more_requests) + spread
    ago = streams.generator("last change").exponential(size=count) / assumed.change_rate if assumed.change_rate > 0.0 \
        else np.full(count, np.inf)
    changed = (streams.generator("loyal").random(count) >= assumed.loyal) & (ago < MONTHS)
    saves = streams.generator("upgrade").random(count) >= assumed.upgraders
    talks = streams.generator("talkative").random(count) < assumed.talkative
    when = np.where(changed, MONTHS - np.minimum(ago, MONTHS), 0.0)
    # a model that is as good was cheaper by then; a better one has the old one's list price, cut or not
    cheaper = np.where(saves, -np.log(assumed.access.price_fall) * when / MONTHS, 0.0) - price
    longer = np.where(talks, np.log1p(assumed.output_cost * (assumed.verbosity - 1.0)), 0.0)
    return YearParts(price, volume, np.where(changed, cheaper + longer, 0.0))


def margins_by_path(assumed: FounderAssumptions, founders: Founders, error: np.ndarray, month: float) -> np.ndarray:
    """Return gross margins by path, float64 (paths, founders), of the work that founders then have.

    The work is told in tokens of the closed model at the price of constant quality of that month, so that a better
    model counts as more of them; a move costs its hours, over a year.

    Parameters
    ----------
    assumed
        What tokens and other things cost.
    founders
        Of today.
    error
        Logarithm of what tokens cost a customer by then, over today.
    month
        0 for today, when ``error`` is 0 and nothing has grown.
    """
    access, grown = assumed.access, founders.growth ** (month / MONTHS)
    monthly_usd = founders.arr_usd * grown / MONTHS
    own_usd = monthly_usd * founders.token_share * np.exp(error)
    mtok = own_usd / usd_of_a_mtok(access, month)[founders.path]
    moving = access.migration_hours * access.engineer_usd_per_hour / MONTHS
    usd = paths_usd(access, mtok, month)
    usd = usd + moving * (np.arange(len(PATHS))[:, None] != founders.path)
    return np.asarray(1.0 - assumed.other_cost - usd / monthly_usd)


def usd_of_a_mtok(access: AccessTerms, month: float) -> np.ndarray:
    """Return what a million tokens of all work cost, USD, by the paths on which founders are: closed, hosted."""
    closed, hosted = (float(api_usd_per_mtok(access, path, month)) for path in (CLOSED, HOSTED))
    return np.array([closed, access.movable * hosted + (1.0 - access.movable) * closed])


def claimed(founders: Founders) -> np.ndarray:
    """Return which founders the claim is about, bool (founders,)."""
    return np.asarray((founders.arr_usd >= CLAIMED_USD[0]) & (founders.arr_usd <= CLAIMED_USD[1]))


def _log_even(low: float, high: float, at: np.ndarray) -> np.ndarray:
    return np.asarray(low * (high / low) ** at)
