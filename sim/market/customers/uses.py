"""Closed forms of the margin of demand: which uses are live, and how their number answers prices.

A use of worth W (USD per request and point of quality) is live if a model is worth its cost, max_m(W q_m - c_m) >= 0,
where q counts from what the use needs. So it is live exactly if W >= c*, the cheapest cost of a point of quality.
Worths are log-normal, and with them the long-run elasticity is an outcome, not a setting.
"""

import numpy as np


def cheapest_point_usd(cost_usd: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Return c*, the least worth of a point of quality at which a use is live: min over models of c/q, USD.

    Parameters
    ----------
    cost_usd
        Cost of a request with each model, float64 (..., models); nan for one that is not sold.
    quality
        Quality of each beyond what the use needs, float64 (..., models); models of 0 or less are worth nothing.

    Returns
    -------
    np.ndarray
        float64 (...); inf where no model is worth anything.
    """
    useful = (quality > 0) & np.isfinite(cost_usd)
    return np.asarray(np.where(useful, cost_usd / np.where(useful, quality, 1.0), np.inf).min(axis=-1))


def live_share(threshold_usd: np.ndarray, median_usd: float, sigma: float) -> np.ndarray:
    """Share of uses with a worth above a threshold (E60), 0 to 1.

    Parameters
    ----------
    threshold_usd
        c*, above 0.
    median_usd, sigma
        Median of the worths and standard deviation of their logarithm.
    """
    from scipy.special import ndtr

    return np.asarray(ndtr(-_z(threshold_usd, median_usd, sigma)))


def long_run_elasticity(threshold_usd: np.ndarray, median_usd: float, sigma: float) -> np.ndarray:
    """Fall of the logarithm of the live share per rise of that of all prices (E61), above 0; parameters as above."""
    from scipy.special import log_ndtr

    z = _z(threshold_usd, median_usd, sigma)
    # in logarithms: far out both the density and the share are below the smallest number
    density = -(z**2) / 2 - np.log(np.sqrt(2 * np.pi))
    return np.asarray(np.exp(density - log_ndtr(-z)) / sigma)


def _z(threshold_usd: np.ndarray, median_usd: float, sigma: float) -> np.ndarray:
    return np.asarray((np.log(threshold_usd) - np.log(median_usd)) / sigma)
