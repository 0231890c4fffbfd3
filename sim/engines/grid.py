"""The grid of event times: those equal in exact arithmetic are equal bit for bit (docs/semantics.md, section 10).

A sum of steps and its closed form differ in their last bits, and so do two sums taken in different orders: which of two
things happens first would be up to rounding. So every time at which something is due is a multiple of one power of
two, fine enough for nine digits of a latency and coarse enough that all sums over the horizon are exact.
"""

from typing import Final

import numpy as np

from sim.compiled import hot

FINEST_BITS: Final = 35  # 2^-35 s is 29 ps; all runs of up to 18 hours have the same grid, however long they drain
MANTISSA_BITS: Final = 51  # of a double, less two by which `on_grid` is rounded
ROUNDS: Final = 1.5 * 2.0**52  # doubles from 2^52 to 2^53 are the whole numbers
_ROUNDS_BITS, _ONE_BITS = (int(bits) for bits in np.array([ROUNDS, 1.0]).view(np.int64))


def grid_per_s(horizon_s: float) -> float:
    """Points of the grid in a second, a power of two: the finest that doubles hold up to the horizon.

    Parameters
    ----------
    horizon_s
        Latest time of a run, seconds.

    Examples
    --------
    >>> grid_per_s(60.0) == grid_per_s(18 * 3600.0) == 2.0**35
    True
    >>> grid_per_s(548 * 86400.0) == 2.0**25
    True
    """
    whole_bits = int(np.ceil(np.log2(max(horizon_s, 1.0))))
    return float(2.0 ** min(FINEST_BITS, MANTISSA_BITS - whole_bits))


@hot(cache=True, forceinline=True)
def on_grid(time_s: float, per_s: float) -> float:
    """The point of the grid that is nearest to a time, seconds; an infinite time stays so."""
    # a sum so large has no bits below the grid: it is rounded as it is added, in a third of the time that rint takes
    # ROUNDS / per_s, a power of two: exponents are subtracted, in a tenth of the time of a division
    far_s = np.int64(_ROUNDS_BITS - (np.float64(per_s).view(np.int64) - _ONE_BITS)).view(np.float64)
    return float((time_s + far_s) - far_s)


def all_on_grid(times_s: np.ndarray, per_s: float) -> np.ndarray:
    """The points of the grid that are nearest to times, seconds."""
    far_s = ROUNDS / per_s
    return np.asarray((times_s + far_s) - far_s)


def put_on_grid(block: np.ndarray, per_s: float) -> np.ndarray:
    """Return a feed's block with its times on the grid, arrivals of the same time in the order of their keys.

    A block that is so already, as the feeds of this package make them, is returned as it is.
    """
    if _is_so(block["born_s"], block["arrive_s"], block["key"], per_s):
        return block
    out = block.copy()
    for name in ("born_s", "arrive_s"):
        out[name] = all_on_grid(out[name], per_s)
    return out[np.lexsort((out["key"], out["arrive_s"]))]


@hot(cache=True)
def _is_so(born_s: np.ndarray, arrive_s: np.ndarray, key: np.ndarray, per_s: float) -> bool:
    for row in range(len(arrive_s)):
        if on_grid(born_s[row], per_s) != born_s[row] or on_grid(arrive_s[row], per_s) != arrive_s[row]:
            return False
        if row > 0 and arrive_s[row] == arrive_s[row - 1] and key[row] < key[row - 1]:
            return False
    return True
