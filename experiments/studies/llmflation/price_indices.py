"""Price indices of tokens, each 1 in the first month: what they follow, and the true cost of living beside them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Shelf(NamedTuple):
    """What is on sale, month by month.

    Attributes
    ----------
    price
        Blended list price, USD per million tokens, float64 (months, models); nan while it is not on sale.
    cost
        Of a request, USD, float64 (months, tasks, models); nan while it is not on sale.
    quality
        float64 (tasks, models).
    """

    price: np.ndarray
    cost: np.ndarray
    quality: np.ndarray


class Uses(NamedTuple):
    """Possible uses: the task of each, the quality it needs, and what a point beyond is worth a request, USD."""

    task: np.ndarray
    need: np.ndarray
    worth: np.ndarray


class Bought(NamedTuple):
    """What uses buy: the model of each by month, int64 (months, uses), -1 for none; and its cost, USD a request."""

    model: np.ndarray
    cost: np.ndarray


def buy(shelf: Shelf, uses: Uses) -> Bought:
    """Return what each use buys in each month: the greatest surplus W (q - need) - c, if it is not below 0 (E60).

    A use whose best models tie takes the first.
    """
    months = len(shelf.price)
    model = np.full((months, len(uses.task)), -1)
    cost = np.zeros(model.shape)
    value = uses.worth[:, None] * (shelf.quality[uses.task] - uses.need[:, None])
    for month in range(months):
        asked = shelf.cost[month][uses.task]
        surplus = np.where(np.isfinite(asked), value - np.nan_to_num(asked), -np.inf)
        best = surplus.argmax(axis=1)
        live = surplus[np.arange(len(best)), best] >= 0.0
        model[month] = np.where(live, best, -1)
        cost[month] = np.where(live, np.nan_to_num(asked)[np.arange(len(best)), best], 0.0)
    return Bought(model, cost)


def cost_of_living(shelf: Shelf, uses: Uses, bought: Bought) -> np.ndarray:
    """Return the true cost of living, float64 (months,) (E123).

    Sum over the uses that were live at first of the least cost of at least the gross value that they had then, over the
    sum of what they paid. (In money metric the index would turn negative where surplus is far above spending.)
    """
    at_first = np.flatnonzero(bought.model[0] >= 0)
    task, had = uses.task[at_first], bought.model[0, at_first]
    good_enough = shelf.quality[task] >= shelf.quality[task, had][:, None]
    totals = [np.where(good_enough & np.isfinite(cost[task]), cost[task], np.inf).min(axis=1).sum()
              for cost in shelf.cost]
    return np.asarray(np.array(totals) / bought.cost[0, at_first].sum())


def cheapest_at(shelf: Shelf, quality: float) -> np.ndarray:
    """Return the cheapest price of a model of at least a mean quality, from 1 in the first month, float64 (months,)."""
    enough = np.isfinite(shelf.price) & (shelf.quality.mean(axis=0) >= quality)
    lowest = np.where(enough, np.nan_to_num(shelf.price), np.inf).min(axis=1)
    return np.asarray(lowest / lowest[0])


def matched(shelf: Shelf) -> np.ndarray:
    """Return the chained mean log change of the prices of models on sale in both of two months, from 1 (as V1)."""
    changes = [change[np.isfinite(change)] for change in np.diff(np.log(shelf.price), axis=0)]
    return _chained([float(it.mean()) if len(it) else 0.0 for it in changes])


def toernqvist(shelf: Shelf, bought: Bought) -> np.ndarray:
    """Return the chained log changes weighted by the mean of both months' shares of spending, from 1."""
    shares = [_spending(bought, month, shelf.price.shape[1]) for month in range(len(shelf.price))]
    changes = []
    for month, change in enumerate(np.diff(np.log(shelf.price), axis=0)):
        weight = np.where(np.isfinite(change), shares[month] + shares[month + 1], 0.0)
        total = float(weight.sum())
        changes.append(float(weight @ np.nan_to_num(change)) / total if total > 0.0 else 0.0)
    return _chained(changes)


def hedonic(shelf: Shelf) -> np.ndarray:
    """Return the months' effects in a regression of log prices on mean quality, by least squares, from 1."""
    month, model = np.nonzero(np.isfinite(shelf.price))
    columns = np.column_stack([shelf.quality.mean(axis=0)[model], np.equal.outer(month, np.arange(len(shelf.price)))])
    found = np.linalg.lstsq(columns.astype(np.float64), np.log(shelf.price[month, model]), rcond=None)[0]
    return np.asarray(np.exp(found[1:] - found[1]))


def paid(shelf: Shelf, bought: Bought) -> np.ndarray:
    """Return the mean price of what is bought, a request a use, over that of the first month, float64 (months,)."""
    found = [float(prices[model[model >= 0]].mean()) if (model >= 0).any() else np.nan
             for prices, model in zip(shelf.price, bought.model, strict=True)]
    return np.asarray(np.array(found) / found[0])


def gap(index: np.ndarray, truth: np.ndarray, years: float) -> float:
    """Return how much faster an index falls than the truth, in logarithms a year (E124)."""
    return float(np.log(truth[-1] / index[-1]) / years)


def _spending(bought: Bought, month: int, models: int) -> np.ndarray:
    """Shares of spending by model, float64 (models,)."""
    live = bought.model[month] >= 0
    spent = np.bincount(bought.model[month, live], bought.cost[month, live], models)
    return np.asarray(spent / spent.sum()) if live.any() else spent


def _chained(changes: list[float]) -> np.ndarray:
    return np.asarray(np.exp(np.concatenate([[0.0], np.cumsum(changes)])))
