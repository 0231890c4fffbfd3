"""How the whole platform grows, as its sellers see it in the books."""

import math
from collections.abc import Sequence
from typing import Final

GROWTH_DAYS: Final = 90  # over which growth is seen
END_DAYS: Final = 7  # both ends of that span are weeks, which have every weekday


def growth_per_day(tokens: Sequence[float]) -> float:
    """Growth of the logarithm of the platform's tokens a day over its last 90 days; 0 before there were as many.

    A market that has just begun grows because sellers come: that is not what will go on.

    Parameters
    ----------
    tokens
        Tokens of all models, a day, oldest first.
    """
    seen = tokens[-GROWTH_DAYS:]
    first, last = sum(seen[:END_DAYS]), sum(seen[-END_DAYS:])
    if len(seen) < GROWTH_DAYS or first <= 0 or last <= 0:
        return 0.0
    return math.log(last / first) / (GROWTH_DAYS - END_DAYS)
