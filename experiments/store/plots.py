"""Simple figures of a study, by matplotlib: a metric over a factor, a statistic by group, each with its intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from experiments.output.figure_style import styled
from experiments.store.drawing import Drawing, Measured, metric_drawing, statistic_drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Plots:
    """Figures of a study; each returns a matplotlib figure, to be shown or saved."""

    def __init__(self, results: Measured) -> None:
        self._results = results

    def __call__(self, name: str, over: str | None = None) -> "Figure":
        """Draw a metric; the same as `metric`."""
        return self.metric(name, over)

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
        return _figure(metric_drawing(self._results, name, over))

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
        return _figure(statistic_drawing(self._results, name, by))


def _figure(drawn: Drawing) -> "Figure":
    """Points with error bars; joined where the axis is a number, beside each other where it is a name."""
    from experiments.store.shown_figure import ShownFigure

    along, numeric = drawn.along, drawn.is_numeric
    labels = list(dict.fromkeys(drawn.frame[along]))
    with styled():
        figure = ShownFigure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.subplots()
        for label, part in _parts(drawn):
            part = part.sort_values(along) if numeric else part
            x = part[along] if numeric else [labels.index(value) for value in part[along]]
            axes.errorbar(x, part["mean"], part["half_width"].fillna(0.0), fmt="o-" if numeric else "o", capsize=3,
                          label=label)
        if not numeric:
            axes.set_xticks(range(len(labels)), [str(label) for label in labels],
                            rotation=30 if len(labels) > 4 else 0, ha="right" if len(labels) > 4 else "center")
        if drawn.lines:
            axes.legend(title=drawn.lines, fontsize="small")
        axes.set_xlabel(along)
        axes.set_ylabel(drawn.what)
        axes.set_title(drawn.title, fontsize="small")
    return figure


def _parts(drawn: Drawing) -> list[tuple[str | None, Any]]:
    if drawn.lines is None:
        return [(None, drawn.frame)]
    return [(str(label), part) for label, part in drawn.frame.groupby(drawn.lines, sort=False)]
