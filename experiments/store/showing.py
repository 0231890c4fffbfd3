"""How results show themselves: a summary as text, a table in a notebook, frames of another library."""

from html import escape
from typing import TYPE_CHECKING, Any, Final, Protocol

from experiments.measures.catalogue import Measure
from experiments.measures.catalogue import known as measure_known
from experiments.stats.digits import measured
from experiments.stats.intervals import Interval
from experiments.store.completeness import DONE, lack
from experiments.store.naming import StatisticError
from experiments.store.store import Store

if TYPE_CHECKING:
    from pandas import DataFrame, Series
    from polars import DataFrame as PolarsFrame

LEVELS_SHOWN: Final = 6  # of a factor, in the summary
POINTS_SHOWN: Final = 8  # columns of the table


class Shown(Protocol):
    """What is shown: `experiments.store.results.Results`."""

    manifest: dict[str, Any]
    store: Store
    study: str
    points: "DataFrame"
    runs: "DataFrame"
    is_open: bool


def outline(results: Shown) -> str:
    """Return what a study is, how whole it is and what can be asked of it, in a few lines."""
    from experiments.output.text import listing

    runs = results.runs
    kind = results.manifest.get("kind")
    done = int((runs["state"] == DONE).sum())
    state = f"{done} of {len(runs)} runs done" + (f"; {lack(runs)}: see failures()" if lack(runs) else "")
    rows = [("points", str(len(results.points)))] if len(results.points) > 1 else []
    rows += [(str(factor), _levels(list(dict.fromkeys(results.points[factor])))) for factor in results.points.columns]
    rows += [("replications", str(runs["replication"].nunique())), ("metrics", _number_of_metrics(results)),
             ("store", "in memory" if results.store.path is None else str(results.store.path))]
    return f"Results of {results.study!r}{f' ({kind})' if kind else ''}: {state}\n" + listing(
        [(f"  {name}", value) for name, value in rows])


def page(results: Shown) -> str:
    """Return the metrics by point as a table of HTML, mean ± half-width; all text of the user's is escaped."""
    from experiments.store.averages import Grouping, over_replications

    if not results.is_open:
        return f"<pre>{escape(outline(results))}</pre>"
    frame = results.store.table("metrics", results.study)
    found = over_replications(frame, results.runs, Grouping(["row"], ["metric", "unit"]))
    rows = list(results.points.index[:POINTS_SHOWN])
    cells = {(row["metric"], row["row"]): row for _, row in found.iterrows()}
    heads = "".join(f"<th>{escape(_point(results.points, row))}</th>" for row in rows)
    lines = [f"<tr><th style='text-align:left'>{escape(_named(name))}</th>"
             + "".join(f"<td>{escape(_cell(name, cells.get((name, row))))}</td>" for row in rows) + "</tr>"
             for name in dict.fromkeys(found["metric"])]
    more = len(results.points) - len(rows)
    note = f"<p>and {more} more points, which metrics() has</p>" if more else ""
    return (f"<pre>{escape(outline(results))}</pre>"
            f"<table><thead><tr><th>mean ± 95 % half-width</th>{heads}</tr></thead>"
            f"<tbody>{''.join(lines)}</tbody></table>{note}")


def as_polars(frame: "DataFrame") -> "PolarsFrame":
    """Return a frame of pandas as one of polars.

    Raises
    ------
    StatisticError
        If polars is not installed, or it is no frame.
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise StatisticError(f"to_polars takes the name of a table, or a frame of these results, not {frame!r}")
    try:
        import polars
    except ImportError:
        raise StatisticError("to_polars needs the package polars: pip install polars") from None
    # column by column, since polars' own way from pandas needs a third package
    return polars.DataFrame({str(name): column.tolist() if column.dtype.kind not in "biuf" else column.to_numpy()
                             for name, column in frame.items()})


def _number_of_metrics(results: Shown) -> str:
    if not results.is_open:
        return "cannot be read: the results are closed"
    return f"{results.store.table('metrics', results.study)['metric'].nunique()}, in metrics()"


def _levels(values: list[Any]) -> str:
    shown = ", ".join(str(value) for value in values[:LEVELS_SHOWN])
    return shown if len(values) <= LEVELS_SHOWN else f"{shown}, … ({len(values)} levels)"


def _point(points: "DataFrame", row: int) -> str:
    values = points.loc[row]
    return ", ".join(str(value) if name == "policy" else f"{name} {value}" for name, value in values.items()) or "value"


def _named(name: str) -> str:
    found = measure_known(name)
    unit = found.show.unit if found else ""
    return f"{found.words if found else name}{f' ({unit})' if unit else ''}"


def _cell(name: str, row: "Series | None") -> str:
    if row is None:
        return ""
    if not row["n"]:
        return f"{row['failed']} failed" if row["failed"] else "-"
    show = (measure_known(name) or Measure(name, "1", "", "")).show
    got = Interval(float(row["mean"]), float(row["half_width"]), int(row["n"]))
    text = measured(got, show.factor, show.decimals)
    return text if row["n"] > 1 else text.removesuffix("±?")
