"""Three prices that must not be confused: of constant quality, of the same model, and of the average token."""

import math
from typing import Final, NamedTuple

import numpy as np

from experiments.measures.market.panel import ratio
from experiments.measures.market.regression import newey_west
from sim.units import DAYS_PER_YEAR, NANO_PER_USD_PER_MTOK, PICO_PER_USD_PER_MTOK

# A trend is told a year, as published ones are. It is told at all only where that extrapolates at most fourfold: prices
# move in steps that last for months, and one release in sixty days looks like a fall by a factor of millions a year.
LEAST_YEARS: Final = 0.25
WIDEST: Final = 10.0  # upper over lower end of the factor's 95 % interval; above, not even its size is known
NORMAL_95: Final = 1.96


class Trend(NamedTuple):
    """A log-linear trend; all numbers are nan where it cannot be estimated.

    Attributes
    ----------
    slope_per_year, std_error
        Change of the log per year, and its standard error (Newey-West, prewhitened).
    fall_per_year
        The factor by which the series falls in a year, exp(-slope): 10 means a tenth after a year, 1 flat.
    note
        Why there is no number; empty where there is one.
    """

    slope_per_year: float
    std_error: float
    fall_per_year: float
    note: str = ""


def blended_usd(prices_pico: np.ndarray, input_share: float = 0.75) -> np.ndarray:
    """USD per million tokens at a share of input tokens; ``prices_pico`` is (..., 3): input, output, cached.

    3 : 1 is the convention of published price series (reference: Artificial Analysis, Epoch).
    """
    pico: np.ndarray = input_share * prices_pico[..., 0] + (1 - input_share) * prices_pico[..., 1]
    return np.asarray(pico / PICO_PER_USD_PER_MTOK)


def cheapest(price: np.ndarray, listed: np.ndarray, quality: np.ndarray, at_least: float) -> np.ndarray:
    """Cheapest posted price of any model at least that good, day by day: (days,), nan where there is none.

    Free offers (trials with tight limits) are not counted.

    Parameters
    ----------
    price
        float64 (days, offers): blended, USD per million tokens.
    listed
        bool (days, offers).
    quality
        float64 (offers,): of each offer's model.
    at_least
        The quality that is held constant.
    """
    lowest = np.where(listed & (price > 0) & (quality >= at_least), price, np.inf).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(lowest), lowest, np.nan)


def same_model_index(price: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Index of the price of the same model at the same provider, (days,), 1 on day 0 (V1).

    A chained Jevons index: every day the mean log change over the offers listed on that day and the day before.
    Offers that come or go, and free ones, move nothing.
    """
    both = listed[1:] & listed[:-1] & (price[1:] > 0) & (price[:-1] > 0)
    change = np.zeros(both.shape)
    np.log(np.divide(price[1:], price[:-1], out=np.ones(both.shape), where=both), out=change)
    mean = change.sum(axis=1) / np.maximum(both.sum(axis=1), 1)
    return np.asarray(np.exp(np.concatenate([[0.0], np.cumsum(mean)]))[: len(price)])


def constant_quality_index(price: np.ndarray, listed: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Index of the price of constant quality, (days,), 1 on day 0; arguments as ``cheapest``.

    The levels held constant are the qualities of all models on sale on the first day with an offer, one weight each;
    the index is the mean log change of the cheapest price at each level. One level alone moves in a few large steps.
    """
    offered = np.flatnonzero(listed.any(axis=1))
    if not len(offered):
        return np.ones(len(price))
    levels = np.unique(quality[listed[offered[0]]])
    lowest = np.column_stack([cheapest(price, listed, quality, level) for level in levels])
    return same_model_index(np.nan_to_num(lowest), np.isfinite(lowest))


def usd_per_mtok(spend_nano: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Token-weighted price, USD per million tokens; nan without tokens."""
    return np.asarray(ratio(spend_nano, tokens) / NANO_PER_USD_PER_MTOK)


def trend(day: np.ndarray, value: np.ndarray) -> Trend:
    """Log-linear trend of a series over days, as it is told everywhere: in summary, terminal and report.

    No trend is told of days that span less than ``LEAST_YEARS``, nor if the 95 % interval of the factor a year reaches
    from a value to more than ``WIDEST`` times it.
    """
    known = day[np.isfinite(value) & (value > 0)]
    span = int(np.ptp(known)) + 1 if len(known) else 0
    if span < LEAST_YEARS * DAYS_PER_YEAR:
        return _not_estimable(span, f"a trend a year takes {math.ceil(LEAST_YEARS * DAYS_PER_YEAR)} or more")
    found = fitted(day, value)
    if not math.isfinite(found.std_error):
        return _not_estimable(span, "too few of them have a price")
    if 2 * NORMAL_95 * found.std_error > math.log(WIDEST):
        return _not_estimable(span, f"its 95 % interval spans more than a factor of {WIDEST:g} a year")
    return found


def fitted(day: np.ndarray, value: np.ndarray) -> Trend:
    """Log-linear trend of a series over days; zeros and gaps are left out.

    The residuals of posted prices are steps that last for months: plain least squares would claim several times the
    precision, so the standard error is Newey and West's with prewhitening and their rule of 4 (n / 100)^(2/9) lags.

    It is fitted whatever the days; whether it may be told is another question (`trend`).
    """
    kept = np.isfinite(value) & (value > 0)
    years = day[kept] / DAYS_PER_YEAR
    x = np.column_stack([np.ones(len(years)), years])
    fit = newey_west(np.log(value[kept]), x, int(4 * (len(years) / 100) ** (2 / 9)), prewhiten=True)
    slope, error = float(fit.coefficients[1]), float(fit.std_errors[1])
    return Trend(slope, error, float(np.exp(-slope)))


def _not_estimable(days: int, why: str) -> Trend:
    return Trend(math.nan, math.nan, math.nan, f"not estimable from {days} days: {why}")
