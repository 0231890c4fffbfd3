"""Posted prices: three integers of pico-dollars a token, on the market's grid."""

from typing import NamedTuple

from sim.units import PICO_PER_USD_PER_MTOK


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

    def blended(self, input_share: float = 0.75) -> float:
        """Nano-dollars per token at a share of input tokens (0.75: the market's usual 3:1)."""
        return input_share * self.input + (1 - input_share) * self.output


def prices_of_usd(input_usd: float, output_usd: float, cached_usd: float | None = None) -> Prices:
    """Prices from USD per million tokens; without a cached price, cached tokens cost as input."""
    cached = input_usd if cached_usd is None else cached_usd
    return Prices(*(round(usd * PICO_PER_USD_PER_MTOK) for usd in (input_usd, output_usd, cached)))
