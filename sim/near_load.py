"""What a server says of its latency: the median of those that requests met at or near its present load.

Prequal's probe (Wydrowski et al., NSDI 2024) answers with it. An average over whatever requests came lately would say
how long the queue was that *they* found, and go on saying so after the queue is gone: nobody comes to a server that
looks slow, so nothing corrects it. At the present load an idle server says what idle servers are like.
"""

from typing import Final

import numpy as np

from sim.compiled import njit

RECENT: Final = 32  # latencies that are kept; assumption: the paper does not say how many are recent
NEAR: Final = 0.5  # requests; assumption, as the next: the paper says "at or near"
NEAR_SHARE: Final = 0.1  # of the present load
PAIR: Final = 2  # places of a sample: the load that its request met, and its latency


@njit(cache=True)
def note(ring: np.ndarray, first: int, seen: int, load: float, latency_s: float) -> None:
    """Write a sample over the oldest.

    Parameters
    ----------
    ring, first
        Where samples are kept, from which place on.
    seen
        Samples so far.
    load, latency_s
        What its request met when it arrived, itself not counted, and how long it took.
    """
    at = first + PAIR * (seen % RECENT)
    ring[at] = load
    ring[at + 1] = latency_s


@njit(cache=True)
def latency_at(ring: np.ndarray, first: int, seen: int, load: float) -> float:
    """Lower median of the latencies at or near a load (E24); NaN before the first sample.

    Near are the samples within half a request or a tenth of the load, whichever is more; if there are none, those
    whose load is nearest.
    """
    kept = min(seen, RECENT)
    reach = np.inf
    for i in range(kept):
        reach = min(reach, abs(ring[first + PAIR * i] - load))
    reach = max(reach, NEAR, NEAR_SHARE * load)
    near = 0
    for i in range(kept):
        near += abs(ring[first + PAIR * i] - load) <= reach
    for i in range(kept):
        at = first + PAIR * i
        if abs(ring[at] - load) > reach:
            continue
        below = 0
        for j in range(kept):
            other = first + PAIR * j
            before = ring[other + 1] < ring[at + 1] or (ring[other + 1] == ring[at + 1] and j < i)
            below += before and abs(ring[other] - load) <= reach
        if below == (near - 1) // 2:
            return float(ring[at + 1])
    return np.nan
