"""What ``cost_fall`` finds: what was bought after a fall of GPUs' cost and without one, and why spend differs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.studies.bills import EFFECT, bill_of, metrics_of
from experiments.studies.cost_fall.design import ENTRY, CostFall, FallCell

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

ALL, OPEN, LISTED = "all", "open", "list prices"  # tokens: sold, of these open models', and wanted at list prices
POINT: Final = ["arm", "divisor", "after_days", "tokens"]
COLUMNS: Final = (*POINT, "replication", "metric", "value")
SHARE, MIX, SPEND, PASSED = "mix_share", "mix_over_spend", "log_spend", "passed_on"
BOUGHT: Final = ("size_b", "price_usd_per_mtok", "tokens_per_day", "spend_usd_per_day")
SHOWN: Final = (*BOUGHT, SPEND, "open_price", PASSED, "sellers")


class SoldAndWanted(NamedTuple):
    """Of one run: rows of the tables ``sold_days``, and of ``wanted_days`` of the same customers at list prices."""

    sold: DataFrame
    wanted: DataFrame


@dataclass(frozen=True)
class FoundFalls:
    """Results: a frame with the columns ``COLUMNS``, a row a run, day of measurement, kind of tokens and metric.

    Attributes
    ----------
    design, frame
        What was run, and what was found.
    elsewhere
        The same at each admissible vector of the design.
    """

    design: CostFall
    frame: DataFrame
    elsewhere: tuple[FoundFalls, ...] = ()


def found_in(design: CostFall, results: Results) -> FoundFalls:
    """Return what the runs in a store say of the cells."""
    return FoundFalls(design, frame_of(design, runs_in(results)))


def runs_in(results: Results) -> dict[Any, SoldAndWanted]:
    """Return the tables of a store's runs, by number of the point and replication."""
    sold, wanted = (dict(iter(results.table(name).groupby(["row", "replication"])))
                    for name in ("sold_days", "wanted_days"))
    return {key: SoldAndWanted(sold[key], wanted[key]) for key in sold if key in wanted}


def frame_of(design: CostFall, runs: Mapping[Any, SoldAndWanted]) -> DataFrame:
    """Return the frame of runs, by number of the cell and replication; those that are not there are left out."""
    import pandas as pd

    cells, rows = design.cells(), []
    for row, cell in enumerate(cells):
        first = cells.index(design.base_of(cell))
        for replication in range(design.replications):
            base, mine = (runs.get((place, replication)) for place in (first, row))
            if base is None or mine is None:
                continue
            for after in design.after:
                rows += [(*cell, after, tokens, replication, metric, value) for tokens, found in
                         _compared(design, cell, after, base, mine) for metric, value in found.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _compared(
    design: CostFall, cell: FallCell, after: int, base: SoldAndWanted, mine: SoldAndWanted
) -> Iterator[tuple[str, dict[str, float]]]:
    """Metrics of a run over the days of one measurement, by kind of tokens."""
    days = design.window(after)
    before, now = (_in(of.sold, days) for of in (base, mine))
    is_open = {name for it in (before, now) for name in it.loc[it["open"].astype(bool), "model"]}
    open_before, open_now = (it[it["model"].isin(is_open)] for it in (before, now))
    price = _open_price(open_before, open_now)
    # who sold in only one of them: an open one as open ones are, a closed one at its creator's price
    levels = dict.fromkeys(is_open, price if price > 0 else 1.0)
    yield ALL, _metrics(before, now, days, levels)
    known = price > 0 and cell.divisor != 1
    about = {"open_price": price, PASSED: -math.log(price) / math.log(cell.divisor) if known else math.nan,
             "sellers": float(open_now["sellers"].sum()) / len(days)}
    yield OPEN, _metrics(open_before, open_now, days, levels) | about
    if cell.arm == ENTRY:  # at list prices nobody enters, and the other arms would say the same
        imposed = dict.fromkeys(is_open, 1.0 / cell.divisor)
        yield LISTED, _metrics(_in(base.wanted, days), _in(mine.wanted, days), days, imposed)


def _in(rows: DataFrame, days: range) -> DataFrame:
    return rows[(rows["day"] >= days.start) & (rows["day"] < days.stop)]


def _open_price(before: DataFrame, now: DataFrame) -> float:
    """Prices of open models over those without a fall, the mix held still (Fisher, E171)."""
    from experiments.validation.gates.held_mix import Sold, held_mix

    sums = [rows.groupby("model")[["tokens", "spend_usd"]].sum() for rows in (before, now)]
    return held_mix(*(Sold(it["tokens"].to_dict(), it["spend_usd"].to_dict()) for it in sums)).fisher


def _metrics(before: DataFrame, now: DataFrame, days: range, levels: Mapping[str, float]) -> dict[str, float]:
    """What is bought, why spend differs, and which of mix and volume adds more to it."""
    base, mine = (bill_of(rows, days.start, days.stop) for rows in (before, now))
    found = metrics_of(base, mine, levels)
    del found["climb_share"]
    mix, volume = (found[EFFECT.format(name)] for name in ("mix", "volume"))
    first, spend = (sum(it.spend_usd.values()) for it in (base, mine))
    known = first > 0 and spend > 0
    return found | {SHARE: mix_share(mix, volume), MIX: mix / first if first > 0 else math.nan,
                    SPEND: math.log(spend / first) if known else math.nan}


def mix_share(mix: float, volume: float) -> float:
    """Return what share of what is added to spend is mix; nan if nothing changes (E196).

    Mix over mix and volume (E130) where neither falls. Where one does, that ratio may lie anywhere; this one is 0 where
    volume alone adds, 1 where mix alone does, and always above one half if and only if mix adds more than volume.

    Examples
    --------
    >>> mix_share(3.0, 1.0), mix_share(-3.0, 1.0), mix_share(1.0, -3.0), mix_share(-3.0, -1.0)
    (0.75, 0.0, 1.0, 0.25)
    """
    either = abs(mix) + abs(volume)
    return 0.5 + (mix - volume) / (2.0 * either) if either > 0 else math.nan


def summary(frame: DataFrame) -> DataFrame:
    """Return a row by cell, day and kind of tokens: means of what is bought, and the share of mix.

    Of the latter, the columns ``mean``, ``half_width`` and ``n``.
    """
    import pandas as pd

    from experiments.stats import interval

    rows = []
    for point, part in frame.groupby(POINT, sort=False):
        by_metric = {str(metric): values.tolist() for metric, values in part.groupby("metric", sort=False)["value"]}
        share = interval(by_metric[SHARE])
        told = {name: interval(by_metric[name]).mean if name in by_metric else math.nan for name in SHOWN}
        rows.append({**dict(zip(POINT, point, strict=True)), **told, "mean": share.mean,
                     "half_width": share.half_width, "n": share.n})
    return pd.DataFrame(rows, columns=[*POINT, *SHOWN, "mean", "half_width", "n"])
