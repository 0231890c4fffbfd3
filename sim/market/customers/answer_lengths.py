"""How much of its answers a workload gets and pays for: lengths are log-normal, and cut at what it asks for."""

import numpy as np


def kept_share(mean: np.ndarray, sigma: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Mean of a log-normal length that is cut over that of the whole, E[min(X, M)]/E[X], float64 (C4).

    Parameters
    ----------
    mean
        Mean of the whole lengths, tokens.
    sigma
        Standard deviation of their logarithm.
    most
        Longest answer that is asked for, tokens; 0: no limit. The three are broadcast as arrays are.
    """
    if not np.any(most):
        return np.ones(np.broadcast_shapes(np.shape(mean), np.shape(most)))
    from scipy.special import ndtr

    spread = np.maximum(sigma, 1e-9)  # of lengths that are all alike the smaller of the two is kept
    limit = np.where(most > 0, most, 1.0) / mean
    above = np.log(limit) / spread
    return np.asarray(np.where(most > 0, ndtr(above - spread / 2) + limit * ndtr(-above - spread / 2), 1.0))
