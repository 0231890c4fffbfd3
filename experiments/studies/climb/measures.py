"""What a climb found: what was bought at each divisor, and why spend changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.measures.catalogue import unit_of
from experiments.studies.climb.design import Climb
from sim.units import TOKENS_PER_MTOK

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

COLUMNS: Final = ("control", "divisor", "path", "after_days", "replication", "metric", "value")
POINT: Final = ["control", "divisor", "path", "after_days"]
EFFECT: Final = "effect_{}_usd_per_day"
LEAST_CHANGE: Final = 1e-9  # of spend: below it there is nothing to divide into mix and volume
SHOWN: Final = ("size_b", "quality", "price_usd_per_mtok", "tokens_per_day", "spend_usd_per_day", "climb_share")
BOUGHT: Final = ("size_b", "quality", "price_usd_per_mtok", "tokens_per_day")
METRICS: Final = (*SHOWN, *(EFFECT.format(name) for name in ("price", "volume", "mix")))


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


@dataclass(frozen=True)
class Found:
    """Results of a climb: a frame with the columns ``COLUMNS``, a row a run, day of measurement and metric."""

    design: Climb
    frame: DataFrame


def found_in(design: Climb, results: Results) -> Found:
    """Return what the runs in a store say."""
    return Found(design, frame_of(design, dict(iter(results.table("wanted_days").groupby(["row", "replication"])))))


def frame_of(design: Climb, runs: Mapping[Any, DataFrame]) -> DataFrame:
    """Return the frame of runs, by number of the cell and replication; those that are not there are left out."""
    import pandas as pd

    cells, rows = design.cells(), []
    first = {cell.control: row for row, cell in reversed(list(enumerate(cells)))}
    for row, cell in enumerate(cells):
        for after in design.looks(cell):
            begin = max(0, after - design.measured_days)
            for replication in range(design.replications):
                # the same replication at whole prices: the same customers and tastes, so that only prices are apart
                base, mine = (runs.get((place, replication)) for place in (first[cell.control], row))
                if base is None or mine is None:
                    continue  # of a run in which nobody wants anything there is no row
                level = design.divisors[0] / cell.divisor
                metrics = metrics_of(bill_of(base, begin, after), bill_of(mine, begin, after), level)
                rows += [(*cell, after, replication, metric, value) for metric, value in metrics.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def bill_of(wanted: DataFrame, first_day: int, end_day: int) -> Bill:
    """Return what is bought a day in the days of a run from one to before another.

    Parameters
    ----------
    wanted
        The run's rows of the table ``wanted_days`` (`experiments.store.dictionary`).
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


def metrics_of(base: Bill, bill: Bill, level: float = 1.0) -> dict[str, float]:
    """Return the metrics of a run, its spend set against that of the base.

    Volume counts plain tokens: what a wordier model needs more for the same requests is mix (E130).

    Parameters
    ----------
    base, bill
        What is bought at whole prices, and after the fall.
    level
        Prices after the fall over whole ones: what a model that is bought only in one of them costs in the other.
    """
    from experiments.measures.market.decomposition import shapley

    names = sorted({*base.spend_usd, *bill.spend_usd})
    spend, plain = (np.array([[float(of.get(name, 0.0)) for name in names] for of in pair]).reshape(2, -1)
                    for pair in ((base.spend_usd, bill.spend_usd), (base.plain_tokens, bill.plain_tokens)))
    split, whole = shapley(spend, plain, level), float(spend[1].sum())
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


def means(frame: DataFrame) -> DataFrame:
    """Return mean, half-width and number of replications of every metric by customers, divisor, path and day."""
    import pandas as pd

    from experiments.stats import interval

    rows: list[tuple[Any, ...]] = []
    for (*point, metric), part in frame.groupby([*POINT, "metric"], sort=False):
        got = interval(part["value"].tolist())
        rows.append((*point, metric, unit_of(str(metric)), got.mean, got.half_width, got.n))
    return pd.DataFrame(rows, columns=[*POINT, "metric", "unit", "mean", "half_width", "n"])


def summary(frame: DataFrame) -> DataFrame:
    """Return a row by customers, divisor, path and day: means of what is bought, and mix over mix and volume.

    Of the latter, the columns ``mean``, ``half_width`` and ``n``.
    """
    import pandas as pd

    found, rows = means(frame), []
    for point, part in found.groupby(POINT, sort=False):
        mine = part.set_index("metric")
        share = mine.loc["climb_share"]
        told = {name: mine.loc[name, "mean"] for name in BOUGHT}
        rows.append({**dict(zip(POINT, point, strict=True)), **told, "mean": share["mean"],
                     "half_width": share["half_width"], "n": share["n"]})
    return pd.DataFrame(rows)
