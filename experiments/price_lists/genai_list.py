"""genai-prices: providers and their models, with dates, tiers and variants, USD per million tokens."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

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

KEYS: Final = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
PER_THOUSAND: Final = Decimal("0.001")
SELECTORS: Final = ("service_tier", "processing", "speed")  # of a variant that is an offer of its own
USUAL: Final = "default"


def genai_rows(data: Raw) -> Iterator[Row]:
    """The offers of all providers, of service tiers and batches too (``name:flex``); dated prices one row each.

    Prices by the time of day are left out: the price beside them, which holds at all other times, is read.
    """
    for provider in items(data):
        for told in items(table(provider).get("models")):
            yield from _rows_of(str(table(provider).get("id")), table(told))


def _rows_of(provider: str, told: Mapping[str, Raw]) -> Iterator[Row]:
    prices = told.get("prices")
    found: dict[tuple[str, date | None], Quote] = {}
    for part in items(prices) if isinstance(prices, list | tuple) else [{"prices": prices}]:
        constraint = table(table(part).get("constraint"))
        if "start_time" in constraint:
            yield Unread(f"{provider}/{told.get('id')}", "a price by the time of day", has_price=False)
            continue
        for row in _offers(provider, told, table(table(part).get("prices")), _day(constraint)):
            if isinstance(row, Quote):
                found[row.offer, row.day] = row  # of two of one day the later one holds
            else:
                yield row
    yield from found.values()


def _offers(provider: str, told: Mapping[str, Raw], prices: Mapping[str, Raw], day: date | None) -> Iterator[Row]:
    model = str(told.get("id"))
    if not any(prices.get(key) is not None for key in KEYS[:2]):
        yield Unread(f"{provider}/{model}", "no price per token", has_price=False)
        return
    try:
        usual = replace(_quote(provider, model, prices), day=day, context_tokens=tokens(told.get("context_window")))
        yield usual
        for variant in items(told.get("price_variants")):
            when = table(table(variant).get("when"))
            name = next((str(when[key]) for key in SELECTORS if key in when), USUAL)
            if name != USUAL:
                own = _quote(provider, model, {**prices, **table(table(variant).get("prices"))})
                begins = [it for it in (day, _day(table(table(variant).get("constraint")))) if it is not None]
                yield replace(usual.named(name, own.base, own.tiers), request_usd=own.request_usd,
                              day=max(begins, default=None))
    except UnknownPriceError as problem:
        yield Unread(f"{provider}/{model}", str(problem))


def _quote(provider: str, model: str, prices: Mapping[str, Raw]) -> Quote:
    above = sorted({int(table(tier)["start"]) for key in KEYS for tier in items(table(prices.get(key)).get("tiers"))})
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


def _price(raw: Raw, start: int) -> Decimal | None:
    price = raw
    if isinstance(raw, Mapping):
        price = raw.get("base")
        for tier in items(raw.get("tiers")):
            if int(table(tier)["start"]) <= start:
                price = table(tier)["price"]
    return usd(price, Decimal(1))


def _day(constraint: Mapping[str, Raw]) -> date | None:
    starts = constraint.get("start_date")
    return starts if isinstance(starts, date) or starts is None else date.fromisoformat(str(starts))
