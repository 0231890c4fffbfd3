"""Closed forms of discrete choice: shares, elasticities and surplus of logit and nested logit.

``V`` is utility in units of the scale of its Gumbel shocks; the outside option has utility 0 and is a nest by itself.
Source: Train, *Discrete Choice Methods with Simulation*, 2nd ed. (2009), chapters 3 and 4.
"""

import numpy as np


def logit_shares(utilities: np.ndarray) -> np.ndarray:
    """Probability of each alternative (last axis) against an outside option of utility 0."""
    values = np.asarray(utilities, float)
    top = np.maximum(values.max(axis=-1, keepdims=True), 0.0)
    weights = np.exp(values - top)
    return np.asarray(weights / (np.exp(-top) + weights.sum(axis=-1, keepdims=True)))


def log_sums(utilities: np.ndarray, nests: np.ndarray, dissimilarity: float) -> np.ndarray:
    """Return the inclusive value of every nest: lambda ln(sum of exp(V/lambda)) over its members.

    Parameters
    ----------
    utilities
        float64 (..., alternatives); -inf for an alternative that is not there.
    nests
        int64 (alternatives,): nest of each, from 0.
    dissimilarity
        Lambda in (0, 1]; 1 is plain logit.

    Returns
    -------
    np.ndarray
        float64 (..., nests); -inf for a nest without any alternative.
    """
    values = np.asarray(utilities, float) / dissimilarity
    shape = (*values.shape[:-1], int(np.max(nests)) + 1)
    sums = np.full(shape, -np.inf)
    there = (values != -np.inf).any(axis=tuple(range(values.ndim - 1)))
    for nest in np.unique(nests[there]).tolist():
        members = values[..., nests == nest]
        top = members.max(axis=-1)
        shift = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(divide="ignore"):  # an empty nest: the logarithm of 0 is the -inf that is wanted
            sums[..., nest] = shift + np.log(np.exp(members - shift[..., None]).sum(axis=-1))
    return dissimilarity * sums


def nested_shares(utilities: np.ndarray, nests: np.ndarray, dissimilarity: float) -> np.ndarray:
    """Probability of each alternative (last axis) in nested logit; at ``dissimilarity`` 1 it is plain logit."""
    inclusive = log_sums(utilities, nests, dissimilarity)
    within = np.exp(_finite_difference(np.asarray(utilities, float), inclusive[..., nests]) / dissimilarity)
    return np.asarray(within * logit_shares(inclusive)[..., nests])


def _finite_difference(values: np.ndarray, base: np.ndarray) -> np.ndarray:
    """``values - base``, -inf where the value is."""
    there = np.isfinite(values)
    return np.where(there, values - np.where(there, base, 0.0), -np.inf)


def logit_elasticities(prices: np.ndarray, shares: np.ndarray, alpha: float) -> np.ndarray:
    """Return the matrix of d ln share_j / d ln price_k of plain logit: -alpha p(1 - s), across alpha p s."""
    return np.asarray(alpha * prices[None, :] * (shares[None, :] - np.eye(len(prices))))


def nested_elasticities(
    prices: np.ndarray, shares: np.ndarray, nests: np.ndarray, dissimilarity: float, alpha: float
) -> np.ndarray:
    """Return the matrix of d ln share_j / d ln price_k of nested logit.

    Own: -alpha p [1/lambda - (1-lambda)/lambda s(j|g) - s]; within the nest alpha p_k [(1-lambda)/lambda s(k|g) + s_k];
    across nests alpha p_k s_k.
    """
    inside = shares / np.bincount(nests, shares)[nests]
    same = nests[:, None] == nests[None, :]
    spread = (1 - dissimilarity) / dissimilarity
    own = np.eye(len(prices)) / dissimilarity
    return np.asarray(alpha * prices[None, :] * (shares[None, :] + same * spread * inside[None, :] - own))


def surplus(utilities: np.ndarray, alpha: float) -> np.ndarray:
    """Return the expected consumer surplus of a choice over the outside option alone: ln(1 + sum of exp V)/alpha."""
    values = np.asarray(utilities, float)
    top = np.maximum(values.max(axis=-1), 0.0)
    return np.asarray((top + np.log(np.exp(-top) + np.exp(values - top[..., None]).sum(axis=-1))) / alpha)


def nested_surplus(utilities: np.ndarray, nests: np.ndarray, dissimilarity: float, alpha: float) -> np.ndarray:
    """Return the expected consumer surplus of a choice in nested logit: ln(1 + sum of exp I_g)/alpha."""
    return surplus(log_sums(utilities, nests, dissimilarity), alpha)


def upgrade_probability(quality_gain: float, price_gap: float, alpha: float) -> float:
    """Probability of the bigger of two models: 1/(1 + exp(-(dq - alpha dp)))."""
    return float(1 / (1 + np.exp(-(quality_gain - alpha * price_gap))))
