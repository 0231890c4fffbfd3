"""What caches of equal items find in requests that do not depend on those before: nothing of the simulator."""

import math
from collections.abc import Sequence


def zipf_like_shares(items: int, exponent: float) -> list[float]:
    """Shares of documents in demand: integrals of x^(-exponent) from k to k + 1 (E28)."""
    def upto(x: float) -> float:
        return math.log(x) if exponent == 1.0 else (x ** (1.0 - exponent) - 1.0) / (1.0 - exponent)

    return [(upto(k + 1.0) - upto(k)) / upto(items + 1.0) for k in range(1, items + 1)]


def lru_hit_share(shares: Sequence[float], places: int) -> float:
    """Share of requests that an LRU cache of so many items finds (King 1971) (E29).

    The sum over ordered contents is taken set by set: who is in the cache came there in some order.
    """
    reached = {frozenset[int](): 1.0}
    for _ in range(places):
        longer: dict[frozenset[int], float] = {}
        for held, chance in reached.items():
            left = 1.0 - sum(shares[item] for item in held)
            for item in set(range(len(shares))) - held:
                more = held | {item}
                longer[more] = longer.get(more, 0.0) + chance * shares[item] / left
        reached = longer
    return sum(chance * sum(shares[item] for item in held) for held, chance in reached.items())


def che_hit_share(shares: Sequence[float], places: int) -> float:
    """The same of many items: each stays for a time that is nearly alike for all (Che, Tung and Wang 2002) (E30)."""
    low, high = 0.0, 1.0
    while sum(-math.expm1(-share * high) for share in shares) < places:
        high *= 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        held = sum(-math.expm1(-share * middle) for share in shares)
        low, high = (middle, high) if held < places else (low, middle)
    return sum(-share * math.expm1(-share * low) for share in shares)
