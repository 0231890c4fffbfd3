"""Two models by hand where only the small one gets cheaper: an open one whose hosts compete, beside a closed one.

Uses are those of the climb's two rungs (E133); the closed model costs what its creator asks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.studies.climb.two_rungs import LADDER, LIVE, SIGMA, Rungs, bought
from experiments.studies.cost_fall.measures import mix_share

if TYPE_CHECKING:
    from pandas import DataFrame

FALLS: Final = (2.0, 5.0)
HALF: Final = 0.5  # of uses are live before


def bought_beside(rungs: Rungs, divisor: float, median: float, sigma: float) -> np.ndarray:
    """Return the shares of uses that buy the small and the big model, the small one alone cheaper (E197), float64 (2,).

    Parameters
    ----------
    rungs
        The two models before.
    divisor
        What the small one's price is divided by.
    median, sigma
        Of worths.
    """
    # the same as if both were cheaper and the big one that much dearer than the small one
    return bought(Rungs(rungs.cost * divisor, rungs.quality), divisor, median, sigma)


def share(rungs: Rungs, divisor: float, live: float, alone: bool) -> float:
    """Return the share of mix (E196) of a fall of the small model's price alone, or of both, with so many uses live."""
    from scipy.special import ndtri

    from experiments.measures.market.decomposition import shapley

    median = math.exp(SIGMA * float(ndtri(live)))  # so that this share of worths is above 1
    number = np.array([bought(rungs, 1.0, median, SIGMA),
                       (bought_beside if alone else bought)(rungs, divisor, median, SIGMA)])
    cost = np.array([[1.0, rungs.cost], [1.0 / divisor, rungs.cost / (1.0 if alone else divisor)]])
    split = shapley(number * cost, number, 1.0 / divisor)
    return mix_share(split.mix, split.volume)


def by_hand() -> DataFrame:
    """Return the share of mix by live uses and fall: the small model alone cheaper, and both."""
    import pandas as pd

    return pd.DataFrame([
        {"live_at_first": live, **{f"{how}_at_{fall:g}": share(LADDER, fall, live, how == "alone")
                                   for how in ("alone", "both") for fall in FALLS}} for live in LIVE])
