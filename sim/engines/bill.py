"""What a request costs: its terms in, a charge out (docs/semantics.md, section 12). Both engines call these functions.

Prices are whole pico-dollars, so that a price list's finest step, 10^-6 USD per million tokens, is one of them a token.
A charge is whole nano-dollars, and rounded once: after its lines are added and the discount is taken.
"""

from typing import Final, NamedTuple

from sim.compiled import hot
from sim.units import PICO_PER_NANO, PICO_PER_USD, PPM

_UNIT: Final = PPM * PICO_PER_NANO


class Terms(NamedTuple):
    """The prices that hold for one request at one offer, in pico-dollars.

    Attributes
    ----------
    input, output, cached
        Per token of the prompt, of the answer, and of the prompt as far as it is read from the cache.
    write
        Per token of the prompt that is not read from the cache: as it is billed. It is the price of writing to the
        cache where there is one, else that of input.
    request
        Per request.
    kept_ppm
        What the discount leaves of the sum, millionths.
    """

    input: int
    output: int
    cached: int
    write: int
    request: int
    kept_ppm: int


@hot(cache=True, forceinline=True)
def prompt_pico(terms: Terms, prompt: int, prefix: int) -> int:
    """What is charged before the first token of the answer, less no discount yet, pico-dollars.

    Parameters
    ----------
    terms
        Those of this prompt.
    prompt, prefix
        Tokens of the prompt, and the first of them, which are read from the cache.
    """
    return terms.request + (prompt - prefix) * terms.write + prefix * terms.cached


@hot(cache=True, forceinline=True)
def charge_nano(sum_pico: int, kept_ppm: int) -> int:
    """The charge of a bill, nano-dollars: its lines' sum, less the discount, rounded half up.

    Parameters
    ----------
    sum_pico
        Sum of the lines, pico-dollars.
    kept_ppm
        What the discount leaves of it, millionths.
    """
    # in two parts: the product of the whole sum and the share would not fit into 64 bits
    whole = sum_pico // _UNIT
    rest = sum_pico - whole * _UNIT
    return whole * kept_ppm + (rest * kept_ppm + _UNIT // 2) // _UNIT


@hot(cache=True, forceinline=True)
def told_usd(sum_pico: int, kept_ppm: int) -> float:
    """A part of a charge as policies hear of it, USD: after the discount, not rounded.

    Parameters
    ----------
    sum_pico
        Sum of its lines, pico-dollars.
    kept_ppm
        What the discount leaves of it, millionths.
    """
    return float(sum_pico) * kept_ppm / (PPM * float(PICO_PER_USD))


@hot(cache=True, forceinline=True)
def expected_usd(terms: Terms, prompt: int, expected_output: float) -> float:
    """What a router expects a request to cost, USD: nothing from the cache, and the output that it expects."""
    # in floating point: routers price offers, too, whose context the prompt exceeds
    sum_pico = float(terms.request) + prompt * float(terms.input) + expected_output * float(terms.output)
    return sum_pico * terms.kept_ppm / (PPM * float(PICO_PER_USD))
