"""A row of a price list: what a seller asks for a model, or why the row says nothing of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple, get_args

from sim.scenario.tier_settings import ServiceTier

Raw = Any  # a value as JSON or CSV gives it
PER_MTOK: Final = Decimal(1_000_000)
FREE: Final = Decimal(0)


class UnknownPriceError(ValueError):
    """A row has a price of which nobody can say what it is; the text is the reason."""


class TokenUsd(NamedTuple):
    """USD per million tokens; None where the list says nothing."""

    input: Decimal | None
    output: Decimal | None
    cached: Decimal | None = None
    write: Decimal | None = None

    def or_else(self, other: "TokenUsd") -> "TokenUsd":
        """These prices, and the other's where they are none."""
        return TokenUsd(*(there if here is None else here for here, there in zip(self, other, strict=True)))

    @property
    def is_empty(self) -> bool:
        """Whether neither input nor output has a price."""
        return self.input is None and self.output is None


class TierUsd(NamedTuple):
    """Prices of requests whose prompt has more tokens."""

    above_tokens: int
    prices: TokenUsd


@dataclass(frozen=True)
class Quote:
    """What a list says of one offer.

    Attributes
    ----------
    provider, offer, model
        Who sells; under which name, unique at the provider; which model.
    base, tiers
        Prices per token.
    request_usd, discount
        Price of a request, and the share taken off.
    context_tokens
        Longest prompt and answer; None if unknown.
    tokens_per_s
        Output tokens a second of one stream, as seen; None if unknown.
    day
        First day on which it holds, where the list is a history; None if it has no dates.
    ends
        Last day on which it holds; None if it does until another takes its place.
    service, host
        Its service tier, as the list has it, and the offer of the usual one; empty if it is that.
    """

    provider: str
    offer: str
    model: str
    base: TokenUsd
    tiers: tuple[TierUsd, ...] = ()
    request_usd: Decimal = FREE
    discount: Decimal = FREE
    context_tokens: int | None = None
    tokens_per_s: float | None = None
    day: date | None = None
    ends: date | None = None
    service: str = ""
    host: str = ""

    def named(self, suffix: str, prices: TokenUsd, tiers: tuple[TierUsd, ...] = ()) -> "Quote":
        """The offer of another service tier, such as ``:flex``."""
        return replace(self, offer=f"{self.offer}:{suffix}", base=prices, tiers=tiers, service=suffix, host=self.offer)

    @property
    def tier(self) -> str:
        """Its service tier as scenarios have it; empty if it is the default one, or one that they do not know."""
        return self.service if self.service in get_args(ServiceTier) else ""


class Unread(NamedTuple):
    """A row that gives no offer.

    Attributes
    ----------
    name
        The row's.
    reason
        Why.
    has_price
        Whether it has a price of tokens: if not, it is none of the list's prices that could be loaded.
    """

    name: str
    reason: str
    has_price: bool = True


Row = Quote | Unread


def usd(value: Raw, per: Decimal = PER_MTOK) -> Decimal | None:
    """A price, times ``per``; None where it is unknown: nothing, an empty text, null, or less than zero.

    A text may begin with a dollar sign.

    Raises
    ------
    UnknownPriceError
        If it is something else than a number.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise UnknownPriceError("a price is no number")
    try:
        number = Decimal(str(value).strip().removeprefix("$"))
    except InvalidOperation:
        raise UnknownPriceError("a price is no number") from None
    if not number.is_finite():
        raise UnknownPriceError("a price is no number")
    return number * per if number >= 0 else None


def tokens(value: Raw) -> int | None:
    """A number of tokens; None where it is unknown or zero."""
    try:
        number = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number > 0 else None


def table(value: Raw) -> Mapping[str, Raw]:
    """A table of JSON; an empty one where something else stands."""
    return value if isinstance(value, Mapping) else {}


def items(value: Raw) -> Iterable[Raw]:
    """The entries of a list of JSON; none where something else stands."""
    return value if isinstance(value, list | tuple) else ()
