"""What posted prices depend on: quality, openness, creators, and the number of hosts of a model."""

from typing import NamedTuple

import numpy as np

from experiments.measures.market.panel import by_group
from experiments.measures.market.regression import ols

HOSTS = 3  # of a model on a day of which a coefficient of variation is taken


class Hedonic(NamedTuple):
    """Shares of the variance of log prices that are explained; nan where they cannot be told.

    Attributes
    ----------
    quality_r2
        By quality alone.
    creator_gain
        By quality, openness and creators, less that by quality and openness.
    """

    quality_r2: float
    creator_gain: float


class HostEffects(NamedTuple):
    """Mean log price of offers whose models have two, and five or more, providers, less that of those with one."""

    two: float
    five: float


def log_prices(price: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Mean logarithm of each offer's positive price over the days on which it is listed, (offers,); nan without."""
    there = listed & (price > 0)
    total = np.where(there, np.log(np.where(there, price, 1.0)), 0.0).sum(axis=0)
    return np.where(there.any(axis=0), total / np.maximum(there.sum(axis=0), 1), np.nan)


def hedonic(log_price: np.ndarray, quality: np.ndarray, open_model: np.ndarray, creator: np.ndarray) -> Hedonic:
    """Regress log prices on quality, then on openness and creators too.

    Parameters
    ----------
    log_price
        (offers,), nan for offers that are left out.
    quality, open_model, creator
        (offers,): of each offer's model; creator is a row in any list.
    """
    kept = np.isfinite(log_price)
    if kept.sum() < 3:
        return Hedonic(np.nan, np.nan)
    y, quality, is_open = log_price[kept], quality[kept], open_model[kept].astype(float)
    one = np.ones(len(y))
    plain = _explained(y, np.column_stack([one, quality]))
    named = (creator[kept][:, None] == np.unique(creator[kept])[None, 1:]).astype(float)
    base = np.column_stack([one, quality, is_open])
    return Hedonic(plain, _explained(y, np.column_stack([base, named])) - _explained(y, base))


def _explained(y: np.ndarray, x: np.ndarray) -> float:
    """R squared of a regression; regressors that others make up are no hindrance to it."""
    total = float(((y - y.mean()) ** 2).sum())
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return 1 - float((residual**2).sum()) / total if total > 0 else np.nan


def open_discount(log_price: np.ndarray, quality: np.ndarray, open_model: np.ndarray) -> float:
    """By how much open models are cheaper than closed ones of the same quality, 0 to 1; nan where it cannot be told.

    One less the exponential of the coefficient of openness, beside quality, in a regression of log prices of models.
    """
    kept = np.isfinite(log_price)
    x = np.column_stack([np.ones(kept.sum()), quality[kept], open_model[kept].astype(float)])
    fit = ols(log_price[kept], x, np.arange(kept.sum()))
    return float(1 - np.exp(fit.coefficients[2]))


def of_models(log_price: np.ndarray, offer_model: np.ndarray, models: int) -> np.ndarray:
    """Mean of the log prices of each model's offers, (models,); nan without any."""
    known = np.isfinite(log_price)
    total = by_group(np.where(known, log_price, 0.0), offer_model, models)
    count = by_group(known, offer_model, models)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def cv_slope(price: np.ndarray, listed: np.ndarray, offer_model: np.ndarray) -> float:
    """Slope of a model's coefficient of variation of prices in the logarithm of its number of hosts.

    One point a day and model with ``HOSTS`` offers or more; nan if all have as many.
    """
    counts, spreads = [], []
    for model in np.unique(offer_model):
        mine = listed[:, offer_model == model] & (price[:, offer_model == model] > 0)
        many = mine.sum(axis=1) >= HOSTS
        prices = np.where(mine, price[:, offer_model == model], np.nan)[many]
        counts.append(np.log(mine[many].sum(axis=1)))
        if many.any():
            spreads.append(np.nanstd(prices, axis=1, ddof=1) / np.nanmean(prices, axis=1))
    hosts, spread = np.concatenate(counts or [np.zeros(0)]), np.concatenate(spreads or [np.zeros(0)])
    fit = ols(spread, np.column_stack([np.ones(len(hosts)), hosts]), np.arange(len(hosts)))
    return float(fit.coefficients[1])


def host_effects(log_price: np.ndarray, hosts: np.ndarray) -> HostEffects:
    """Hold offers of models with two, and with five or more, providers against those with one; nan without either.

    Parameters
    ----------
    log_price
        (offers,), nan for offers that are left out.
    hosts
        (offers,): providers of each offer's model.
    """
    def mean(mask: np.ndarray) -> float:
        values = log_price[mask & np.isfinite(log_price)]
        return float(values.mean()) if len(values) else np.nan

    alone = mean(hosts == 1)
    return HostEffects(mean(hosts == 2) - alone, mean(hosts >= 5) - alone)
