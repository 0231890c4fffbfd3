"""What a study lacks: runs that failed or were not done yet, and how every table says so."""

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sim.errors import MarketWarning

if TYPE_CHECKING:
    from pandas import DataFrame, Series

DONE: Final = "done"
FAILED: Final = "failed"
ALL: Final = "_all"  # a column that puts every row in one group, where no other tells them apart


def lack(runs: "DataFrame") -> str:
    """Return what runs are lacking, in words; nothing if all are done.

    Parameters
    ----------
    runs
        Runs with their ``state``, as `experiments.store.store.Store.runs` has them.
    """
    failed, missing = int((runs["state"] == FAILED).sum()), int((~runs["state"].isin([DONE, FAILED])).sum())
    parts = [f"{failed} of {len(runs)} runs failed"] if failed else []
    parts += [f"{missing} of {len(runs)} runs are not done yet"] if missing else []
    return " and ".join(parts)


def warn(study: str, runs: "DataFrame") -> None:
    """Warn whoever reads a table of a study that lacks runs.

    Parameters
    ----------
    study
        Its name.
    runs
        Its runs with their ``state``.
    """
    lacking = lack(runs)
    if lacking:
        warnings.warn(f"study {study!r} is not whole: {lacking}; a row's n and failed say how many it rests on, "
                      "failures() why they failed", MarketWarning, stacklevel=_level_of_user())


def _level_of_user() -> int:
    """How many calls up the first line stands that is not of this room: the one to be warned of."""
    here, level, frame = str(Path(__file__).parent), 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(here):
        level, frame = level + 1, frame.f_back
    return level


def whole_only(means: "DataFrame", runs: "DataFrame", place: Sequence[str]) -> "DataFrame":
    """Leave out replications in which a group lacks a run: a mean over the others is one of something else.

    Parameters
    ----------
    means
        Values by group and replication.
    runs
        Runs with their ``state``.
    place
        Columns of the runs by which groups are told apart.
    """
    cells = list(dict.fromkeys([ALL, *place, "replication"]))
    done = runs.assign(**{ALL: 0, "whole": runs["state"] == DONE})
    whole = done.groupby(cells, sort=False, dropna=False)["whole"].all().reset_index()
    joined = means.assign(**{ALL: 0}).merge(whole, on=cells, how="left", sort=False)
    return joined[joined["whole"].astype(bool)].drop(columns=["whole", ALL])


def with_failures(found: "DataFrame", seen: "DataFrame", runs: "DataFrame", place: Sequence[str]) -> "DataFrame":
    """Add ``failed``, the number of failed runs of each group, and rows for the groups that have no result at all.

    Parameters
    ----------
    found
        Mean, half_width and n of each group that has results.
    seen
        Columns of the groups, with a row for each that any run has told of.
    runs
        Runs with their ``state``.
    place
        Columns of the runs by which groups are told apart.
    """
    import pandas as pd

    keys = [ALL, *place]
    failed = runs.assign(**{ALL: 0, FAILED: runs["state"] == FAILED})
    failed = failed.groupby(keys, sort=False, dropna=False)[FAILED].sum().reset_index()
    failed["_order"] = range(len(failed))
    columns = list(seen.columns)
    seen = seen.assign(**{ALL: 0})
    # dimensions and units, which a failed run cannot tell; without any, a group is its place and nothing else
    others = seen.drop(columns=list(place)).drop_duplicates() if set(columns) - set(place) else pd.DataFrame({ALL: [0]})
    told = failed[keys].merge(seen[keys].drop_duplicates(), on=keys, how="left", indicator=True, sort=False)
    silent = failed.loc[(told["_merge"] == "left_only").to_numpy(), keys].merge(others, on=ALL, sort=False)
    every = pd.concat([seen, silent], ignore_index=True) if len(silent) else seen
    whole = every.merge(failed, on=keys, how="left", sort=False).sort_values("_order", kind="stable")
    whole = whole.merge(found.assign(**{ALL: 0}), on=[*columns, ALL], how="left", sort=False)
    whole["n"] = whole["n"].fillna(0).astype(int)
    return whole.drop(columns=[ALL, "_order"]).reset_index(drop=True)


def problem_of(failures: "DataFrame", row: int) -> str:
    """Return why the first failed run of a point failed, with its replication."""
    mine: Series = failures[failures["row"] == row].iloc[0]
    return f"replication {mine['replication']}: {mine['problem']}"
