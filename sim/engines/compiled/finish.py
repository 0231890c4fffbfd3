"""Who finishes first on a replica: a heap on the virtual token clock.

Every step gives each decoding request one token, so a request that needs r more tokens when the replica has done v
steps ends at step v + r, whatever the steps last. Ties leave in order of admission.
"""

from typing import Any

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.state import Market


@inner(forceinline=True)
def _before(market: Market, at: int, v: int, attempt: int) -> bool:
    """True if (v, attempt) leaves before the entry at heap place ``at``."""
    other = market.finish_v[at]
    if v != other:
        return bool(v < other)
    return bool(market.attempts[attempt].order < market.attempts[market.finish_attempt[at]].order)


@inner(forceinline=True)
def _put(market: Market, base: int, position: int, entry: tuple[int, int]) -> None:
    market.finish_v[base + position] = entry[0]
    market.finish_attempt[base + position] = entry[1]


@inner(forceinline=True)
def _rise(market: Market, base: int, position: int, entry: tuple[int, int]) -> None:
    """Place ``entry`` at ``position`` or above."""
    while position > 0:
        parent = (position - 1) >> 1
        if not _before(market, base + parent, entry[0], entry[1]):
            break
        _put(market, base, position, (market.finish_v[base + parent], market.finish_attempt[base + parent]))
        position = parent
    _put(market, base, position, entry)


@inner(forceinline=True)
def add(market: Market, replica: Any, attempt: int) -> None:
    """Let an attempt decode until step ``finish_v``."""
    position = replica.decoding
    replica.decoding += 1
    _rise(market, replica.heap, position, (market.attempts[attempt].finish_v, attempt))


@inner(forceinline=True)
def take_out(market: Market, replica: Any, position: int) -> int:
    """Take the entry at a heap position out and return its attempt."""
    base = replica.heap
    gone = market.finish_attempt[base + position]
    replica.decoding -= 1
    count = replica.decoding
    if position == count:
        return int(gone)
    entry = (market.finish_v[base + count], market.finish_attempt[base + count])
    start = position
    child = 2 * position + 1
    while child < count:
        if child + 1 < count and _before(
            market, base + child, market.finish_v[base + child + 1], market.finish_attempt[base + child + 1]
        ):
            child += 1
        if _before(market, base + child, entry[0], entry[1]):
            break
        _put(market, base, position, (market.finish_v[base + child], market.finish_attempt[base + child]))
        position = child
        child = 2 * position + 1
    if position == start:
        _rise(market, base, position, entry)
    else:
        _put(market, base, position, entry)
    return int(gone)


@inner()
def remove(market: Market, replica: Any, position: int) -> int:
    """``take_out`` as a call of its own, for where it is rare."""
    return take_out(market, replica, position)


@inner()
def latest(market: Market, replica: Any) -> int:
    """Heap position of the decoding request that was admitted last."""
    base = replica.heap
    best = 0
    for position in range(1, replica.decoding):
        here = market.attempts[market.finish_attempt[base + position]].order
        if here > market.attempts[market.finish_attempt[base + best]].order:
            best = position
    return best


def heap_arrays(places: int) -> tuple[np.ndarray, np.ndarray]:
    """Storage for the heaps of all replicas together."""
    return np.zeros(places, np.int64), np.zeros(places, np.int32)
