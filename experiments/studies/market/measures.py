"""What a market found: the tables of its first run, and its summary over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from experiments.measures.market_summary import explained, over_replications
from experiments.store.report_tables import ASKED_FILES, FILES
from experiments.studies.market.design import Market, MarketByOffer

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

BY_MARKETPLACE: Final = ("monthly_marketplaces", "daily_marketplaces")  # of a market that has several


@dataclass(frozen=True)
class Found:
    """Results of a market.

    Attributes
    ----------
    design
        What was run.
    tables
        Frames by the name of their file.
    """

    design: Market
    tables: dict[str, DataFrame]

    def most_used(self, most: int = 26) -> list[str]:
        """Return the names of the models that sold most tokens, at most so many, best first."""
        sold = self.tables["monthly_models"].groupby("model", sort=False)["tokens"].sum()
        return list(sold[sold > 0].sort_values(ascending=False, kind="stable").index[:most])


def told_tables(frames: dict[str, DataFrame]) -> dict[str, DataFrame]:
    """Return the tables that are written: those by marketplace only of a market that has several."""
    return {name: frame for name, frame in frames.items() if name not in BY_MARKETPLACE or len(frame)}


def found_in(design: Market, results: Results) -> Found:
    """Return what the runs in a store say."""
    kept = {**FILES, **ASKED_FILES} if isinstance(design, MarketByOffer) else FILES
    frames = {file: _of(results, table) for file, table in kept.items()}
    # the tables are of one run, whose months and moves hang together; a mean over worlds would be the story of none
    first = {file: frame[frame["replication"] == 0].drop(columns="replication").reset_index(drop=True)
             for file, frame in frames.items()}
    if design.replications > 1:
        first["summary"] = over_replications(frames["summary"])
    first["summary"] = explained(first["summary"])
    return Found(design, first)


def _of(results: Results, table: str) -> DataFrame:
    return results.table(table).drop(columns="row")
