"""Simple figures of a study: a metric over a factor, a statistic by group, each with its intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from experiments.output.figure_style import styled
from experiments.runs.specs import POLICY
from experiments.store.statistics import StatisticError, statistic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
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


class Plots:
    """Figures of a study; each returns a matplotlib figure, to be shown or saved."""

    def __init__(self, results: Measured) -> None:
        self._results = results

    def metric(self, name: str, over: str | None = None) -> "Figure":
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
            If there is no such metric or factor.
        """
        factor = self._results.factor(over)
        lines = POLICY if POLICY in self._results.factors and factor != POLICY else None
        frame = self._results.metrics(by=[factor, *([lines] if lines else [])])
        frame = frame[frame["metric"] == name]
        if frame.empty:
            raise StatisticError(f"there is no metric {name!r}")
        return _figure(frame, factor, _axis(name, str(frame["unit"].iloc[0])), lines)

    def stat(self, name: str, by: str | Sequence[str]) -> "Figure":
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
            As `Results.statistic`, or if ``by`` names more than two columns.
        """
        columns = [by] if isinstance(by, str) else list(by)
        if not 1 <= len(columns) <= 2:
            raise StatisticError(f"a figure tells one or two columns apart, not {len(columns)}")
        frame = self._results.statistic(name, columns)
        return _figure(frame, columns[0], _axis(name, statistic(name).unit), columns[1] if len(columns) == 2 else None)


def _axis(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit not in ("", "1") else name


def _figure(frame: "DataFrame", along: str, what: str, lines: str | None = None) -> "Figure":
    """Points with error bars; joined where the axis is a number, beside each other where it is a name."""
    from matplotlib.figure import Figure
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    numeric = is_numeric_dtype(frame[along]) and not is_bool_dtype(frame[along])
    with styled():
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.subplots()
        _draw(axes, frame, along, lines, numeric=numeric)
        axes.set_xlabel(along)
        axes.set_ylabel(what)
        count = sorted(set(frame["n"]))
        axes.set_title(f"mean and 95 % interval, n = {'–'.join(str(n) for n in (count[:1] + count[1:][-1:]))}",
                       fontsize="small")
    return figure


def _draw(axes: "Axes", frame: "DataFrame", along: str, lines: str | None, *, numeric: bool) -> None:
    labels = list(dict.fromkeys(frame[along]))
    for label, part in _parts(frame, lines):
        part = part.sort_values(along) if numeric else part
        x = part[along] if numeric else [labels.index(value) for value in part[along]]
        axes.errorbar(x, part["mean"], part["half_width"].fillna(0.0), fmt="o-" if numeric else "o", capsize=3,
                      label=label)
    if not numeric:
        axes.set_xticks(range(len(labels)), [str(label) for label in labels],
                        rotation=30 if len(labels) > 4 else 0, ha="right" if len(labels) > 4 else "center")
    if lines:
        axes.legend(title=lines, fontsize="small")


def _parts(frame: "DataFrame", lines: str | None) -> list[tuple[str | None, Any]]:
    if lines is None:
        return [(None, frame)]
    return [(str(label), part) for label, part in frame.groupby(lines, sort=False)]
