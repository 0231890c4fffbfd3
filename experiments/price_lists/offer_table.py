"""From a row of a price list to an offer of a scenario."""

from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from experiments.price_lists.quote import Quote, TokenUsd, UnknownPriceError
from sim.scenario.base import ModelName, Name
from sim.scenario.price_settings import PRICE_PER_TOKEN, on_grid
from sim.scenario.provider_settings import Offer
from sim.units import PICO_PER_USD, PICO_PER_USD_PER_MTOK, PPM

STEP_S: Final = 0.02  # of a server of which only the price is known: 50 tokens a second (assumption)
DEAREST: Final = Decimal(100_000)  # USD per million tokens, as scenarios have it
NAMES: Final = {"cached": "cached", "write": "cache_write"}
_PROVIDER: Final = TypeAdapter(Name)
_MODEL: Final = TypeAdapter(ModelName)

Table = dict[str, Any]


def offer_table(quote: Quote) -> Table:
    """The offer as a scenario has it; numbers are decimals.

    The server is abstract, one that a price list knows nothing of: a step lasts as long as a token was lately seen to
    take, or ``STEP_S``.

    Raises
    ------
    UnknownPriceError
        If a scenario cannot hold it; the text is the reason.
    """
    _check_names(quote)
    price: Table = _per_token(quote.base)
    if quote.request_usd:
        price["request_usd"] = _number(quote.request_usd, PICO_PER_USD)
    if quote.discount:
        price["discount"] = _number(quote.discount, PPM)
    if quote.tiers:
        price["tiers"] = [{"above_tokens": tier.above_tokens, **_per_token(tier.prices)} for tier in quote.tiers]
    step_s = STEP_S if quote.tokens_per_s is None else round(1 / quote.tokens_per_s, 6)
    offer: Table = {"model": quote.model, "serving": {"kind": "affine", "base_s": Decimal(str(step_s))}, "price": price}
    if quote.tier:
        offer["service_tier"] = quote.tier
    if quote.context_tokens is not None:
        offer["limits"] = {"context_tokens": quote.context_tokens}
    try:
        Offer.model_validate(offer)
    except ValidationError as problem:
        raise UnknownPriceError(problem.errors()[0]["msg"].removeprefix("Value error, ")) from None
    return offer


def served_by(quote: Quote, offer: Table, host: Table | None) -> Table:
    """The offer of a service tier as one that is served by the replicas of the usual one, if that is listed."""
    if host is None or not quote.tier or "service_tier" in host or host["model"] != offer["model"]:
        return offer
    rest = {key: value for key, value in offer.items() if key not in ("model", "serving")}
    return {"model": offer["model"], "pool": quote.host, **rest}


def adds_writing(prices: TokenUsd) -> bool:
    """Whether writing to the cache is priced below input: lists mean a fee on top by it, or none.

    In a scenario it is the whole price of what is written, and a prompt would be nearly free.
    """
    return prices.write is not None and prices.input is not None and prices.write < prices.input


def _check_names(quote: Quote) -> None:
    try:
        _PROVIDER.validate_python(quote.provider)
        _MODEL.validate_python(quote.offer)
        _MODEL.validate_python(quote.model)
    except ValidationError:
        raise UnknownPriceError("a name with characters that scenarios do not take") from None


def _per_token(prices: TokenUsd) -> Table:
    """The fields of prices per token, those that are known."""
    for kind in ("input", "output"):
        if getattr(prices, kind) is None:
            raise UnknownPriceError(f"the price of {kind} tokens is unknown")
    known = {kind: value for kind, value in prices._asdict().items() if value is not None}
    if adds_writing(prices):
        del known["write"]
    return {f"{NAMES.get(kind, kind)}{PRICE_PER_TOKEN}": _number(value, PICO_PER_USD_PER_MTOK)
            for kind, value in known.items()}


def _number(value: Decimal, steps: int) -> Decimal:
    """A number on its grid: what lies beside it by the rounding of a binary fraction is moved there."""
    if steps == PICO_PER_USD_PER_MTOK and value > DEAREST:
        raise UnknownPriceError(f"a price above {DEAREST:,} USD per million tokens")
    try:
        return Decimal(on_grid("a price", float(value), steps)) / steps
    except ValueError:
        raise UnknownPriceError(f"a price between two steps of {1 / Decimal(steps):f}") from None
