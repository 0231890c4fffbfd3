"""What a figure of a study shows, whichever library draws it: values with intervals, along a column, in lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

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


Picture = TypeVar("Picture")  # a figure of whichever library


class Drawings(Generic[Picture]):
    """Figures of a study: ``drawings(METRIC)``, ``drawings.metric`` and ``drawings.stat``.

    Parameters
    ----------
    results
        The study.
    draw
        Makes a figure of what it is to show.
    """

    def __init__(self, results: Measured, draw: Callable[[Drawing], Picture]) -> None:
        self._results = results
        self._draw = draw

    def __call__(self, name: str, over: str | None = None) -> Picture:
        """Draw a metric; the same as `metric`."""
        return self.metric(name, over)

    def metric(self, name: str, over: str | None = None) -> Picture:
        """Draw a metric over a factor, a line for each policy, other factors averaged over; 95 % intervals.

        Parameters
        ----------
        name
            The metric.
        over
            The factor; by default the only one there is, or the policy.

        Raises
        ------
        StatisticError
            If there is no such metric or factor, or the library that draws is not installed.
        """
        return self._draw(metric_drawing(self._results, name, over))

    def stat(self, name: str, by: str | Sequence[str]) -> Picture:
        """Draw a statistic by group; 95 % intervals over replications.

        Parameters
        ----------
        name
            A statistic of the registry.
        by
            A dimension or factor, or two: the first along the axis, the second as lines.

        Raises
        ------
        StatisticError
            As `Results.statistic`, if ``by`` names more than two columns, or if the library that draws is not
            installed.
        """
        return self._draw(statistic_drawing(self._results, name, by))
