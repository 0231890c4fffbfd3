"""Tables of a run of the market, as pandas frames and CSV files: one row a period and group, and one an event.

A table of measures is a cut of the days, a way to tell groups apart, and the columns that `columns` gives it; facts
and events are in `market_events`.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from experiments.measures import columns, market_events, offer_columns
from experiments.measures.columns import COLUMNS
from experiments.measures.market.cells import GROUPS, PERIODS, Panel
from experiments.measures.market.periods import Periods
from experiments.measures.market.run import Run
from sim.market.result import MarketResult

if TYPE_CHECKING:
    from pandas import DataFrame


class Grid(NamedTuple):
    """A table of measures: a row a period and group.

    Attributes
    ----------
    periods, groups
        Names in `cells.PERIODS` and `cells.GROUPS`.
    rows
        Which of them have a row, bool (periods, groups); None for all.
    """

    periods: str
    groups: str
    rows: Callable[[Panel], np.ndarray] | None = None


def listed_or_sold(panel: Panel) -> np.ndarray:
    """Offers that are listed at the end of a period or have sold in it."""
    return np.asarray(columns.listed(panel) | (panel.tokens > 0))


GRIDS: Final[Mapping[str, Grid]] = {
    columns.MARKET: Grid("months", "market"),
    columns.MODELS: Grid("months", "model"),
    columns.PROVIDERS: Grid("months", "provider"),
    columns.SEGMENTS: Grid("months", "segment"),
    columns.CUSTOMERS: Grid("months", "customer"),
    columns.WEEKLY: Grid("weeks", "market"),
    columns.WEEKLY_OFFERS: Grid("weeks", "offer", listed_or_sold),
    columns.WEEKLY_PROVIDERS: Grid("weeks", "provider"),
}
# a row an offer and day is half a million rows of a whole market: these are made only where somebody asks for them
ASKED: Final[Mapping[str, Grid]] = {offer_columns.TABLE: Grid("days", "offer", listed_or_sold)}
NAMES: Final = (*GRIDS, *market_events.TABLES)


def tables(result: MarketResult, asked: Iterable[str] = ()) -> "dict[str, DataFrame]":
    """Return every table of a run by its name; of ``ASKED``, those that are asked for."""
    import pandas as pd

    run, grids = Run(result), [*GRIDS, *asked]
    made = {name: grid_columns(run, name) for name in grids} | {
        name: make(run) for name, make in market_events.TABLES.items()}
    return {name: pd.DataFrame(dict(made[name])) for name in (*NAMES, *asked)}


def headers() -> dict[str, tuple[str, ...]]:
    """Return the columns of every table of every run, in order."""
    return _headers(GRIDS) | dict(market_events.COLUMNS)


def asked_headers() -> dict[str, tuple[str, ...]]:
    """Return the columns of the tables of ``ASKED``."""
    return _headers(ASKED)


def _headers(grids: Mapping[str, Grid]) -> dict[str, tuple[str, ...]]:
    return {name: (*PERIOD_COLUMNS[grid.periods], *GROUP_COLUMNS[grid.groups], *COLUMNS[name])
            for name, grid in grids.items()}


def write(frames: "Mapping[str, DataFrame]", folder: Path) -> None:
    """Write each frame as ``NAME.csv``: shortest exact decimals, unix line ends, empty for missing."""
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def grid_columns(run: Run, name: str) -> dict[str, Any]:
    """Return the columns of one table of measures, periods outermost."""
    grid = {**GRIDS, **ASKED}[name]
    panel = Panel(run, PERIODS[grid.periods](run), GROUPS[grid.groups](run))
    shape = len(panel.periods), panel.group.count
    present = np.ones(shape, bool) if grid.rows is None else grid.rows(panel)
    row, group = np.nonzero(present)
    found: dict[str, Any] = {header: np.asarray(values)[row]
                             for header, values in _named(panel.periods, grid.periods).items()}
    found |= {header: np.asarray(values)[group] for header, values in panel.group.columns.items()}
    for header, function in COLUMNS[name].items():
        values = np.asarray(function(panel))
        found[header] = np.broadcast_to(values.reshape(shape[0], -1), shape)[row, group]
    return found


def _named(periods: Periods, how: str) -> dict[str, Any]:
    """Columns that name periods: a month its label; a week its first day, its date, and how many days it has; a day."""
    labels = np.array(periods.labels, object)
    columns = {"month": labels, "day": periods.first, "date": labels, "days": periods.days}
    return {name: columns[name] for name in PERIOD_COLUMNS[how]}


PERIOD_COLUMNS: Final = {"months": ("month",), "weeks": ("day", "date", "days"), "days": ("day", "date")}
GROUP_COLUMNS: Final = {
    "market": (), "model": ("model", "creator", "open", "size_class", "total_b", "mean_quality"),
    "provider": ("provider",), "segment": ("segment",), "customer": ("customer",), "offer": ("provider", "model"),
}
