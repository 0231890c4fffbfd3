"""How usage answers to price: across models, and within a model across providers. Never one number.

The first is small in real data (-0.05 to -0.07, arXiv 2601.10088), since dear models are better ones; the second is
about -1.1 (NBER w34608), since the router moves tokens between offers of the same thing.
"""

from typing import NamedTuple

import numpy as np

from experiments.measures.market.regression import demeaned, ols, unidentified


class Elasticity(NamedTuple):
    """Percent change of usage for one percent of price.

    Attributes
    ----------
    value, std_error
        Coefficient of the log price; its standard error is clustered by model.
    n
        Observations: pairs with positive usage and price, in cells with at least two.
    r_squared
        Share of the variance within the cells that price explains.
    """

    value: float
    std_error: float
    n: int
    r_squared: float


def across_models(tokens: np.ndarray, price: np.ndarray) -> Elasticity:
    """Log tokens on log price across models, with a fixed effect per period (V3).

    Parameters
    ----------
    tokens, price
        (periods, models): tokens used, and price in any unit; pairs that are zero or nan are left out.
    """
    period, model = _places(tokens)
    return _within(tokens, price, period, model)


def within_models(tokens: np.ndarray, price: np.ndarray, offer_model: np.ndarray) -> Elasticity:
    """Log tokens on log price across the providers of a model, with a fixed effect per model and period (V4).

    Parameters
    ----------
    tokens, price
        (periods, offers).
    offer_model
        int64 (offers,): row of each offer's model.
    """
    period, _ = _places(tokens)
    model = np.broadcast_to(offer_model, tokens.shape)
    return _within(tokens, price, period * (int(offer_model.max(initial=0)) + 1) + model, model)


def _places(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of every entry."""
    rows, columns = np.meshgrid(*(np.arange(size) for size in table.shape), indexing="ij")
    return rows, columns


def _within(tokens: np.ndarray, price: np.ndarray, cell: np.ndarray, cluster: np.ndarray) -> Elasticity:
    """Regress with one fixed effect per cell."""
    kept = (tokens > 0) & np.isfinite(price) & (np.nan_to_num(price) > 0)
    places, size = np.unique(cell[kept], return_inverse=True, return_counts=True)[1:]
    kept[kept] = size[places] > 1  # a cell of one says nothing about differences
    cells = cell[kept]
    if not len(cells):
        return _elasticity(*unidentified(0, 1))
    y = demeaned(np.log(tokens[kept].astype(np.float64)), cells)
    x = demeaned(np.log(price[kept].astype(np.float64)), cells)
    if np.abs(x).max() < 1e-12:  # all prices tie, up to rounding
        return _elasticity(*unidentified(len(cells), 1))
    return _elasticity(*ols(y, x[:, None], cluster[kept], absorbed=len(np.unique(cells))))


def _elasticity(coefficients: np.ndarray, std_errors: np.ndarray, n: int, r_squared: float) -> Elasticity:
    return Elasticity(float(coefficients[0]), float(std_errors[0]), n, r_squared)
