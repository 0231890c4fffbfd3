"""Days of a market: what was bought on each, as a whole and by model, for studies that measure some of them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.measures.market.panel import by_group, offer_series, offer_tokens, workload_series
from experiments.measures.market.run import Run
from sim.market.result import MarketResult
from sim.units import NANO_PER_USD

if TYPE_CHECKING:
    from pandas import DataFrame


def day_tables(result: MarketResult) -> "dict[str, DataFrame]":
    """Return the tables ``days`` and ``model_days`` (`experiments.store.day_tables` describes their columns)."""
    import pandas as pd

    return {"days": pd.DataFrame(_days(result)), "model_days": pd.DataFrame(_model_days(result))}


def _days(result: MarketResult) -> dict[str, Any]:
    run = Run(result)
    quality = run.quality
    rated = np.where(np.isfinite(quality), run.tokens, 0)  # requests may end after their workload did
    return {
        "day": np.arange(result.days),
        "requests": workload_series(result, "born").sum(axis=1),
        "completed": workload_series(result, "completed").sum(axis=1),
        "rated_tokens": rated.sum(axis=1).astype(float),
        "quality_tokens": (np.nan_to_num(quality) * rated).sum(axis=1),
    }


def _model_days(result: MarketResult) -> dict[str, Any]:
    count, days = len(result.models), result.days
    tokens = by_group(offer_tokens(result), result.offer_model, count)
    nano = by_group(offer_series(result, "revenue_nano"), result.offer_model, count)
    return {
        "day": np.repeat(np.arange(days), count), "model": list(result.models.names) * days,
        "total_b": np.tile(result.models.total_b, days), "tokens": tokens.ravel(),
        "spend_usd": nano.ravel() / NANO_PER_USD,
    }
