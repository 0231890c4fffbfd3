"""genai-prices: providers and their models, with dates, tiers and variants, USD per million tokens."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Final, NamedTuple

from experiments.price_lists.quote import (
    FREE,
    Quote,
    Raw,
    Row,
    TierUsd,
    TokenUsd,
    UnknownPriceError,
    Unread,
    items,
    table,
    tokens,
    usd,
)
from sim.units import HOUR_S, HOURS_PER_DAY, MINUTE_S

KEYS: Final = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
PER_THOUSAND: Final = Decimal("0.001")
SELECTORS: Final = ("service_tier", "processing", "speed")  # of a variant that is an offer of its own
USUAL: Final = "default"


class Dated(NamedTuple):
    """Prices, the day from which they hold, and of which service tier they are (empty: the usual one)."""

    day: date
    service: str
    prices: Mapping[str, Raw]


def genai_rows(data: Raw) -> Iterator[Row]:
    """The offers of all providers, of service tiers and batches too (``name:flex``); dated prices one row each.

    Of prices by the time of day those are read that hold for most of it.
    """
    for provider in items(data):
        for told in items(table(provider).get("models")):
            name = str(table(provider).get("id"))
            try:
                yield from list(_rows_of(name, table(told)))
            except UnknownPriceError as problem:
                yield Unread(f"{name}/{table(told).get('id')}", str(problem))


def _rows_of(provider: str, told: Mapping[str, Raw]) -> Iterator[Row]:
    name = f"{provider}/{told.get('id')}"
    prices = told.get("prices")
    found: dict[date, Dated] = {}
    for part in map(table, items(prices) if isinstance(prices, list | tuple) else [{"prices": prices}]):
        constraint = table(part.get("constraint"))
        day = _day(constraint)
        is_brief = "start_time" in constraint and _hours(constraint) <= HOURS_PER_DAY / 2
        if is_brief or day in found:  # of two of one day the later one holds
            yield Unread(name, "a price for some hours of the day", has_price=False)
        if not is_brief:
            found[day] = Dated(day, "", table(part.get("prices")))
    usual = list(found.values())
    for dated in usual:
        yield _row(provider, told, dated)
    yield from _of_services(provider, told, usual)


def _of_services(provider: str, told: Mapping[str, Raw], usual: list[Dated]) -> Iterator[Row]:
    """Offers of the other service tiers: at every day on which their prices, or the usual ones, change."""
    variants = []
    for part in map(table, items(told.get("price_variants"))):
        when = table(part.get("when"))
        service = next((str(when[key]) for key in SELECTORS if key in when), USUAL)
        if service != USUAL:
            variants.append(Dated(_day(table(part.get("constraint"))), service, table(part.get("prices"))))
    for service in dict.fromkeys(it.service for it in variants):
        own = [it for it in variants if it.service == service]
        before: Mapping[str, Raw] = {}
        for day in sorted({it.day for it in [*usual, *own]}):
            begun = [it.prices for it in own if it.day <= day]
            prices = _resolved([*begun, *(it.prices for it in reversed(usual) if it.day <= day)][:len(begun) + 1])
            if begun and prices != before:
                yield _row(provider, told, Dated(day, service, prices))
                before = prices


def _resolved(found: list[Mapping[str, Raw]]) -> dict[str, Raw]:
    """Prices of which the first that names one counts."""
    return {key: price for prices in reversed(found) for key, price in prices.items()}


def _row(provider: str, told: Mapping[str, Raw], dated: Dated) -> Row:
    if all(dated.prices.get(key) is None for key in KEYS[:2]):
        return Unread(f"{provider}/{told.get('id')}", "no price per token", has_price=False)
    try:
        quote = _quote(provider, str(told.get("id")), dated.prices)
    except UnknownPriceError as problem:
        return Unread(f"{provider}/{told.get('id')}", str(problem))
    if dated.service:
        quote = quote.named(dated.service, quote.base, quote.tiers)
    return replace(quote, day=None if dated.day == date.min else dated.day,
                   context_tokens=tokens(told.get("context_window")))


def _quote(provider: str, model: str, prices: Mapping[str, Raw]) -> Quote:
    above = sorted({_start(tier) for key in KEYS for tier in items(table(prices.get(key)).get("tiers"))})
    return Quote(
        provider, model, model, _prices(prices, 0), tuple(TierUsd(start, _prices(prices, start)) for start in above),
        request_usd=usd(prices.get("requests_kcount"), PER_THOUSAND) or FREE,
    )


def _prices(prices: Mapping[str, Raw], start: int) -> TokenUsd:
    """Prices of prompts of more than ``start`` tokens."""
    found = [_price(prices.get(key), start) for key in KEYS]
    # what the list does not name, it does not charge: answers of embeddings, which have no tokens
    if "output_mtok" not in prices:
        found[1] = FREE
    return TokenUsd(*found)


def _start(tier: Raw) -> int:
    start = tokens(table(tier).get("start"))
    if start is None:
        raise UnknownPriceError("a tier begins nowhere")
    return start


def _price(raw: Raw, start: int) -> Decimal | None:
    price = raw
    if isinstance(raw, Mapping):
        price = raw.get("base")
        for tier in sorted(items(raw.get("tiers")), key=_start):
            if _start(tier) <= start:
                price = table(tier).get("price")
    return usd(price, Decimal(1))


def _day(constraint: Mapping[str, Raw]) -> date:
    starts = constraint.get("start_date", date.min)
    try:
        return starts if isinstance(starts, date) else date.fromisoformat(str(starts))
    except ValueError:
        raise UnknownPriceError("a date is none") from None


def _hours(constraint: Mapping[str, Raw]) -> float:
    """Length of an interval of the day."""
    begins, ends = (_clock(constraint.get(key)) for key in ("start_time", "end_time"))
    return (ends - begins) / HOUR_S % HOURS_PER_DAY


def _clock(told: Raw) -> float:
    """Seconds since midnight."""
    try:
        at = told if isinstance(told, time) else time.fromisoformat(str(told))
    except ValueError:
        raise UnknownPriceError("a time of the day is none") from None
    return at.hour * HOUR_S + at.minute * MINUTE_S
