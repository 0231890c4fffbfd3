"""Through which rules each offer sold: by the default of each marketplace, or by a rule that a customer asked for.

A run counts an offer's requests by rule, and by marketplace, but not by both. Each marketplace is taken to have placed
of an offer's requests by default what it placed of all of them, times the part of its requests for the model that went
by default; exact where there is one marketplace, or no rule but defaults (E161).
"""

from typing import Final

import numpy as np

from sim.engines.wanted import RULES
from sim.market.result import MarketResult

DEFAULT: Final = 0  # of RULES
assert RULES[DEFAULT] == "default"


def ways_sold(result: MarketResult) -> np.ndarray | None:
    """Return completed requests, float64 (days, offers, ways); None of a run that does not count them.

    Ways are the default rule of each marketplace, or of the one router; then the other rules of
    ``sim.engines.wanted.RULES`` in their order, through whichever marketplace.
    """
    if not all(len(day.by_rule) for day in result.offer_days):
        return None
    counted = np.array([day.by_rule for day in result.offer_days], float).reshape(result.days, -1, len(RULES))
    if not result.marketplaces:
        return counted
    defaults = np.stack([_defaults(result, day, by_rule[:, DEFAULT]) for day, by_rule in enumerate(counted)])
    return np.concatenate([defaults, counted[:, :, DEFAULT + 1:]], axis=2)


def _defaults(result: MarketResult, day: int, by_default: np.ndarray) -> np.ndarray:
    """Requests of a day that the default of each marketplace placed, (offers, marketplaces)."""
    placed = result.marketplace_days[day].by_rule.astype(float)
    of_model = placed.sum(axis=2)
    part = np.where(of_model > 0, placed[:, :, DEFAULT] / np.where(of_model > 0, of_model, 1.0), 0.0)
    weight = result.offer_days[day].by_marketplace * part[:, result.offer_model].T
    total = weight.sum(axis=1, keepdims=True)
    return np.asarray(by_default[:, None] * np.where(total > 0, weight / np.where(total > 0, total, 1.0), 0.0))
