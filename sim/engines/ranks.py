"""How preferences rank open offers: the numbers that both engines compare (docs/semantics.md, section 15)."""

from typing import Final

from sim.compiled import hot
from sim.units import PICO_PER_USD, PPM

SORTS: Final = ("none", "price", "throughput", "latency")  # what offers may be sorted by, in the order of their numbers
BY_PRICE: Final = 1
BY_THROUGHPUT: Final = 2
EXCLUDED: Final = -2  # standing of an offer that may not serve a class's requests: not even, as with an own key
SAME: Final = 1e-9  # relative to the best: what is no worse than that is as good (section 10)


@hot(cache=True, forceinline=True)
def standing_of(place: int, keyed: int) -> int:
    """An offer's place in the order, and whether the customer has a key of its own there, in one number."""
    return place << 1 | keyed


@hot(cache=True, forceinline=True)
def rank_of(standing: int, places: int, own_key: bool, misses: bool) -> int:
    """Rank of an offer; the lowest goes first: own keys, then those that miss nothing, then by their place."""
    return (standing >> 1) + places * (misses + 2 * (not own_key))


@hot(cache=True, forceinline=True)
def as_good_as(best: float) -> float:
    """The largest value of which the smallest, ``best``, is not clearly the better one."""
    return best + SAME * abs(best)


@hot(cache=True, forceinline=True)
def request_usd(request_pico: int, kept_ppm: int) -> float:
    """Posted price of a request after the discount, USD."""
    return request_pico * float(kept_ppm) / (PPM * float(PICO_PER_USD))
