"""Who finishes first on a replica: a list on the virtual token clock, the last to leave first.

Every step gives each decoding request one token, so a request that needs r more tokens when the replica has done v
steps ends at step v + r, whatever the steps last. Ties leave in order of admission. Who leaves next stands at the end
and is taken out for nothing; a newcomer moves those who leave before it, which for a batch costs less than a heap's
guesses: where it belongs is found by halves, and the rest is one move of memory.
"""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.records import Replica
from sim.engines.compiled.state import Supply, wide


@inner(forceinline=True)
def next_v(supply: Supply, replica: Replica) -> int:
    """Token clock at which the next of those who decode leaves."""
    return int(supply.finish_v[replica.finishes + replica.decoding - 1])


@inner(forceinline=True)
def _leaves_later(supply: Supply, at: int, attempt: int) -> bool:
    """True if the entry at place ``at`` leaves after an attempt."""
    # Who leaves first sends first, and so arrives first: the order of ties is seen from outside.
    here, there = supply.attempts[attempt].finish_v, supply.finish_v[at]
    if there != here:
        return bool(there > here)
    return bool(supply.attempts[supply.finish_attempt[at]].order > supply.attempts[attempt].order)


@inner(forceinline=True)
def add(supply: Supply, replica: Replica, attempt: int) -> None:
    """Let an attempt decode until step ``finish_v``."""
    low = wide(replica.finishes)
    end = low + replica.decoding
    replica.decoding += 1
    replica.unbroken = 0
    high = end
    while low < high:
        middle = (low + high) >> 1
        if _leaves_later(supply, middle, attempt):
            low = middle + 1
        else:
            high = middle
    for at in range(end, low, -1):
        supply.finish_v[at] = supply.finish_v[at - 1]
        supply.finish_attempt[at] = supply.finish_attempt[at - 1]
    supply.finish_v[low] = supply.attempts[attempt].finish_v
    supply.finish_attempt[low] = attempt


@inner(forceinline=True)
def take_next(supply: Supply, replica: Replica) -> int:
    """Take out whoever leaves next and return its attempt."""
    replica.decoding -= 1
    replica.unbroken = 0
    return int(supply.finish_attempt[replica.finishes + replica.decoding])


@inner()
def remove(supply: Supply, replica: Replica, position: int) -> int:
    """Take the entry at a place of the list out and return its attempt."""
    gone = supply.finish_attempt[replica.finishes + position]
    replica.decoding -= 1
    replica.unbroken = 0
    for at in range(replica.finishes + position, replica.finishes + replica.decoding):
        supply.finish_v[at] = supply.finish_v[at + 1]
        supply.finish_attempt[at] = supply.finish_attempt[at + 1]
    return int(gone)


@inner()
def latest(supply: Supply, replica: Replica) -> int:
    """Place of the decoding request that was admitted last."""
    base = replica.finishes
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
    newest = supply.finish_attempt[replica.finishes + latest(supply, replica)]
    return bool(supply.attempts[newest].order > supply.attempts[replica.prefill_tail].order)


@inner()
def first_cancelled(supply: Supply, replica: Replica) -> int:
    """Place of the cancelled request that was admitted first; -1 if there is none."""
    first = -1
    for position in range(replica.decoding):
        attempt = supply.attempts[supply.finish_attempt[replica.finishes + position]]
        if attempt.cancelled != 0 and (
            first < 0 or attempt.order < supply.attempts[supply.finish_attempt[replica.finishes + first]].order
        ):
            first = position
    return first


def finish_arrays(places: int) -> tuple[np.ndarray, np.ndarray]:
    """Storage for the lists of all replicas together."""
    return np.zeros(places, np.int64), np.zeros(places, np.int32)
