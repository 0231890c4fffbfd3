"""Whom a model's customers can choose between: how many sellers it has, and at how many different prices.

A router that weighs prices has nothing to weigh where a model has one seller, or where all charge the same.
"""

from typing import NamedTuple

import numpy as np

from experiments.measures.market.panel import by_group, offer_tokens
from sim.market.result import MarketResult


class Sellers(NamedTuple):
    """How many providers list a model, over the models that have one; means over days, nan without any.

    Attributes
    ----------
    mean, median, p90, max
        Of the day's numbers, one a model.
    models_with_three_providers
        Models with three or more.
    """

    mean: float
    median: float
    p90: float
    max: float
    models_with_three_providers: float


class PricesFaced(NamedTuple):
    """Shares of the tokens of open, and of closed, models that could be had at two, and three, prices or more."""

    open_tokens_two: float
    open_tokens_three: float
    closed_tokens_two: float
    closed_tokens_three: float


def providers_per_model(listed: np.ndarray, provider: np.ndarray, offer_model: np.ndarray) -> Sellers:
    """Count the providers of each model, day by day.

    Parameters
    ----------
    listed
        bool (days, offers).
    provider, offer_model
        int64 (offers,): whose each offer is, and of which model. A provider with two offers of a model is one.
    """
    days: list[tuple[float, ...]] = []
    for row in listed:
        pairs = np.unique(np.stack([offer_model[row], provider[row]]), axis=1)
        counts = np.unique(pairs[0], return_counts=True)[1]
        if len(counts):
            days.append((counts.mean(), np.median(counts), np.quantile(counts, 0.9, method="inverted_cdf"),
                         counts.max(), (counts >= 3).sum()))
    return Sellers(*(np.mean(days, axis=0).tolist() if days else [np.nan] * len(Sellers._fields)))


def prices_faced(result: MarketResult) -> PricesFaced:
    """Share of tokens by the number of different posted prices of the model on that day.

    Offers count that are listed at the day's end or sold on it; two that charge the same, input and output, are one
    price: between them no rule that looks at prices has a choice.
    """
    tokens = offer_tokens(result)
    there = result.listed_daily | (tokens > 0)
    sold = by_group(tokens, result.offer_model, len(result.models))
    prices = _different(result, there)
    shares = []
    for mask in (result.models.open, ~result.models.open):
        total = sold[:, mask].sum()
        shares += [float(sold[:, mask][prices[:, mask] >= least].sum() / total) if total else np.nan
                   for least in (2, 3)]
    return PricesFaced(*shares)


def _different(result: MarketResult, there: np.ndarray) -> np.ndarray:
    """Number of different prices of each model on each day, int64 (days, models)."""
    found = np.zeros((len(there), len(result.models)), np.int64)
    for day, mask in enumerate(there):
        rows = np.column_stack([result.offer_model[mask], result.prices_daily[day, mask, :2]])
        found[day] = np.bincount(np.unique(rows, axis=0)[:, 0].astype(np.int64), minlength=len(result.models))
    return found
