"""models.dev: providers and their models, USD per million tokens."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from experiments.price_lists.quote import (
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

AS_THEY_ARE: Final = Decimal(1)  # its prices are per million tokens already
LONG_CONTEXT: Final = 200_000  # of `context_over_200k`, where the newer `tiers` are not given


def models_dev_rows(data: Raw) -> Iterator[Row]:
    """The offers of all providers; faster or cheaper modes of a model are offers of their own (``name:fast``)."""
    for provider, raw in table(data).items():
        for model, told in table(table(raw).get("models")).items():
            yield from _rows_of(provider, model, table(told))


def _rows_of(provider: str, model: str, told: Mapping[str, Raw]) -> Iterator[Row]:
    name, cost = f"{provider}/{model}", table(told.get("cost"))
    if not cost:
        yield Unread(name, "no price per token", has_price=False)
        return
    try:
        base = _prices(cost)
        usual = Quote(provider, model, model, base, _tiers(cost, base),
                      context_tokens=tokens(table(told.get("limit")).get("context")))
        yield usual
        for mode, raw in table(table(told.get("experimental")).get("modes")).items():
            own = table(table(raw).get("cost"))
            if own:
                yield usual.named(mode, _prices(own), _tiers(own, _prices(own)))
    except UnknownPriceError as problem:
        yield Unread(name, str(problem))


def _prices(cost: Mapping[str, Raw]) -> TokenUsd:
    return TokenUsd(*(usd(cost.get(key), AS_THEY_ARE) for key in ("input", "output", "cache_read", "cache_write")))


def _tiers(cost: Mapping[str, Raw], base: TokenUsd) -> tuple[TierUsd, ...]:
    found = {}
    for part in items(cost.get("tiers")):
        above = tokens(table(table(part).get("tier")).get("size"))
        if above is not None and table(table(part).get("tier")).get("type", "context") == "context":
            found[above] = _prices(table(part)).or_else(base)
    if not found and table(cost.get("context_over_200k")):
        found[LONG_CONTEXT] = _prices(table(cost.get("context_over_200k"))).or_else(base)
    return tuple(TierUsd(above, found[above]) for above in sorted(found))
