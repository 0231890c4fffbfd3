"""Paired comparisons of the levels of a factor, from the metrics of a study's runs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np

from experiments.runs.specs import Value
from experiments.stats import paired
from experiments.stats.multiple import verdicts
from experiments.store.completeness import DONE, FAILED, problem_of
from experiments.store.naming import StatisticError

if TYPE_CHECKING:
    from pandas import DataFrame

COMPARED: Final = ("difference", "half_width", "correlation", "variance_reduction", "n", "p", "p_holm")
Failed = Literal["refuse", "drop"]


@dataclass(frozen=True)
class Pairs:
    """Which levels are compared with which.

    Attributes
    ----------
    points
        Points of the design, one a row, a column a factor.
    factor
        The factor.
    baseline
        The level that the others are compared with.
    """

    points: "DataFrame"
    factor: str
    baseline: Value

    @property
    def others(self) -> list[str]:
        """The other factors, at equal levels of which pairs are made."""
        return [name for name in self.points.columns if name != self.factor]

    def rows(self) -> list[tuple[int, int]]:
        """Return rows of the design that are compared: each with the row of its baseline, where there is one."""
        points = list(self.points.astype(object).iterrows())
        rows_of = {tuple(point[[*self.others, self.factor]]): row for row, point in points}
        pairs = [(row, rows_of.get((*point[self.others], self.baseline))) for row, point in points
                 if point[self.factor] != self.baseline]
        return [(row, other) for row, other in pairs if other is not None]


def check_whole(pairs: Pairs, runs: "DataFrame", failures: "DataFrame", failed: Failed) -> None:
    """Refuse a comparison that needs runs which failed or are not done.

    Raises
    ------
    StatisticError
        If there are such runs and ``failed`` does not say that their replications be dropped, or says neither.
    """
    if failed not in get_args(Failed):
        raise StatisticError(f"failed is {failed!r}, but must be 'refuse' or 'drop'")
    if failed == "drop":
        return
    for row in dict.fromkeys(row for pair in pairs.rows() for row in pair):
        mine = runs[runs["row"] == row]
        lacking = mine[mine["state"] != DONE]
        if len(lacking):
            level = pairs.points.astype(object).loc[row, pairs.factor]
            why = problem_of(failures, row) if (lacking["state"] == FAILED).any() else "not done yet"
            raise StatisticError(f"{pairs.factor} {level!r} lacks {len(lacking)} of {len(mine)} runs ({why}), without "
                                 "which the difference is another; failures() tells of all, and failed='drop' "
                                 "compares the replications that both levels have")


def compared(frame: "DataFrame", pairs: Pairs) -> list[tuple[Any, ...]]:
    """Return the rows of one metric: other factors, factor, baseline, metric, unit, and what `COMPARED` names.

    A pair without a common replication has a row of NaN and n = 0.
    """
    values = {row: part.set_index("replication")["value"] for row, part in frame.groupby("row", sort=False)}
    points, first = pairs.points.astype(object), frame.iloc[0]
    found = []
    for row, other in pairs.rows():
        point = points.loc[row]
        words = (*point[pairs.others], point[pairs.factor], pairs.baseline, first["metric"], first["unit"])
        got = None
        if row in values and other in values:
            # only replications that both have: a pair of which one run failed is no pair
            mine, theirs = values[row].align(values[other], join="inner")
            got = paired(mine.tolist(), theirs.tolist()) if len(mine) else None
        found.append((words, got))
    judged = verdicts({place: got.difference for place, (_, got) in enumerate(found) if got is not None})
    return [(*words, np.nan, np.nan, np.nan, np.nan, 0, np.nan, np.nan) if got is None else
            (*words, got.difference.mean, got.difference.half_width, got.correlation, got.variance_reduction,
             got.difference.n, judged[place].p, judged[place].adjusted)
            for place, (words, got) in enumerate(found)]
