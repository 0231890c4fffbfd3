"""Interactive figures of a study, by Altair: those of `experiments.store.plots`, with values under the mouse."""

from typing import TYPE_CHECKING, Any

from experiments.store.drawing import Drawing
from experiments.store.naming import StatisticError

if TYPE_CHECKING:
    from altair import LayerChart


def chart_of(drawn: Drawing) -> "LayerChart":
    """Draw an Altair chart, to be shown in a notebook or saved as HTML.

    Raises
    ------
    StatisticError
        If Altair is not installed.
    """
    altair = _altair()
    rows = drawn.frame[drawn.frame["n"] > 0]
    values = [_row(drawn, row) for row in rows.to_dict("records")]
    axis = "quantitative" if drawn.is_numeric else "nominal"
    # without a sort Altair orders names by the alphabet; here they stand in the order of the design, as in every table
    x = altair.X("along", type=axis, title=drawn.along, sort=None, scale=altair.Scale(zero=False) if drawn.is_numeric
                 else altair.Undefined)
    line = altair.Color("line", type="nominal", title=drawn.lines, sort=None) if drawn.lines else altair.Undefined
    base = altair.Chart(altair.Data(values=values)).encode(x=x, color=line)
    told = [altair.Tooltip("along", type=axis, title=drawn.along),
            *([altair.Tooltip("line", type="nominal", title=drawn.lines)] if drawn.lines else []),
            altair.Tooltip("mean", type="quantitative", title=drawn.what, format=".4g"),
            altair.Tooltip("half_width", type="quantitative", title="± 95 %", format=".2g"),
            altair.Tooltip("n", type="quantitative"), altair.Tooltip("failed", type="quantitative")]
    y = altair.Y("mean", type="quantitative", title=drawn.what, scale=altair.Scale(zero=False))
    bars = base.mark_rule().encode(y=altair.Y("low", type="quantitative", title=drawn.what), y2="high")
    marks = base.mark_line(point=True) if drawn.is_numeric else base.mark_point(filled=True, size=60)
    chart: LayerChart = altair.layer(bars, marks.encode(y=y, tooltip=told)).properties(title=drawn.title)
    return chart.interactive()


def _row(drawn: Drawing, row: dict[Any, Any]) -> dict[str, Any]:
    """A row of a frame as JSON can hold it; an interval that is not known is of no width."""
    width = float(row["half_width"])
    known = width if width == width else 0.0
    along = row[drawn.along]
    return {"along": along.item() if hasattr(along, "item") else along, "mean": float(row["mean"]),
            "half_width": width if width == width else None, "low": row["mean"] - known, "high": row["mean"] + known,
            "n": int(row["n"]), "failed": int(row["failed"]),
            **({"line": str(row[drawn.lines])} if drawn.lines else {})}


def _altair() -> Any:  # noqa: ANN401 - a module that need not be installed
    try:
        import altair
    except ImportError:
        raise StatisticError("chart needs the package altair; install tokenmarket with the extra interactive, or use "
                             "plot") from None
    return altair
