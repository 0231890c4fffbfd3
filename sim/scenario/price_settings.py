"""What an offer charges: a schedule of prices."""

from collections.abc import Iterator
from decimal import Decimal

from pydantic import Field, model_validator

from sim.scenario.base import Part, quantity
from sim.units import MOST_PICO, PICO_PER_USD, PICO_PER_USD_PER_MTOK, PPM

PRICE_PER_TOKEN = "_usd_per_mtok"


def on_grid(name: str, value: float, per_unit: int) -> int:
    """The whole number of grid steps that a value is.

    Parameters
    ----------
    name
        The field, as the error names it.
    value
        In the field's own unit.
    per_unit
        Steps of the grid in one of that unit.

    Raises
    ------
    ValueError
        If it lies between two steps; the sentence says which multiples are allowed.
    """
    # in decimals: what somebody wrote is meant, not the binary fraction next to it
    exact = Decimal(repr(value)) * per_unit
    steps = int(exact.to_integral_value())
    if abs(exact - steps) > Decimal("1e-6") + abs(exact) * Decimal("1e-15"):  # less is the rounding of a computed value
        raise ValueError(f"{name} ({Decimal(repr(value)):f}) must be a multiple of {1 / Decimal(per_unit):f}")
    return steps


class TokenPrices(Part):
    """Prices per token, on the grid of 0.000001 USD per million tokens: a pico-dollar a token."""

    input_usd_per_mtok: float = quantity(unit="USD/Mtok", doc="Price of prompt tokens", ge=0, le=100_000)
    output_usd_per_mtok: float = quantity(unit="USD/Mtok", doc="Price of output tokens", ge=0, le=100_000)
    cached_usd_per_mtok: float | None = quantity(
        None, unit="USD/Mtok", doc="Price of prompt tokens that are read from the cache; none: as input", ge=0,
        le=100_000, source="OpenRouter API: pricing.input_cache_read")
    cache_write_usd_per_mtok: float | None = quantity(
        None, unit="USD/Mtok", doc="Price of prompt tokens that are written to the cache: where it is given, all "
        "those that are not read from it; none: as input", ge=0, le=100_000,
        source="OpenRouter API: pricing.input_cache_write")

    @model_validator(mode="after")
    def _on_grid(self) -> "TokenPrices":
        for name, value in self.per_token():
            on_grid(name, value, PICO_PER_USD_PER_MTOK)
        return self

    def per_token(self) -> Iterator[tuple[str, float]]:
        """The prices that are given, with their names."""
        for name in TokenPrices.model_fields:
            value = getattr(self, name)
            if value is not None:
                yield name, value


class PriceTier(TokenPrices):
    """Prices of requests with a long prompt: for the whole request, prompt and answer."""

    above_tokens: int = quantity(unit="tokens", doc="They hold for prompts of more tokens than this", ge=1)


class PriceSchedule(TokenPrices):
    """Prices of an offer, whatever the request."""

    request_usd: float = quantity(0.0, unit="USD", doc="Price of a request, whatever its length", ge=0, le=1e6,
                                  source="OpenRouter API: pricing.request")
    discount: float = quantity(0.0, unit="1", doc="Share taken off the bill of a request", ge=0, lt=1,
                               source="OpenRouter API: pricing.discount")
    tiers: tuple[PriceTier, ...] = Field(
        (), description="Prices for longer prompts, by ascending length; the whole request is at the last it exceeds")

    @model_validator(mode="after")
    def _holds_together(self) -> "PriceSchedule":
        on_grid("request_usd", self.request_usd, PICO_PER_USD)
        on_grid("discount", self.discount, PPM)
        above = [tier.above_tokens for tier in self.tiers]
        if above != sorted(set(above)):
            raise ValueError(f"tiers have above_tokens {', '.join(map(str, above))}, but each must be above the last")
        return self

    def check_bills(self, context_tokens: int) -> None:
        """Refuse prices at which the bill of a request within the context could not be held.

        Raises
        ------
        ValueError
            If its sum could exceed 2^63 pico-dollars.
        """
        dearest = max(value for prices in (self, *self.tiers) for _, value in prices.per_token())
        most = on_grid("request_usd", self.request_usd, PICO_PER_USD)
        most += context_tokens * on_grid("price", dearest, PICO_PER_USD_PER_MTOK)
        if most > MOST_PICO:
            raise ValueError(
                f"a request of {context_tokens} tokens (limits.context_tokens) at {dearest:g} USD/Mtok "
                f"and {self.request_usd:g} USD a request could cost {most / PICO_PER_USD:.6g} USD, but a bill must "
                f"stay below {MOST_PICO / PICO_PER_USD:.6g} USD")


class DatedPrice(PriceSchedule):
    """Prices that replace those before them in the course of a run, all of them."""

    from_s: float = quantity(unit="s", doc="Time of the run from which they hold", gt=0)


class Price(PriceSchedule):
    """Posted price of an offer: a schedule, and those that follow it."""

    later: tuple[DatedPrice, ...] = Field((), description="Schedules that replace it later, by time")

    @model_validator(mode="after")
    def _in_order(self) -> "Price":
        times = [price.from_s for price in self.later]
        if times != sorted(set(times)):
            told = ", ".join(f"{time:g}" for time in times)
            raise ValueError(f"later has from_s {told}, but each must be after the one before")
        return self


class RelativeTier(Part):
    """Prices of requests with a long prompt over those of others: for the whole request, prompt and answer."""

    above_tokens: int = quantity(unit="tokens", doc="They hold for prompts of more tokens than this", ge=1)
    input_factor: float = quantity(
        2.0, unit="1", doc="Prices of prompt tokens, cached and written ones too, over those of other requests", gt=0,
        le=10, source="Gemini 2.5 Pro and Claude Sonnet 4 above 200,000 tokens (OpenRouter API, November 2026)")
    output_factor: float = quantity(1.5, unit="1", doc="Price of output tokens over that of other requests", gt=0,
                                    le=10, source="as input_factor")


class RelativeSchedule(Part):
    """What a firm charges beside the prices that its strategy asks, in proportion to these."""

    tiers: tuple[RelativeTier, ...] = Field(
        (), description="Prices for longer prompts, by ascending length; the whole request is at the last it exceeds")
    cache_write_factor: float | None = quantity(
        None, unit="1", doc="Price of prompt tokens that are written to the cache over that of input: where it is "
        "given, all those that are not read from it; none: as input", gt=0, le=10,
        source="none; Anthropic's is 1.25 (OpenRouter API, November 2026)")

    @property
    def is_plain(self) -> bool:
        """Whether it adds nothing to the prices asked."""
        return not self.tiers and self.cache_write_factor is None

    @model_validator(mode="after")
    def _ascends(self) -> "RelativeSchedule":
        above = [tier.above_tokens for tier in self.tiers]
        if above != sorted(set(above)):
            raise ValueError(f"tiers have above_tokens {', '.join(map(str, above))}, but each must be above the last")
        return self
