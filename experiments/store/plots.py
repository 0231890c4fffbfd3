"""Simple figures of a study, by matplotlib: a metric over a factor, a statistic by group, each with its intervals."""

from typing import TYPE_CHECKING, Any

from experiments.output.figure_style import styled
from experiments.store.drawing import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_of(drawn: Drawing) -> "Figure":
    """Draw a matplotlib figure: points with error bars, joined where the axis is one of numbers."""
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
