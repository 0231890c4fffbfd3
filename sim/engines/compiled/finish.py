"""Who finishes first on a replica: a heap on the virtual token clock.

Every step gives each decoding request one token, so a request that needs r more tokens when the replica has done v
steps ends at step v + r, whatever the steps last. Ties leave in order of admission.
"""

from typing import NamedTuple

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import Replica
from sim.engines.compiled.state import Supply


class Finish(NamedTuple):
    """An entry of the heap."""

    v: int  # token clock at which it leaves
    attempt: int  # slot


@inner(forceinline=True)
def _before(supply: Supply, at: int, v: int, attempt: int) -> bool:
    """True if (v, attempt) leaves before the entry at heap place ``at``."""
    # Who leaves first sends first, and so arrives first: the order of ties is seen from outside.
    other = supply.finish_v[at]
    if v != other:
        return bool(v < other)
    return bool(supply.attempts[attempt].order < supply.attempts[supply.finish_attempt[at]].order)


@inner(forceinline=True)
def _put(supply: Supply, base: int, position: int, entry: Finish) -> None:
    supply.finish_v[base + position] = entry.v
    supply.finish_attempt[base + position] = entry.attempt


@inner(forceinline=True)
def _rise(supply: Supply, base: int, position: int, entry: Finish) -> None:
    """Place ``entry`` at ``position`` or above."""
    while position > 0:
        parent = (position - 1) >> 1
        if not _before(supply, base + parent, entry.v, entry.attempt):
            break
        _put(supply, base, position, Finish(supply.finish_v[base + parent], supply.finish_attempt[base + parent]))
        position = parent
    _put(supply, base, position, entry)


@inner(forceinline=True)
def add(supply: Supply, replica: Replica, attempt: int) -> None:
    """Let an attempt decode until step ``finish_v``."""
    position = replica.decoding
    replica.decoding += 1
    replica.unbroken = 0
    _rise(supply, replica.heap, position, Finish(supply.attempts[attempt].finish_v, attempt))


@inner(forceinline=True)
def take_out(supply: Supply, replica: Replica, position: int) -> int:
    """Take the entry at a heap position out and return its attempt."""
    base = replica.heap
    gone = supply.finish_attempt[base + position]
    replica.decoding -= 1
    replica.unbroken = 0
    count = replica.decoding
    if position == count:
        return int(gone)
    entry = Finish(supply.finish_v[base + count], supply.finish_attempt[base + count])
    start = position
    child = 2 * position + 1
    while child < count:
        if child + 1 < count and _before(
            supply, base + child, supply.finish_v[base + child + 1], supply.finish_attempt[base + child + 1]
        ):
            child += 1
        if _before(supply, base + child, entry.v, entry.attempt):
            break
        _put(supply, base, position, Finish(supply.finish_v[base + child], supply.finish_attempt[base + child]))
        position = child
        child = 2 * position + 1
    # An entry from another branch may belong above the place that fell empty; one that sank cannot.
    if position == start:
        _rise(supply, base, position, entry)
    else:
        _put(supply, base, position, entry)
    return int(gone)


@inner()
def remove(supply: Supply, replica: Replica, position: int) -> int:
    """``take_out`` as a call of its own, for where it is rare."""
    return take_out(supply, replica, position)


@inner()
def latest(supply: Supply, replica: Replica) -> int:
    """Heap position of the decoding request that was admitted last."""
    base = replica.heap
    best = 0
    for position in range(1, replica.decoding):
        here = supply.attempts[supply.finish_attempt[base + position]].order
        if here > supply.attempts[supply.finish_attempt[base + best]].order:
            best = position
    return best


@inner()
def somebody_came_later(supply: Supply, replica: Replica) -> bool:
    """Whether somebody who decodes was admitted after the last who is in prefill: only who comes with its KV can be."""
    if replica.decoding == 0 or supply.replicas[supply.offers[replica.offer].first_replica].link < 0:
        return False
    newest = supply.finish_attempt[replica.heap + latest(supply, replica)]
    return bool(supply.attempts[newest].order > supply.attempts[replica.prefill_tail].order)


@inner()
def first_cancelled(supply: Supply, replica: Replica) -> int:
    """Heap position of the cancelled request that was admitted first; -1 if there is none."""
    first = -1
    for position in range(replica.decoding):
        attempt = supply.attempts[supply.finish_attempt[replica.heap + position]]
        if attempt.cancelled != 0 and (
            first < 0 or attempt.order < supply.attempts[supply.finish_attempt[replica.heap + first]].order
        ):
            first = position
    return first


def heap_arrays(places: int) -> tuple[np.ndarray, np.ndarray]:
    """Storage for the heaps of all replicas together."""
    return np.zeros(places, np.int64), np.zeros(places, np.int32)
