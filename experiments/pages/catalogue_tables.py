"""The catalogue of measures, and the columns of a market's tables, as Markdown."""

from collections.abc import Iterable, Iterator

from experiments.measures.catalogue import DIMENSIONS, MEASURES, SUBJECTS, Measure
from experiments.measures.columns import COLUMNS
from experiments.measures.market_summary import WHOLE
from experiments.measures.market_tables import headers
from experiments.measures.traffic_metrics import METRICS
from experiments.measures.windows import COURSES
from experiments.store import statistics
from experiments.studies.climb import measures as climb


def bases() -> dict[str, set[str]]:
    """Return what measures are computed from, and which; a number of no other basis is of a market's summary alone."""
    found = {
        "traffic run": set(METRICS), "course of a run": set(COURSES),
        **{f"`{table}`": set(columns) for table, columns in COLUMNS.items()},
        "`prices`": set(headers()["prices"]) & set(MEASURES), "climb": set(climb.METRICS),
        "store": {it.measure for it in statistics.STATISTICS.values()},
    }
    others = set(MEASURES) - set().union(*found.values())
    return found | {"summary of a market": others | {function.__name__ for function in WHOLE}}


def catalogue() -> str:
    """Return all measures by subject, as Markdown."""
    return "\n".join(line for subject, rows in SUBJECTS.items() for line in (f"### {subject}\n", *_table(rows), ""))


def _table(rows: Iterable[Measure]) -> Iterator[str]:
    of = bases()
    yield "| measure | called | unit | shown | meaning | what over what | of |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in rows:
        ratio = f"{row.above} / {row.below}" if row.below else row.above
        where = ", ".join(name for name, measures in of.items() if row.name in measures)
        called = row.words if row.heading == row.words else f"{row.words}; {row.heading}"
        yield f"| `{row.name}` | {called} | {row.unit} | {_shown(row)} | {row.doc} | {ratio} | {where} |"


def _shown(row: Measure) -> str:
    """How values are shown, and amounts a day where they are joined: unit, factor, decimals without an interval."""
    if row.unit == "s":
        return "ms if all that stand together are below 1 s, else s"
    every = [row.show, *([row.daily] if row.daily else [])]
    return "; ".join(f"{it.unit or '1'} (× {it.factor:g}, {it.decimals})" for it in every)


def tables() -> str:
    """Return the columns of a market's tables, as Markdown."""
    lines = [f"* `{name}.csv`: {', '.join(f'`{column}`' for column in columns)}" for name, columns in headers().items()]
    facts = ["| column | meaning |\n| --- | --- |", *(f"| `{name}` | {doc} |" for name, doc in DIMENSIONS.items())]
    return "\n".join([*lines, "", "What is no measure tells rows apart, or describes them:\n", *facts])
