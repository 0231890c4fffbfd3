"""LiteLLM's price map: one table by model, USD per token, with keys for tiers and service tiers."""

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

EXAMPLE: Final = "sample_spec"  # of the map: what its fields mean, no model
KINDS: Final = {  # of a token, and the stems of its keys: the first that is there
    "input": ("input_cost_per_token",), "output": ("output_cost_per_token",),
    "cached": ("cache_read_input_token_cost", "input_cost_per_token_cache_hit"),
    "write": ("cache_creation_input_token_cost",),
}
SERVICE: Final = {  # suffix of a key, and of the offer's name
    "flex": "flex", "priority": "priority", "batches": "batch", "fast": "fast", "ultrafast": "ultrafast",
    "balanced": "balanced",
}
NO_ANSWER: Final = ("embedding", "rerank")  # modes whose answers have no tokens, so that none has a price
OF_TEXT: Final = ("chat", "completion", "responses", None)  # modes whose prompts and answers are both paid by the token
ABOVE: Final = re.compile(r"_above_(\d+)k_tokens")
A_THOUSAND: Final = 1000


def litellm_rows(data: Raw) -> Iterator[Row]:
    """The offers of a price map, those of service tiers (``name:flex``) beside the usual ones.

    What a service tier says nothing of, such as cached tokens or long prompts, costs as usual, as LiteLLM bills it.
    """
    for name, raw in table(data).items():
        if name != EXAMPLE:
            yield from _rows_of(name, table(raw))


def _rows_of(name: str, raw: Mapping[str, Raw]) -> Iterator[Row]:
    try:
        base, tiers = _prices(raw, ""), _tiers(raw, "")
        if base.is_empty and tiers:  # `tiered_pricing` alone: its first range begins at no tokens
            base, tiers = tiers[0].prices, tiers[1:]
        if base.is_empty:
            yield Unread(name, "no price per token", has_price=False)
            return
        if base.output is None and raw.get("mode") in NO_ANSWER:
            base = base._replace(output=FREE)
        if None in (base.input, base.output) and raw.get("mode") not in OF_TEXT:
            yield Unread(name, "prompts or answers are paid by the image, the second or the like", has_price=False)
            return
        usual = _quote(name, raw, base)
        yield _with_tiers(usual, tiers)
        for suffix, service in SERVICE.items():
            own = _prices(raw, f"_{suffix}")
            if not own.is_empty:
                yield _with_tiers(usual.named(service, own.or_else(base)), (*tiers, *_tiers(raw, f"_{suffix}")))
    except UnknownPriceError as problem:
        yield Unread(name, str(problem))


def _with_tiers(quote: Quote, tiers: tuple[TierUsd, ...]) -> Quote:
    """The quote with tiers, of which later ones replace what they name of those before them at the same length."""
    found: dict[int, TokenUsd] = {}
    for above_tokens, prices in tiers:
        if above_tokens > 0:
            found[above_tokens] = prices.or_else(found.get(above_tokens, quote.base))
    return replace(quote, tiers=tuple(TierUsd(above, found[above]) for above in sorted(found)))


def _quote(name: str, raw: Mapping[str, Raw], base: TokenUsd) -> Quote:
    provider = str(raw.get("litellm_provider") or name.partition("/")[0])
    model = name.removeprefix(f"{provider}/") or name
    return Quote(
        provider, name, model, base,
        request_usd=usd(raw.get("input_cost_per_request"), Decimal(1)) or FREE,
        context_tokens=tokens(raw.get("max_input_tokens") or raw.get("max_tokens")),
    )


def _prices(raw: Mapping[str, Raw], ending: str) -> TokenUsd:
    """Prices per token whose keys have an ending."""
    found = {}
    for kind, stems in KINDS.items():
        given = [raw[stem + ending] for stem in stems if raw.get(stem + ending) is not None]
        found[kind] = usd(given[0]) if given else None
    return TokenUsd(**found)


def _tiers(raw: Mapping[str, Raw], service: str) -> tuple[TierUsd, ...]:
    """Tiers of a service tier, by ascending length of the prompt."""
    stems = tuple(stem for stems in KINDS.values() for stem in stems)
    above = {int(match[1]) for key in raw for match in [ABOVE.search(key)]
             if match and key in {f"{stem}{match[0]}{service}" for stem in stems}}
    found = {k * A_THOUSAND: _prices(raw, f"_above_{k}k_tokens{service}") for k in above}
    if not service:
        for part in items(raw.get("tiered_pricing")):
            begins = next(iter(items(table(part).get("range"))), None)
            found[tokens(begins) or 0] = _prices(table(part), "")
    return tuple(TierUsd(tokens_above, found[tokens_above]) for tokens_above in sorted(found))
