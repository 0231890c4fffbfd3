"""What a climb found: what was bought at each divisor, and why spend changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.measures.catalogue import unit_of
from experiments.studies.climb.design import Climb
from sim.units import TOKENS_PER_MTOK

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

COLUMNS: Final = ("control", "divisor", "replication", "metric", "value")
EFFECT: Final = "effect_{}_usd_per_day"
SHOWN: Final = ("size_b", "quality", "price_usd_per_mtok", "tokens_per_day", "spend_usd_per_day", "completed_share")
METRICS: Final = (*SHOWN, *(EFFECT.format(name) for name in ("price", "volume", "mix")))


@dataclass(frozen=True)
class Bill:
    """The measured days of one run, by model: USD and tokens a day; and token-weighted size and quality."""

    spend_usd: np.ndarray
    tokens: np.ndarray
    size_b: float
    quality: float
    completed_share: float


@dataclass(frozen=True)
class Found:
    """Results of a climb: a frame with the columns ``COLUMNS``, a row a run and metric."""

    design: Climb
    frame: DataFrame


def found_in(design: Climb, results: Results) -> Found:
    """Return what the runs in a store say."""
    import pandas as pd

    first_day = design.scenario.horizon.days - design.measured_days
    places = ["row", "replication"]
    models = dict(iter(results.table("model_days").groupby(places, sort=True)))
    bills = {place: bill_of(days, models[place], first_day)
             for place, days in results.table("days").groupby(places, sort=True)}
    cells = design.cells()
    rows = []
    for row, (control, divisor) in enumerate(cells):
        # the same replication at the first divisor: the same customers and tastes, so that only prices are apart
        base = cells.index((control, design.divisors[0]))
        for replication in range(design.replications):
            metrics = metrics_of(bills[base, replication], bills[row, replication])
            rows += [(control, divisor, replication, metric, value) for metric, value in metrics.items()]
    return Found(design, pd.DataFrame(rows, columns=list(COLUMNS)))


def bill_of(days: DataFrame, models: DataFrame, first_day: int) -> Bill:
    """Return what was bought in a run from a day on.

    Parameters
    ----------
    days, models
        The run's rows of the tables ``days`` and ``model_days`` (`experiments.store.dictionary`).
    first_day
        First day that is measured.
    """
    days, models = days[days["day"] >= first_day], models[models["day"] >= first_day]
    by_model = models.groupby("model", sort=False)
    tokens, spend = (by_model[name].sum().to_numpy(float) for name in ("tokens", "spend_usd"))
    total_b = by_model["total_b"].first().to_numpy(float)
    rated, born = float(days["rated_tokens"].sum()), float(days["requests"].sum())
    return Bill(
        spend_usd=spend / len(days), tokens=tokens / len(days),
        size_b=float(tokens @ total_b / tokens.sum()) if tokens.sum() > 0 else np.nan,
        quality=float(days["quality_tokens"].sum()) / rated if rated > 0 else np.nan,
        completed_share=float(days["completed"].sum()) / born if born > 0 else np.nan,
    )


def metrics_of(base: Bill, bill: Bill) -> dict[str, float]:
    """Return the metrics of a run, its spend set against that of the base."""
    from experiments.measures.market.decomposition import shapley

    spend, tokens = bill.spend_usd.sum(), bill.tokens.sum()
    split = shapley(np.stack([base.spend_usd, bill.spend_usd]), np.stack([base.tokens, bill.tokens]))
    return {
        "size_b": bill.size_b,
        "quality": bill.quality,
        "price_usd_per_mtok": float(TOKENS_PER_MTOK * spend / tokens) if tokens > 0 else np.nan,
        "tokens_per_day": float(tokens),
        "spend_usd_per_day": float(spend),
        "completed_share": bill.completed_share,
        **{EFFECT.format(name): float(getattr(split, name)) for name in ("price", "volume", "mix")},
    }


def summary(frame: DataFrame) -> DataFrame:
    """Return mean, half-width and number of replications of every metric by control and divisor."""
    import pandas as pd

    from experiments.stats import interval

    rows: list[tuple[Any, ...]] = []
    for (control, divisor, metric), part in frame.groupby(["control", "divisor", "metric"], sort=False):
        got = interval(part["value"].tolist())
        rows.append((control, divisor, metric, unit_of(str(metric)), got.mean, got.half_width, got.n))
    return pd.DataFrame(rows, columns=["control", "divisor", "metric", "unit", "mean", "half_width", "n"])
