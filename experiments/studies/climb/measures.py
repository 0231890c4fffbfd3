"""What a climb found: what was bought at each divisor, and why spend changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from experiments.measures.catalogue import unit_of
from experiments.studies.bills import EFFECT, bill_of, metrics_of
from experiments.studies.climb.design import Climb

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

COLUMNS: Final = ("control", "divisor", "path", "after_days", "replication", "metric", "value")
POINT: Final = ["control", "divisor", "path", "after_days"]
SHOWN: Final = ("size_b", "quality", "price_usd_per_mtok", "tokens_per_day", "spend_usd_per_day", "climb_share")
BOUGHT: Final = ("size_b", "quality", "price_usd_per_mtok", "tokens_per_day")
METRICS: Final = (*SHOWN, *(EFFECT.format(name) for name in ("price", "volume", "mix")))


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
