"""How long customers wait: time per output token, and tails over workloads and days weighted with requests."""

import numpy as np

from experiments.measures.market.panel import ratio


def tpot_s(ttft_s: np.ndarray, e2e_s: np.ndarray, completed: np.ndarray, output_tokens: np.ndarray) -> np.ndarray:
    """Time per output token of a day and workload, (E2E - TTFT) / (output - 1) of the means, seconds; nan without."""
    return ratio((e2e_s - ttft_s) * completed, output_tokens - completed)  # nan where every answer is one token


def quantile_s(value_s: np.ndarray, completed: np.ndarray, q: float) -> float:
    """Quantile over workloads and days weighted with requests, seconds; nan without requests.

    The smallest value with at least the share ``q`` of the weight at or below it. It is a quantile of daily means, not
    of requests: spread within a workload's day is not in it.
    """
    used = np.isfinite(value_s) & (completed > 0)
    values, weights = value_s[used], completed[used]
    if not len(values):
        return np.nan
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, q * reached[-1])])
