"""A market's own tables in the store: monthly and weekly tables, events and the summary, of runs that keep them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import DIMENSIONS, MEASURES
from experiments.measures.market_tables import ASKED, asked_headers, headers
from experiments.store.layout import Column, Role, SqlType, Table
from sim.market.result import MarketResult

if TYPE_CHECKING:
    from pandas import DataFrame

FILES: Final[Mapping[str, str]] = {  # name of the file, and of the table, where another table has the name already
    **{name: name for name in headers()}, "prices": "price_changes", "switches": "moves", "summary": "market_summary",
}
ASKED_FILES: Final[Mapping[str, str]] = {name: name for name in ASKED}  # kept where somebody asks for them
TEXTS: Final = frozenset((
    "month", "model", "creator", "size_class", "provider", "segment", "date", "family", "reason", "workload",
    "customer", "before", "after", "payer_kind", "payer", "payer_purpose", "payee_kind", "payee", "payee_purpose",
    "entry_models", "metric", "unit", "note", "rule", "marketplace",
))
FLAGS: Final = frozenset({"open", "listed"})
# whole numbers in every run; all other columns are fractions, or may be empty
WHOLE: Final = frozenset((
    "days", "requests", "completed", "prompt_tokens", "output_tokens", "tokens", "models_used", "price_changes",
    "switches", "context_tokens", "entry_day", "nano_usd", "placed", "refused_queue_full", "refused_rate_limit",
    "refused_too_long", "errors", "given_up", "prompt_tokens_sold", "output_tokens_sold", "cached_tokens",
    "rule_sellers",
))
WHOLE_IN: Final[Mapping[str, frozenset[str]]] = {  # whole in one table and fractions in another
    "period_market": frozenset({"day", "offers_listed_at_end"}), "period_offers": frozenset({"day"}),
    "period_providers": frozenset({"day"}), "daily_offers": frozenset({"day"}),
}
_SUMMARY: Final = {
    "metric": "name", "unit": "unit of the value", "value": "the number; empty where undefined",
    "std_error": "standard error where the number is an estimate from many days, models or offers of the run",
    "note": "why there is no number",
}


def report_tables(result: MarketResult, asked: Iterable[str] = ()) -> "dict[str, DataFrame]":
    """Return the tables of a run by their name in the store; of ``ASKED_FILES``, those that are asked for."""
    from experiments.measures.market.run import Run
    from experiments.measures.market_summary import summary
    from experiments.measures.market_tables import tables

    frames = {**tables(result, asked), "summary": summary(Run(result))}
    return {table: frames[file] for file, table in {**FILES, **{name: ASKED_FILES[name] for name in asked}}.items()}


def _column(table: str, name: str) -> Column:
    whole = name in WHOLE or name in WHOLE_IN.get(table, ())
    kind: SqlType = "VARCHAR" if name in TEXTS else "BOOLEAN" if name in FLAGS else "BIGINT" if whole else "DOUBLE"
    role: Role = "text" if name in TEXTS or name in FLAGS else "measure"
    row = MEASURES.get(name)
    return Column(name, kind, row.unit if row else "", row.doc if row else DIMENSIONS[name], role)


def _tables() -> dict[str, Table]:
    files = {**FILES, **ASKED_FILES}
    found = {files[name]: tuple(_column(name, column) for column in columns)
             for name, columns in {**headers(), **asked_headers()}.items()}
    found[FILES["summary"]] = tuple(Column(name, "VARCHAR" if name in TEXTS else "DOUBLE", "", doc,
                                           "text" if name in TEXTS else "measure") for name, doc in _SUMMARY.items())
    file_of = {table: file for file, table in files.items()}
    return {table: Table(f"`{file_of[table]}.csv` of the study `market`, and kept for it only"
                         + (", if asked for." if file_of[table] in ASKED_FILES else "."), columns)
            for table, columns in found.items()}


TABLES: Final[Mapping[str, Table]] = _tables()
