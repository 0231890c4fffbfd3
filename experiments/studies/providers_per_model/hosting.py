"""How many hosts a model carries: each must earn its fixed cost at the price that the rule leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from experiments.studies.providers_per_model.assumed import HostAssumptions

STEPS: Final = 60  # of the search for the fixed cost
WIDE: Final = 40.0  # logarithms of demand over fixed cost that are searched, on both sides of 1


def profits(assumed: HostAssumptions) -> np.ndarray:
    """Return what each of N hosts earns of a model, over its demand at cost, for N = 1 to all, float64 (hosts,).

    (p/c - 1) / N at the router's symmetric price (P3), e/(e - 1) with e = k (1 - 1/N), or the ceiling where that is
    higher or there is none.
    """
    sellers = np.arange(1.0, assumed.hosts + 1.0)
    elasticity = assumed.exponent * (1.0 - 1.0 / sellers)
    price = np.where(elasticity > 1.0, elasticity / np.where(elasticity > 1.0, elasticity - 1.0, 1.0), np.inf)
    return np.asarray((np.minimum(price, assumed.ceiling) - 1.0) / sellers)


def hosts_of(size: np.ndarray, assumed: HostAssumptions) -> np.ndarray:
    """Return how many hosts models carry, int64 (models,): the most of which each earns its fixed cost (P5).

    Where not even one does, the creator sells it all the same.

    Parameters
    ----------
    size
        Demand at cost over the fixed cost of one host, D c / F, float64 (models,).
    assumed
        Rule, ceiling, and how many hosts there are.
    """
    each = profits(assumed)  # falls with N, since the price does
    enough = size[:, None] * each[None, :] >= 1.0
    return np.asarray(np.maximum(enough.sum(axis=1), 1))


def sized(spread: np.ndarray, is_open: np.ndarray, assumed: HostAssumptions) -> np.ndarray:
    """Return hosts of all models, int64 (models,), at the fixed cost that gives them the mean that is known.

    Parameters
    ----------
    spread
        Logarithm of demand for each over the median, float64 (models,).
    is_open
        Whether anybody may host it; the others have one seller.
    assumed
        Among others the mean.
    """
    low, high = -WIDE, WIDE
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        if counted(middle + spread, is_open, assumed).mean() < assumed.mean_hosts:
            low = middle
        else:
            high = middle
    return counted(high + spread, is_open, assumed)


def counted(log_size: np.ndarray, is_open: np.ndarray, assumed: HostAssumptions) -> np.ndarray:
    """Return hosts of all models at a demand over fixed cost, in logarithms."""
    return np.where(is_open, hosts_of(np.exp(log_size), assumed), 1)
