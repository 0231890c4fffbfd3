"""What customers bought in some days, by model, and why spend differs between two bills: price, volume, mix (E130)."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from sim.units import TOKENS_PER_MTOK

if TYPE_CHECKING:
    from pandas import DataFrame

EFFECT: Final = "effect_{}_usd_per_day"
LEAST_CHANGE: Final = 1e-9  # of spend: below it there is nothing to divide into mix and volume
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Bill:
    """What is bought a day in some days of a run.

    Attributes
    ----------
    spend_usd, plain_tokens
        By name of the model; plain tokens are what the same requests take with a model of verbosity 1.
    tokens, size_b, quality
        All tokens, and token-weighted means over them.
    """

    spend_usd: Mapping[str, float]
    plain_tokens: Mapping[str, float]
    tokens: float
    size_b: float
    quality: float


def bill_of(wanted: DataFrame, first_day: int, end_day: int) -> Bill:
    """Return what is bought a day in the days of a run from one to before another.

    Parameters
    ----------
    wanted
        The run's rows of the table ``wanted_days`` or ``sold_days`` (`experiments.store.dictionary`).
    first_day, end_day
        First day that is measured, and the first that no longer is.
    """
    days = end_day - first_day
    wanted = wanted[(wanted["day"] >= first_day) & (wanted["day"] < end_day)]
    by_model, tokens = wanted.groupby("model", sort=True), wanted["tokens"].to_numpy(float)
    total = float(tokens.sum())
    return Bill(
        spend_usd=(by_model["spend_usd"].sum() / days).to_dict(),
        plain_tokens=(by_model["plain_tokens"].sum() / days).to_dict(), tokens=total / days,
        size_b=float(tokens @ wanted["total_b"].to_numpy(float) / total) if total > 0 else np.nan,
        quality=float(wanted["quality_tokens"].sum()) / total if total > 0 else np.nan,
    )


def metrics_of(base: Bill, bill: Bill, level: float | Mapping[str, float] = 1.0) -> dict[str, float]:
    """Return the metrics of a run, its spend set against that of the base.

    Volume counts plain tokens: what a wordier model needs more for the same requests is mix (E130).

    Parameters
    ----------
    base, bill
        What is bought at whole prices, and after the fall.
    level
        Prices after the fall over whole ones: what a model that is bought only in one of them costs in the other. Of
        all models alike, or by name, 1 where a name is missing.
    """
    from experiments.measures.market.decomposition import shapley

    names = sorted({*base.spend_usd, *bill.spend_usd})
    spend, plain = (np.array([[float(of.get(name, 0.0)) for name in names] for of in pair]).reshape(2, -1)
                    for pair in ((base.spend_usd, bill.spend_usd), (base.plain_tokens, bill.plain_tokens)))
    levels = np.array([level.get(name, 1.0) for name in names]) if isinstance(level, Mapping) else level
    split, whole = shapley(spend, plain, levels), float(spend[1].sum())
    least = LEAST_CHANGE * whole
    mix, bought = (change if abs(change) > least else 0.0 for change in (split.mix, split.mix + split.volume))
    return {
        "size_b": bill.size_b,
        "quality": bill.quality,
        "price_usd_per_mtok": TOKENS_PER_MTOK * whole / bill.tokens if bill.tokens > 0 else np.nan,
        "tokens_per_day": bill.tokens,
        "spend_usd_per_day": whole,
        "climb_share": mix / bought if bought else np.nan,
        **{EFFECT.format(name): float(getattr(split, name)) for name in ("price", "volume", "mix")},
    }


def extreme(cells: Mapping[K, Sequence[float]], sign: int) -> Sequence[float]:
    """Return the values, one a seed, of the cell with the least mean (sign 1) or the most (−1).

    If one has no mean (nothing is bought, or nothing changes) it is that one: so no threshold holds.
    """
    means = {cell: sum(values) / len(values) if values else math.nan for cell, values in cells.items()}
    unknown = next((cell for cell, mean in means.items() if math.isnan(mean)), None)
    if unknown is not None or not means:
        return [] if unknown is None else cells[unknown]
    return cells[min(means, key=lambda cell: sign * means[cell])]
