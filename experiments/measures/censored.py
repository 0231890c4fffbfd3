"""Quantiles that failures count in: requests that were not completed are later than any that was."""

import math

import numpy as np

from sim.histogram import FINE_BITS, midpoint


def quantile_of_all(counts: np.ndarray, unfinished: int, percent: int) -> float:
    """Return a quantile over all requests (L16): completed ones, of which there is a histogram, and the others.

    Parameters
    ----------
    counts
        Completed requests by bin (`sim.histogram`).
    unfinished
        Requests that were not completed.
    percent
        Which quantile, a whole percent, so that its rank is exact.

    Returns
    -------
    float
        Midpoint of the bin that holds it; inf if it falls among those not completed, whose time nobody knows but that
        it is past every deadline; NaN if there are none of either.

    Examples
    --------
    >>> from sim.histogram import bin_of, bins
    >>> counts = np.bincount([bin_of(0.5, FINE_BITS)], [98], bins(FINE_BITS)).astype(np.int64)
    >>> quantile_of_all(counts, 2, 90), quantile_of_all(counts, 2, 99), quantile_of_all(counts, 0, 99)
    (0.50390625, inf, 0.50390625)
    """
    completed = int(counts.sum())
    rank = max(1, -(-percent * (completed + unfinished) // 100))
    if completed + unfinished == 0:
        return math.nan
    if rank > completed:
        return math.inf
    return float(midpoint(int(np.searchsorted(np.cumsum(counts), rank)), FINE_BITS))
