"""Posted prices: three integers of pico-dollars a token, on the market's grid."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sim.units import PICO_PER_USD_PER_MTOK


class Mix(NamedTuple):
    """What a million tokens consist of: shares that add up to 1, in the order of prices.

    Attributes
    ----------
    input, output
        Prompt tokens that no cache had, and output tokens.
    cached
        Prompt tokens read from a cache.
    """

    input: float
    output: float
    cached: float = 0.0

    def blend(self, values: Sequence[float]) -> float:
        """Mean of three values (input, output, cached) over the tokens."""
        # the cached part last: without any the others are as they would be alone, to the bit
        return self.input * values[0] + self.output * values[1] + self.cached * values[2]


USUAL_MIX: Final = Mix(0.75, 0.25)  # by which prices of models are usually compared, 3:1


class Prices(NamedTuple):
    """What an offer charges, in pico-dollars per token (1 USD per million tokens = 1,000,000).

    Attributes
    ----------
    input, output
        Per prompt token and per output token.
    cached
        Per prompt token that the provider had cached.
    """

    input: int
    output: int
    cached: int

    def scaled(self, factor: float) -> "Prices":
        """All three times ``factor``, rounded to whole pico-dollars, never below zero."""
        return Prices(*(max(0, round(value * factor)) for value in self))

    def blended(self, mix: Mix = USUAL_MIX) -> float:
        """Mean price of the tokens of a mix, pico-dollars per token."""
        return mix.blend(self)


def prices_of_usd(input_usd: float, output_usd: float, cached_usd: float | None = None) -> Prices:
    """Prices from USD per million tokens; without a cached price, cached tokens cost as input."""
    cached = input_usd if cached_usd is None else cached_usd
    return Prices(*(round(usd * PICO_PER_USD_PER_MTOK) for usd in (input_usd, output_usd, cached)))
