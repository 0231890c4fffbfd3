"""Sums of times that do not depend on the order of their terms, so that shards may add them in any.

A floating-point sum does: its last bits tell who was first. Here every time is rounded to a whole number of units far
below the grid of event times, and whole numbers are added, in two words: the low one carries into the high one.
"""

from typing import Final

import numpy as np

from sim.compiled import hot

FINER: Final = 512  # units in a step of the grid of event times: a horizon has 2^53 steps, so a time has 62 bits
CARRY: Final = 62  # bits of the low word
_LOW: Final = np.int64((1 << CARRY) - 1)


@hot()
def add_time(words: np.ndarray, value_s: float, per_s: float) -> None:
    """Add a time to a sum.

    Parameters
    ----------
    words
        int64 (2,): low and high word of the sum.
    value_s
        From 0 to the run's horizon, s.
    per_s
        Points of the grid of event times, 1/s.
    """
    low = words[0] + np.int64(np.rint(value_s * per_s * FINER))
    words[0] = low & _LOW
    words[1] += low >> CARRY


def merged(parts: list[np.ndarray]) -> np.ndarray:
    """Add sums; the last axis holds their two words."""
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
        total[..., 1] += total[..., 0] >> CARRY
        total[..., 0] &= _LOW
    return total


def seconds(words: np.ndarray, per_s: float) -> np.ndarray:
    """The sums as floating-point numbers, s."""
    return np.asarray((words[..., 1] * 2.0**CARRY + words[..., 0]) / (per_s * FINER))
