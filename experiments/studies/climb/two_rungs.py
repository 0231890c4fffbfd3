"""Two models and uses of log-normal worth, worked by hand: where a fall of all prices moves customers up, where not.

A use of worth W (USD per request and point of quality) buys the model of the greatest W·q − c, if that is above 0
(E60). The small model has cost 1 and quality 1 beyond what uses need; prices are divided by d. Worths are in units of
its cost.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sim.market.customers.uses import live_share, long_run_elasticity

if TYPE_CHECKING:
    from pandas import DataFrame

LIVE: Final = (0.1, 0.3, 0.5, 0.7, 0.9)  # shares of uses that are live at whole prices
FALLS: Final = (2.0, 5.0, 20.0)
SIGMA: Final = 0.9  # of the logarithm of worths: a 90th percentile of ten times the 10th


class Rungs(NamedTuple):
    """The bigger model over the smaller: cost of a request, and quality beyond the need."""

    cost: float
    quality: float


LADDER: Final = Rungs(5.0, 1.4)  # a model of five times the price for two fifths more of what counts


def bought(rungs: Rungs, divisor: float, median: float, sigma: float) -> np.ndarray:
    """Return the shares of uses that buy the small and the big model (E133), float64 (2,).

    Parameters
    ----------
    rungs
        The two models; the big one must be dearer a point of quality, or nobody buys the small one.
    divisor
        What both prices are divided by.
    median, sigma
        Of worths.
    """
    up = (rungs.cost - 1) / (rungs.quality - 1)  # the worth from which the big model is worth its price at divisor 1
    live, big = (float(live_share(np.array(worth / divisor), median, sigma)) for worth in (1.0, up))
    return np.array([live - big, big])


def climb_share(rungs: Rungs, divisor: float, median: float, sigma: float) -> float:
    """Return mix over mix and volume (E130) of a fall of both prices with two models; nan if nothing changes."""
    from experiments.measures.market.decomposition import shapley

    number = np.array([bought(rungs, d, median, sigma) for d in (1.0, divisor)])
    cost = np.array([[1.0, rungs.cost], [1.0 / divisor, rungs.cost / divisor]])
    split = shapley(number * cost, number, 1.0 / divisor)
    changed = split.mix + split.volume
    return float(split.mix / changed) if changed else math.nan


def least_fall(divisor: float, mean_cost: float, top_cost: float) -> float:
    """Return by what the price of a request falls at least when all fall by ``divisor`` (E134): the ladder has a top.

    Parameters
    ----------
    divisor
        What all prices are divided by.
    mean_cost, top_cost
        Of a request at whole prices: as bought, and with the dearest model that anybody would take.
    """
    return max(1.0, divisor * mean_cost / top_cost)


def table() -> DataFrame:
    """Return mix over mix and volume by live uses at whole prices (and so by elasticity, E61) and by fall."""
    import pandas as pd
    from scipy.special import ndtri

    rows = []
    for live in LIVE:
        median = float(np.exp(SIGMA * ndtri(live)))  # so that this share of worths is above 1
        rows.append({"live_at_whole_prices": live,
                     "elasticity": float(long_run_elasticity(np.array(1.0), median, SIGMA)),
                     "big_at_whole_prices": float(bought(LADDER, 1.0, median, SIGMA)[1]),
                     **{f"share_at_{fall:g}": climb_share(LADDER, fall, median, SIGMA) for fall in FALLS}})
    return pd.DataFrame(rows)
