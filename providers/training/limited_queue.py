"""A fleet that serves in slots and turns away who would wait too long: closed forms for loads that come in bursts.

M/M/c/K with peakedness z by Hayward's approximation: as many servers, places and requests as there are over z. The
number of servers need not be whole. Sources: Erlang 1917; Kleinrock, Queueing Systems I (1975); A. A. Fredericks, Bell
System Technical Journal 59 (1980).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

TINY: Final = 1e-250
EVEN: Final = 1e-6  # of the logarithm of load over servers, nearer than which the two are taken for equal


class SlotQueue(NamedTuple):
    """What does not change with load and servers.

    Attributes
    ----------
    service_s
        Mean time that a request holds a slot.
    longest_wait_s
        Who would wait longer is turned away.
    peakedness
        Variance of the requests that would be in service at once over their mean, if none ever waited.
    """

    service_s: float
    longest_wait_s: float
    peakedness: float


def erlang_b(servers: np.ndarray, load: np.ndarray) -> np.ndarray:
    """Return Erlang's loss formula for any number of servers, float64: Poisson's density over its law."""
    from scipy.special import gammaincc, gammaln

    servers, load = np.broadcast_arrays(np.asarray(servers, float), np.asarray(load, float))
    law = gammaincc(servers + 1.0, load)
    with np.errstate(under="ignore"):
        density = np.exp(servers * np.log(load) - load - gammaln(servers + 1.0))
    far = np.maximum(load - servers, 1.0)
    # beyond what the law can hold there is hardly an idle server
    fluid = 1.0 - servers / load + servers / (load * far)
    return np.asarray(np.where(law > TINY, density / np.where(law > TINY, law, 1.0), np.clip(fluid, 0.0, 1.0)))


def refused_share(queue: SlotQueue, slots: np.ndarray, load: np.ndarray) -> np.ndarray:
    """Return the share of requests that are turned away, float64 (E150).

    Parameters
    ----------
    queue
        Times and peakedness.
    slots, load
        Slots, and requests that would hold one at once if none waited; both above 0.
    """
    place = _places(queue, slots, load)
    return np.asarray(place.loss * place.at_limit / place.total)


def waits_longer(queue: SlotQueue, slots: np.ndarray, load: np.ndarray, wait_s: float) -> np.ndarray:
    """Return the share of served requests that wait longer than so, float64 (E151); 0 from the limit on."""
    place = _places(queue, slots, load)
    if wait_s >= queue.longest_wait_s:
        return np.zeros_like(place.loss)
    ahead = place.servers * wait_s / queue.service_s
    # rho^j from those ahead to the limit, over the scale at which the total is kept
    waiting = place.loss * _between(place.log_rho, ahead, place.places, place.shift)
    served = place.total - place.loss * place.at_limit
    return np.asarray(np.clip(waiting / served, 0.0, 1.0))


def gained_by_slot(queue: SlotQueue, slots: np.ndarray, load: np.ndarray) -> np.ndarray:
    """Return how many more requests are in service at once for one more slot, 0 to 1, float64 (E152)."""
    step = 1e-3 * slots
    served = [load * (1.0 - refused_share(queue, at, load)) for at in (slots - step, slots + step)]
    return np.asarray(np.clip((served[1] - served[0]) / (2.0 * step), 0.0, 1.0))


class _Places(NamedTuple):
    servers: np.ndarray
    places: np.ndarray
    log_rho: np.ndarray
    shift: np.ndarray  # all weights are multiplied by its exponential, so that none overflows
    loss: np.ndarray
    at_limit: np.ndarray
    total: np.ndarray


def _places(queue: SlotQueue, slots: np.ndarray, load: np.ndarray) -> _Places:
    servers, offered = np.asarray(slots) / queue.peakedness, np.asarray(load) / queue.peakedness
    log_rho = np.log(offered / servers)
    log_rho = np.where(np.abs(log_rho) < EVEN, EVEN, log_rho)
    places = servers * queue.longest_wait_s / queue.service_s
    shift = -np.maximum(places * log_rho, 0.0)
    loss = erlang_b(servers, offered)
    with np.errstate(under="ignore"):
        at_limit = np.exp(places * log_rho + shift)
        total = np.exp(shift) + loss * np.exp(log_rho) * _between(log_rho, np.zeros_like(places), places, shift)
    return _Places(servers, places, log_rho, shift, loss, at_limit, total)


def _between(log_rho: np.ndarray, first: np.ndarray, last: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Sum of rho^j from ``first`` to ``last`` less one, times the exponential of ``shift``."""
    with np.errstate(under="ignore"):
        return np.asarray((np.exp(last * log_rho + shift) - np.exp(first * log_rho + shift)) / np.expm1(log_rho))
