"""The change of prices between two runs with the mix of what is bought held still: Fisher's index.

    (E171)  I_w = Σ p' w / Σ p w,   I = sqrt(I_n I_n')          sums over what was sold in both runs

p and p' are what a token of a model cost in a month of either run, n and n' how many were sold. The average token's
price moves with what is bought as well: it may rise while all prices fall, if customers climb to dearer models.
"""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple


class Sold(NamedTuple):
    """What one run sold, by what it is of (a month and a model): tokens, and USD for them."""

    tokens: Mapping[str, float]
    usd: Mapping[str, float]


class HeldMix(NamedTuple):
    """Prices of one run over those of another, the mix held still; nan where nothing was sold in both.

    Attributes
    ----------
    first, second
        At the mix that the first run sold (Laspeyres), and the second (Paasche).
    fisher
        Their geometric mean (E171).
    covered_first, covered_second
        Share of either run's tokens that is of models and months in which the other sold some.
    """

    first: float
    second: float
    fisher: float
    covered_first: float
    covered_second: float


UNKNOWN: Final = HeldMix(*[math.nan] * 5)


def held_mix(before: Sold, after: Sold) -> HeldMix:
    """Compare the prices of two runs over what was sold in both.

    Examples
    --------
    Both models get cheaper by a quarter, and who bought the small one buys the big one:

    >>> small = Sold({"small": 90.0, "big": 10.0}, {"small": 90.0, "big": 100.0})
    >>> big = Sold({"small": 10.0, "big": 90.0}, {"small": 7.5, "big": 675.0})
    >>> round(held_mix(small, big).fisher, 12)
    0.75
    """
    both = [of for of, tokens in before.tokens.items() if tokens > 0 and after.tokens.get(of, 0.0) > 0]
    paid, now_paid = (sum(run.usd[of] for of in both) for run in (before, after))
    if not paid > 0:
        return UNKNOWN
    first = sum(after.usd[of] / after.tokens[of] * before.tokens[of] for of in both) / paid
    second = now_paid / sum(before.usd[of] / before.tokens[of] * after.tokens[of] for of in both)
    covered = [sum(run.tokens[of] for of in both) / sum(run.tokens.values()) for run in (before, after)]
    return HeldMix(first, second, math.sqrt(first * second), *covered)
