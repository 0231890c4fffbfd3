"""Shelves of models at their dated list prices, and uses that are worth so much that a known share of them is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experiments.studies.llmflation.price_indices import Shelf, Uses
from sim.units import DAYS_PER_MONTH, TOKENS_PER_MTOK

if TYPE_CHECKING:
    from numpy.random import Generator

    from experiments.studies.llmflation.assumed import IndexAssumptions
    from sim.market.models.model import Models

INPUT_SHARE = 0.75  # of a blended price: three to one, as published series have it


def shelf_of(models: Models, assumed: IndexAssumptions, days: int) -> Shelf:
    """Return what is on sale at the beginning of each month: creators' list prices, as they are changed.

    Models without a list price are never on sale, and those that are free would be no price.
    """
    at = np.arange(0.0, days, DAYS_PER_MONTH)
    into, out = (np.full((len(at), len(models.rows)), np.nan) for _ in range(2))
    for place, row in enumerate(models.rows):
        if not row.list_in_usd or not row.list_out_usd:
            continue
        there = (row.release_day <= at) & (at < row.retire_day)
        into[there, place], out[there, place] = row.list_in_usd, row.list_out_usd
        for change in row.list_changes:
            later = there & (at >= change.day)
            into[later, place], out[later, place] = change.input_usd, change.output_usd
    return shelf_at(into, out, models, assumed)


def shelf_at(into: np.ndarray, out: np.ndarray, models: Models, assumed: IndexAssumptions) -> Shelf:
    """Return a shelf of models at prices of input and output, USD per million tokens, float64 (months, models)."""
    answers = assumed.output_tokens * models.verbosity
    cost = (into * assumed.prompt_tokens + out * answers) / TOKENS_PER_MTOK
    quality = np.asarray(models.quality, np.float64)
    blended = INPUT_SHARE * into + (1.0 - INPUT_SHARE) * out
    return Shelf(blended, np.repeat(cost[:, None], len(quality), axis=1), quality)


def halved(shelf: Shelf, months_a_half: float = 12.0) -> Shelf:
    """Return the shelf of the first month without new models, all prices falling alike to a half in so many months."""
    fall = 0.5 ** (np.arange(len(shelf.price)) / months_a_half)
    return Shelf(shelf.price[0] * fall[:, None], shelf.cost[0] * fall[:, None, None], shelf.quality)


def drawn_uses(shelf: Shelf, assumed: IndexAssumptions, draws: Generator) -> Uses:
    """Return uses of every task in turn, of which the assumed share finds a model worth its cost at first.

    A use is live if its worth is at least the cheapest cost of a point of quality beyond its need (E60), so that the
    median worth of uses with this need follows from the share.
    """
    from scipy.special import ndtri

    task = np.arange(assumed.uses) % len(shelf.quality)
    need = assumed.need_low + draws.random(assumed.uses) * (assumed.need_high - assumed.need_low)
    beyond = shelf.quality[task] - need[:, None]
    useful = np.isfinite(shelf.cost[0])[task] & (beyond > 0.0)
    point = np.where(useful, np.nan_to_num(shelf.cost[0][task]) / np.where(useful, beyond, 1.0), np.inf).min(axis=1)
    # who needs more than there is wants a point as much as who finds one at the greatest cost, and waits
    point = np.minimum(point, point[np.isfinite(point)].max())
    away = float(ndtri(assumed.penetration)) + draws.normal(size=assumed.uses)
    return Uses(task, need, point * np.exp(assumed.worth_sd * away))
