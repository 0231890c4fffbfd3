"""Why entrants got another value than they had expected: the difference, factor by factor, with no rest.

    (E125)  V = R - G - H,   R = D s p,   G = D s g          D the model's tokens, s the listing's share of them,
                                                              p revenue and g GPUs a token, H overhead
    (E126)  V - V^e = sum_x dR_x + sum_x dG_x - (H - H^e),    dR_x = L(R, R^e) ln(x / x^e),   L(a, b) = (a - b)/ln(a/b)

for x = D, s, p, likewise dG_x = -L(G, G^e) ln(x / x^e) for D, s, g; D and s change both. All are sums over the listings
of a group, discounted, of the days that passed; D of the days for which they meant to stay, so that a shorter or longer
life is in s and in H. Source: Ang (Energy Policy 2004), the logarithmic mean Divisia index, which is exact.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from sim.market.hosts import Flows, ListingRecord

FACTORS: Final = ("demand", "share", "price", "gpus", "overhead")
AGE_STEP: Final = 30  # days of a model's age that are told apart
OLDEST: Final = 6  # of such steps: this and older


class ValueGap(NamedTuple):
    """Expected and realised value of a group of listings, and what of the difference is due to each factor, USD."""

    listings: int
    expected_usd: float
    realised_usd: float
    demand_usd: float  # tokens of the models
    share_usd: float  # of these, those of the listings
    price_usd: float  # revenue a token
    gpus_usd: float  # GPUs a token
    overhead_usd: float  # of keeping them


def totals(flows: Sequence[Flows]) -> Flows:
    """Add up what some listings brought."""
    return Flows(*(math.fsum(column) for column in zip(*flows, strict=True)))


def log_mean(a: float, b: float) -> float:
    """Logarithmic mean of two numbers above 0.

    Examples
    --------
    >>> log_mean(4.0, 4.0), round(log_mean(math.e, 1.0), 6)
    (4.0, 1.718282)
    """
    return a if a == b else (a - b) / math.log(a / b)


def gap(listings: Sequence[ListingRecord]) -> ValueGap:
    """Return the gap of a group; its parts are nan where one of the factors is not above 0."""
    if not listings:
        return ValueGap(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    expected, came = totals([it.expected for it in listings]), totals([it.realised for it in listings])
    whole = (len(listings), expected.cash_usd, came.cash_usd)
    overhead = expected.overhead_usd - came.overhead_usd
    if min(expected[:4]) <= 0 or min(came[:4]) <= 0:
        return ValueGap(*whole, math.nan, math.nan, math.nan, math.nan, overhead)
    revenue, gpus = (log_mean(getattr(came, name), getattr(expected, name)) for name in ("revenue_usd", "gpus_usd"))
    demand = math.log(came.model_tokens / expected.model_tokens)
    share = _change(came, expected, "tokens", "model_tokens")
    return ValueGap(*whole, (revenue - gpus) * demand, (revenue - gpus) * share,
               revenue * _change(came, expected, "revenue_usd", "tokens"),
               -gpus * _change(came, expected, "gpus_usd", "tokens"), overhead)


def gaps(listings: Sequence[ListingRecord], of: Callable[[ListingRecord], int]) -> dict[int, ValueGap]:
    """Return the gap of each group, in order."""
    return {group: gap([it for it in listings if of(it) == group]) for group in sorted({of(it) for it in listings})}


def age_months(listing: ListingRecord) -> int:
    """Return the age of its model when it was listed, whole months; `OLDEST` for all that are older."""
    return min(OLDEST, int(max(0.0, listing.model_age_days) // AGE_STEP))


def _change(came: Flows, expected: Flows, above: str, below: str) -> float:
    """Logarithm of a ratio that came over the one that was expected."""
    return math.log(getattr(came, above) / getattr(came, below) * getattr(expected, below) / getattr(expected, above))
