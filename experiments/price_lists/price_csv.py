"""Price lists as CSV: a history of one marketplace's models, or a panel of sellers by date."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from experiments.price_lists.openrouter_list import MARKETPLACE
from experiments.price_lists.quote import Quote, Row, TokenUsd, UnknownPriceError, Unread, tokens, usd
from sim.errors import OutputError

PRICES: Final = ("usd_per_m_input", "usd_per_m_output")
HISTORY: Final = ("id", "date_from", "date_to")  # of one marketplace, a row a stretch of days
PANEL: Final = ("date", "provider", "model")  # sellers and their models, a row a date


def csv_rows(lines: list[Mapping[str, str]]) -> Iterator[Row]:
    """The offers of a file, one a row.

    Raises
    ------
    OutputError
        If its columns are neither those of a history nor those of a panel.
    """
    columns = {str(name) for name in lines[0]} if lines else set()
    missing = {kind: [name for name in (*names, *PRICES) if name not in columns]
               for kind, names in (("history", HISTORY), ("panel", PANEL))}
    if all(missing.values()):
        raise OutputError(
            f"the columns are {', '.join(sorted(columns)) or 'none'}; a history of prices needs "
            f"{', '.join((*HISTORY, *PRICES))}, a panel {', '.join((*PANEL, *PRICES))}")
    for number, line in enumerate(lines, 2):
        yield _row(line, number, is_history=not missing["history"])


def _row(line: Mapping[str, str], number: int, is_history: bool) -> Row:
    provider = MARKETPLACE if is_history else line["provider"]
    model = line["id"] if is_history else line["model"]
    try:
        into, out = (usd(line[name], Decimal(1)) for name in PRICES)
        days = (line["date_from"], line["date_to"]) if is_history else (line["date"], "")
        return Quote(
            provider, model, model, TokenUsd(into, out), context_tokens=tokens(line.get("context")),
            day=_day(days[0]), ends=_last(*days) if is_history else None)
    except UnknownPriceError as problem:
        return Unread(f"line {number}", str(problem))


def _last(begins: str, ends: str) -> date | None:
    """The last day of a stretch; None if it has none, and its price holds until another takes its place."""
    if ends is not None and not ends.strip():
        return None
    if _day(ends) < _day(begins):
        raise UnknownPriceError("a price that ends before it begins")
    return _day(ends)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):  # a line may be cut short
        raise UnknownPriceError("a date is none") from None
