"""What happened at each offer on each day: its attempts, why they ended as they did, and what was found in caches."""

from typing import Final

import numpy as np

from experiments.measures.columns import DAILY_OFFERS, column
from experiments.measures.market.cells import Panel

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
def refused_otherwise(panel: Panel) -> np.ndarray:
    """Attempts that were refused for any other reason."""
    return np.asarray(panel.sold("refused") - panel.sold("queue_full"))


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
