"""Worlds of two models whose indices are worked by hand."""

from __future__ import annotations

from typing import Final

import numpy as np

from experiments.studies.llmflation.measures import FoundIndices, followed
from experiments.studies.llmflation.price_indices import Shelf, Uses
from experiments.studies.llmflation.shelves import halved

MONTHS: Final = 13  # a year and its first month
WORTHS: Final = (*(1.0 for _ in range(60)), 100.0)  # of a point of quality: sixty take the plain model, one the good


def two_tiers(dear: float, seeds: int) -> FoundIndices:
    """Return a world with a plain model and a good one, both sold at first; within the year the plain one halves.

    One point of quality at 0.5 USD a request, and three at 8; the mean that is bought is a little above 1, so that the
    constant quality is the good model's.

    Parameters
    ----------
    dear
        What the good one's price is multiplied by at the end, on a straight line in logarithms.
    seeds
        How many, all alike.
    """
    part = np.arange(MONTHS) / (MONTHS - 1)
    price = np.column_stack([0.5 * 0.5**part, 8.0 * dear**part])
    shelf = Shelf(price, price[:, None, :], np.array([[1.0, 3.0]]))
    uses = Uses(np.zeros(len(WORTHS), np.int64), np.zeros(len(WORTHS)), np.array(WORTHS))
    return FoundIndices((followed(shelf, uses),) * seeds, (followed(halved(shelf), uses),) * seeds)
