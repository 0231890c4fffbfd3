"""What happened at each offer on each day: its attempts, why they ended as they did, and what was found in caches."""

from typing import Final

import numpy as np

from experiments.measures.columns import COLUMNS, DAILY_OFFERS, column
from experiments.measures.market.cells import Measured, Panel

TABLE: Final = DAILY_OFFERS


@column(TABLE)
def placed(panel: Panel) -> np.ndarray:
    """Attempts that routers sent here."""
    return panel.sold("placed")


@column(TABLE)
def refused_queue_full(panel: Panel) -> np.ndarray:
    """Attempts that met a full queue."""
    return panel.sold("queue_full")


@column(TABLE)
def refused_rate_limit(panel: Panel) -> np.ndarray:
    """Attempts that met a rate limit."""
    return _counted(panel, "rate_limited")


@column(TABLE)
def refused_too_long(panel: Panel) -> np.ndarray:
    """Attempts for which the offer had no room."""
    return _counted(panel, "too_long")


@column(TABLE)
def errors(panel: Panel) -> np.ndarray:
    """Attempts that failed."""
    return panel.sold("failed")


@column(TABLE)
def given_up(panel: Panel) -> np.ndarray:
    """Attempts whose customers left before the first token."""
    return panel.sold("abandoned")


@column(TABLE)
def prompt_tokens_sold(panel: Panel) -> np.ndarray:
    """Prompt tokens of completed requests."""
    return panel.sold("prompt_tokens")


@column(TABLE)
def output_tokens_sold(panel: Panel) -> np.ndarray:
    """Output tokens of completed requests."""
    return panel.sold("output_tokens")


@column(TABLE)
def cached_tokens(panel: Panel) -> np.ndarray:
    """Prompt tokens that were billed as read from a cache."""
    return panel.sold("cached_tokens")


def _counted(panel: Panel, name: str) -> np.ndarray:
    """Sum of a count that a result need not have: then there were none."""
    rows = [getattr(day, name) for day in panel.run.result.offer_days]
    none = np.zeros(len(panel.run.result.offers), np.int64)
    return panel.offers(np.array([row if len(row) else none for row in rows]))


def _quantile(name: str, place: int) -> Measured:
    """One quantile of a kind of waiting on the last day of each period, nan where too few requests were measured."""
    def measured(panel: Panel) -> np.ndarray:
        found = np.full((len(panel.periods), panel.group.count), np.nan)
        for row, day in enumerate(panel.periods.last):
            known = getattr(panel.run.result.offer_days[day], name)
            if len(known):
                found[row] = known[:, place]
        return found

    return measured


def _speed(place: int) -> Measured:
    time_s = _quantile("tpot_s", place)

    def measured(panel: Panel) -> np.ndarray:
        return np.asarray(1.0 / time_s(panel))

    return measured


for _place, _percent in enumerate((50, 90, 99)):
    COLUMNS[TABLE][f"ttft_p{_percent}_completed_s"] = _quantile("ttft_s", _place)
for _place, _percent in enumerate((50, 90, 99)):
    COLUMNS[TABLE][f"speed_of_{_percent}"] = _speed(_place)
