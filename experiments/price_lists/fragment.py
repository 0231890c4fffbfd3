"""The fragment of a scenario that a price list becomes, and the account of what was read."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from experiments.price_lists.offer_table import Table, adds_writing, offer_table, served_by
from experiments.price_lists.quote import Quote, Row, UnknownPriceError, Unread


class Listed(NamedTuple):
    """An offer that can be loaded."""

    quote: Quote
    offer: Table


class Said(NamedTuple):
    """Of whose offer a row tells the price, and from when on."""

    name: str
    day: date | None


class Fragment(NamedTuple):
    """What became of a list.

    Attributes
    ----------
    day
        The day whose prices were taken; None if the list has no dates.
    offers
        Those that hold on that day and are wanted.
    loaded
        Rows with a price that a scenario can hold, whether they hold on that day or not.
    repeated
        Those of them that say what another said.
    unread
        Rows that gave none.
    """

    day: date | None
    offers: list[Listed]
    loaded: int
    repeated: int
    unread: list[Unread]

    @property
    def prices(self) -> int:
        """Rows with a price of tokens: what there was to load."""
        return self.loaded + sum(row.has_price for row in self.unread)


def fragment_of(rows: Iterable[Row], day: date | None, today: date, only: Sequence[str]) -> Fragment:
    """Check every row of a list, and take the offers of a day.

    Parameters
    ----------
    rows
        The list's.
    day
        The day; None takes the newest of a list with dates.
    today
        What a list says of later days is not the newest.
    only
        Patterns such as ``openai/*`` that a provider and offer, joined by a slash, must match one of; all if none.
    """
    seen: dict[Said, Listed] = {}
    unread: list[Unread] = []
    loaded = 0
    for row in rows:
        found = _checked(row)
        if isinstance(found, Unread):
            unread.append(found)
            continue
        loaded += 1
        renamed = _unique(found, seen)
        seen[_said(renamed.quote)] = renamed
    listed = list(seen.values())
    days = [it.quote.ends or it.quote.day for it in listed if it.quote.day is not None]
    newest = min(max(days), today) if days else None
    wanted = day or newest
    offers = [it for it in _of_day(listed, wanted) if not only or _matches(_name(it.quote), only)]
    hosts = {_name(it.quote): it.offer for it in offers}
    offers = [it._replace(offer=served_by(it.quote, it.offer, hosts.get(f"{it.quote.provider}/{it.quote.host}")))
              for it in offers]
    return Fragment(wanted, offers, loaded, loaded - len(listed), unread)


def _unique(found: Listed, seen: Mapping[Said, Listed]) -> Listed:
    """An offer under a name of its own: sellers have several of one model, which a list may call alike (``name:2``).

    One that says the same as another of that name is that one.
    """
    name, number = found.quote.offer, 1
    while (there := seen.get(_said(found.quote))) is not None and there.offer != found.offer:
        number += 1
        found = found._replace(quote=replace(found.quote, offer=f"{name}:{number}"))
    return found


def _name(quote: Quote) -> str:
    return f"{quote.provider}/{quote.offer}"


def _said(quote: Quote) -> Said:
    return Said(_name(quote), quote.day)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _checked(row: Row) -> Listed | Unread:
    if isinstance(row, Unread):
        return row
    if row.base.is_empty:
        return Unread(_name(row), "a price that is unknown: null, nothing or -1", has_price=False)
    try:
        return Listed(row, offer_table(row))
    except UnknownPriceError as problem:
        return Unread(_name(row), str(problem))


def _of_day(listed: Iterable[Listed], day: date | None) -> Iterator[Listed]:
    """Of every offer what holds on a day: the newest that has begun by then and not ended before."""
    found: dict[str, Listed] = {}
    for it in listed:
        begins, ends = it.quote.day, it.quote.ends
        if day is not None and ((begins is not None and begins > day) or (ends is not None and ends < day)):
            continue
        name = _name(it.quote)
        before = found.get(name)
        if before is None or (begins or date.min) >= (before.quote.day or date.min):
            found[name] = it
    yield from sorted(found.values(), key=lambda it: (it.quote.provider, it.quote.offer))


def account(fragment: Fragment) -> list[str]:
    """Sentences that say what was loaded and what was not, by reason."""
    share = fragment.loaded / fragment.prices if fragment.prices else 0.0
    lines = [f"{fragment.loaded} of {fragment.prices} prices loaded ({share:.2%})"]
    for has_price, words in ((True, "not loaded"), (False, "rows without a price of tokens, passed over")):
        reasons = Counter(row.reason for row in fragment.unread if row.has_price == has_price)
        lines += [f"  {words}: {count} ({reason})" for reason, count in sorted(reasons.items())]
    lines += [f"  of the loaded: {fragment.repeated} (say the same as another)"] if fragment.repeated else []
    fees = sum(adds_writing(it.quote.base) for it in fragment.offers)
    lines += [f"  of those written: {fees} (a fee for writing to the cache, below the price of input, is left out)"] * (
        fees > 0)
    unfilled = sum(it.quote.base.output == 0 and it.quote.base.input != 0 for it in fragment.offers)
    lines += [f"  of those written: {unfilled} (output costs nothing, as for embeddings, or nobody filled it in)"] * (
        unfilled > 0)
    dated = f" that hold on {fragment.day}" if fragment.day else ""
    return [*lines, f"{len(fragment.offers)} offers{dated} written"]


def toml_text(fragment: Fragment, heading: Sequence[str]) -> str:
    """The fragment as TOML, after comments; names stand as the list has them, in quotes."""
    lines = [f"# {line}".rstrip() for line in heading]
    for quote, offer in fragment.offers:
        lines += ["", f"[providers.{json.dumps(quote.provider)}.offers.{json.dumps(quote.offer)}]"]
        lines += [f"{name} = {_toml(value)}" for name, value in offer.items()]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:  # noqa: ANN401 - whatever TOML may hold
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, Decimal):
        text = f"{value.normalize():f}"
        return text if "." in text else f"{text}.0"
    return json.dumps(value, ensure_ascii=False)
