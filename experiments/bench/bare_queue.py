"""A bare M/M/c loop: nothing but a heap of the times at which servers fall free."""

import numpy as np

from sim.compiled import njit


@njit("float64(float64[::1], float64[::1], int64)", cache=True)
def mean_wait(gaps: np.ndarray, services: np.ndarray, servers: int) -> float:
    """Mean wait in a FIFO queue with ``servers`` servers (s), from inter-arrival and service times (s).

    Each customer starts at the later of its arrival and the earliest free time (Kiefer and Wolfowitz 1955).
    """
    free = np.zeros(servers)
    now = 0.0
    total = 0.0
    for k in range(gaps.shape[0]):
        now += gaps[k]
        start = max(now, free[0])
        total += start - now
        at = start + services[k]
        position = 0
        child = 1
        while child < servers:  # sift the new free time down from the root
            if child + 1 < servers and free[child + 1] < free[child]:
                child += 1
            if free[child] >= at:
                break
            free[position] = free[child]
            position = child
            child = 2 * position + 1
        free[position] = at
    return float(total / gaps.shape[0])
