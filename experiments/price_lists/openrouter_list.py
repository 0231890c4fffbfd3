"""OpenRouter's API: the answers of ``/models`` and of ``/models/{author}/{slug}/endpoints``, USD per token as text."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
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

MARKETPLACE: Final = "openrouter"  # who sells what `/models` lists: it does not name the hosts
ONE: Final = Decimal(1)
KEYS: Final = ("prompt", "completion", "input_cache_read", "input_cache_write")
CLOCK: Final = ("utc_start", "utc_end")  # conditions of an override by the time of day


def openrouter_rows(data: Raw) -> Iterator[Row]:
    """The offers of one answer, or of a list of answers.

    Every endpoint is an offer of its host. What its tag says after the host's name, a precision, a region or a service
    tier, is part of the offer's name: ``id:flex``. Overrides by the time of day are left out.
    """
    for answer in data if isinstance(data, list) else [data]:
        told = table(answer).get("data", answer)
        for entry in told if isinstance(told, list) else [told]:
            yield from _rows_of(table(entry))


def _rows_of(entry: Mapping[str, Raw]) -> Iterator[Row]:
    if not entry.get("id"):
        yield Unread("one without a name", "no name of a model", has_price="pricing" in entry)
        return
    model = str(entry["id"])
    if "endpoints" not in entry:
        yield _row(MARKETPLACE, model, model, entry)
        return
    for endpoint in items(entry["endpoints"]):
        host, kind = _host(table(endpoint))
        told = _row(host, f"{model}:{kind}" if kind else model, model, table(endpoint))
        yield replace(told, service=kind, host=model) if isinstance(told, Quote) and kind else told


def _host(endpoint: Mapping[str, Raw]) -> tuple[str, str]:
    """A host's name as scenarios take it, and what its tag adds."""
    name, _, kind = str(endpoint.get("tag") or "").partition("/")
    told = name or str(endpoint.get("provider_name") or "unknown")
    return re.sub(r"[^A-Za-z0-9._:-]+", "-", told).strip("-.").lower(), kind


def _row(provider: str, offer: str, model: str, told: Mapping[str, Raw]) -> Row:
    pricing, name = table(told.get("pricing")), f"{provider}/{offer}"
    if not pricing:
        return Unread(name, "no price per token", has_price=False)
    try:
        base = _prices(pricing)
        discount = usd(pricing.get("discount"), ONE) or FREE
        if discount >= 1:  # free, which a price of zero says
            base, pricing, discount = TokenUsd(FREE, FREE), {}, FREE
        seen = table(told.get("throughput_last_30m")).get("p50")
        return Quote(
            provider, offer, model, base, _tiers(pricing, base), request_usd=usd(pricing.get("request"), ONE) or FREE,
            discount=discount, context_tokens=tokens(told.get("context_length")),
            tokens_per_s=float(seen) if isinstance(seen, int | float | Decimal) and seen > 0 else None,
        )
    except UnknownPriceError as problem:
        return Unread(name, str(problem))


def _prices(pricing: Mapping[str, Raw]) -> TokenUsd:
    return TokenUsd(*(usd(pricing.get(key)) for key in KEYS))


def _tiers(pricing: Mapping[str, Raw], base: TokenUsd) -> tuple[TierUsd, ...]:
    """Tiers of the overrides by length of the prompt; later ones win, price by price."""
    overrides = [it for it in map(table, items(pricing.get("overrides"))) if not any(key in it for key in CLOCK)]
    least = {id(it): tokens(it.get("min_prompt_tokens")) or 0 for it in overrides}
    found = []
    for start in sorted({least[id(it)] for it in overrides}):
        prices = base
        for it in overrides:
            if least[id(it)] <= start:
                prices = _prices(it).or_else(prices)
        found.append(TierUsd(max(start - 1, 1), prices))  # it holds from that length on
    return tuple(found)
