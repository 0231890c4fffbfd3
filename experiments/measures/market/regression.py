"""Least squares with standard errors that survive serial correlation and clusters."""

from typing import NamedTuple

import numpy as np


class Fit(NamedTuple):
    """Coefficients of a regression.

    Attributes
    ----------
    coefficients, std_errors
        float64, one per regressor; nan if the data do not identify them.
    n
        Observations used.
    r_squared
        Share of the (within-cell, if demeaned) variance explained.
    """

    coefficients: np.ndarray
    std_errors: np.ndarray
    n: int
    r_squared: float


def ols(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, absorbed: int = 0) -> Fit:
    """Least squares of ``y`` on the columns of ``x`` with standard errors clustered by ``cluster``.

    The sandwich (X'X)^-1 (sum_g X_g'e_g e_g'X_g) (X'X)^-1 with the usual small-sample factor
    G/(G-1) * (n-1)/(n-k), k counting the ``absorbed`` fixed effects (Cameron and Miller
    2015, eq. 11 and section III.B). With every row its own cluster it is White's estimator. Rows must be finite.
    """
    n, k = x.shape
    groups = np.unique(cluster, return_inverse=True)[1]
    count = int(groups.max()) + 1 if n else 0
    if n <= k + absorbed or np.linalg.matrix_rank(x) < k:
        return unidentified(n, k)
    coefficients, bread, residual = _solve(y, x)
    scores = np.zeros((count, k))
    np.add.at(scores, groups, x * residual[:, None])
    factor = count / (count - 1) * (n - 1) / (n - k - absorbed) if count > 1 else np.nan
    errors = np.sqrt(np.diag(bread @ (scores.T @ scores) @ bread) * factor)
    return Fit(coefficients, errors, n, _r_squared(y, residual))


def newey_west(y: np.ndarray, x: np.ndarray, lags: int, prewhiten: bool = False) -> Fit:
    """Least squares of a time series, standard errors by Newey and West (1987) with Bartlett weights to ``lags``.

    With ``prewhiten`` the scores are first filtered with the residuals' first-order autocorrelation and the variance
    is coloured back (Andrews and Monahan 1992): needed where shocks last for much of the series.
    """
    n, k = x.shape
    if n <= k or np.linalg.matrix_rank(x) < k:
        return unidentified(n, k)
    coefficients, bread, residual = _solve(y, x)
    scores = x * residual[:, None]
    persistence = _persistence(residual, k) if prewhiten else 0.0
    if prewhiten:
        scores = (scores[1:] - persistence * scores[:-1]) / (1 - persistence)
    meat = scores.T @ scores
    for lag in range(1, min(lags, len(scores) - 1) + 1):
        product = scores[lag:].T @ scores[:-lag]
        meat += (1 - lag / (lags + 1)) * (product + product.T)
    variance = np.diag(bread @ meat @ bread) * n / (n - k)
    return Fit(coefficients, np.sqrt(np.maximum(variance, 0.0)), n, _r_squared(y, residual))


def _persistence(residual: np.ndarray, k: int) -> float:
    """First-order autocorrelation of the residuals of ``k`` regressors, 0 to 0.99.

    Estimates are too small by about (2 + 4 rho) / n around a trend (k = 2), which is added back; for other k the same
    expression in k is an approximation.
    """
    power = float(residual[:-1] @ residual[:-1])
    if power == 0:
        return 0.0
    rho = float(residual[1:] @ residual[:-1]) / power
    return min(max(rho + (k + 2 * k * rho) / len(residual), 0.0), 0.99)


def demeaned(values: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """``values`` (n,) less the mean of their cell: the within transformation of one fixed effect."""
    place = np.unique(cell, return_inverse=True)[1]
    return values - (np.bincount(place, values) / np.bincount(place))[place]


def unidentified(n: int, k: int) -> Fit:
    """Return a fit without an answer."""
    return Fit(np.full(k, np.nan), np.full(k, np.nan), n, np.nan)


def _solve(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    bread = np.linalg.inv(x.T @ x)
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    return coefficients, bread, y - x @ coefficients


def _r_squared(y: np.ndarray, residual: np.ndarray) -> float:
    total = float(np.sum((y - y.mean()) ** 2))
    return 1 - float(np.sum(residual**2)) / total if total > 0 else np.nan
