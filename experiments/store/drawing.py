"""What a figure of a study shows, whichever library draws it: values with intervals, along a column, in lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from experiments.measures.catalogue import known as measure_known
from experiments.measures.catalogue import measure
from experiments.runs.specs import POLICY
from experiments.store.naming import StatisticError, known
from experiments.store.statistics import statistic

if TYPE_CHECKING:
    from pandas import DataFrame


class Measured(Protocol):
    """What figures are drawn from: `experiments.store.results.Results`, of which a figure needs no more than this."""

    @property
    def factors(self) -> list[str]:
        """Paths of the design's factors."""

    def factor(self, name: str | None) -> str:
        """Return the factor meant."""

    def metrics(self, by: str | Sequence[str] = ()) -> "DataFrame":
        """Return every metric over replications."""

    def statistic(self, name: str, by: str | Sequence[str] = ()) -> "DataFrame":
        """Return a statistic by group."""


@dataclass(frozen=True)
class Drawing:
    """What a figure shows.

    Attributes
    ----------
    frame
        A row for each point of the figure: the columns named below, mean, half_width, n and failed.
    along
        Column along the axis.
    what
        What is measured, with its unit.
    lines
        Column that tells lines apart; None of a single one.
    """

    frame: "DataFrame"
    along: str
    what: str
    lines: str | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether the axis is one of numbers."""
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        column = self.frame[self.along]
        return bool(is_numeric_dtype(column) and not is_bool_dtype(column))

    @property
    def title(self) -> str:
        """How the figure's points were made, and what they lack."""
        count = sorted(set(self.frame["n"]))
        several = count[-1:] != [1]
        text = f"mean and 95 % interval, n = {'–'.join(str(n) for n in (count[:1] + count[1:][-1:]))}" if several else (
            "one run, no interval")
        failed = int(self.frame["failed"].sum())
        return f"{text}; {failed} runs failed" if failed else text


def metric_drawing(results: Measured, name: str, over: str | None = None) -> Drawing:
    """Return a metric over a factor, a line for each policy, other factors averaged over.

    Raises
    ------
    StatisticError
        If there is no such metric or factor.
    """
    factor = results.factor(over)
    lines = POLICY if POLICY in results.factors and factor != POLICY else None
    frame = results.metrics(by=[factor, *([lines] if lines else [])])
    mine = frame[frame["metric"] == known("metric", name, frame["metric"])]
    found = measure_known(name)
    return Drawing(mine, factor, found.axis() if found else f"{name} ({mine['unit'].iloc[0]})", lines)


def statistic_drawing(results: Measured, name: str, by: str | Sequence[str]) -> Drawing:
    """Return a statistic by one or two columns: the first along the axis, the second as lines.

    Raises
    ------
    StatisticError
        As `Results.statistic`, or if ``by`` names no column or more than two.
    """
    columns = [by] if isinstance(by, str) else list(by) if isinstance(by, Sequence) else [by]
    if not 1 <= len(columns) <= 2:
        raise StatisticError(f"a figure tells one or two columns apart, not {len(columns)}")
    frame = results.statistic(name, columns)
    axis = measure(statistic(name).measure).axis()
    return Drawing(frame, columns[0], axis, columns[1] if len(columns) == 2 else None)
