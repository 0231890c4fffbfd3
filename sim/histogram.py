"""Log-linear histograms: bounded relative error, fixed memory, mergeable by addition.

A positive float64 falls in the bin given by its exponent and the first ``bits`` bits of its mantissa, so a bin
is ``2**-bits`` wide relative to its lower edge and its midpoint is within half of that of every member.
"""

import numpy as np

from sim.compiled import hot

LOWEST_EXPONENT = -14  # 61 microseconds
OCTAVES = 32  # up to 2**18 s, three days
FINE_BITS = 6  # result histograms: relative error below 0.8 %
COARSE_BITS = 3  # router telemetry: relative error below 6.3 %


def bins(bits: int) -> int:
    """Number of bins of a histogram with ``bits`` mantissa bits."""
    return OCTAVES << bits


@hot("int64(float64, int64)", cache=True)
def bin_of(value: float, bits: int) -> int:
    """Bin of ``value``; values outside the range fall in the first or last bin."""
    if value <= 0.0:
        return 0
    raw = np.float64(value).view(np.int64) >> (52 - bits)
    index = int(raw - ((1023 + LOWEST_EXPONENT) << bits))
    return max(0, min(index, (OCTAVES << bits) - 1))


@hot("float64(int64, int64)", cache=True)
def midpoint(index: int, bits: int) -> float:
    """Midpoint of a bin."""
    octave = index >> bits
    step = index & ((1 << bits) - 1)
    return 2.0 ** (octave + LOWEST_EXPONENT) * (1.0 + (step + 0.5) / (1 << bits))


@hot(["float64(int32[::1], int64, float64, int64)", "float64(int64[::1], int64, float64, int64)"], cache=True)
def quantile_of(counts: np.ndarray, total: int, q: float, bits: int) -> float:
    """The same of counts that are known to add up to ``total``, one or more."""
    rank = max(1, int(np.ceil(q * total)))
    seen = 0
    for index in range(counts.shape[0]):
        seen += counts[index]
        if seen >= rank:
            return midpoint(index, bits)
    return midpoint(counts.shape[0] - 1, bits)


@hot("float64(int64[::1], float64, int64)", cache=True)
def quantile(counts: np.ndarray, q: float, bits: int) -> float:
    """Midpoint of the bin that holds the ``ceil(q * n)``-th smallest value; NaN when empty."""
    total = 0
    for count in counts:
        total += count
    return np.nan if total == 0 else quantile_of(counts, total, q, bits)
