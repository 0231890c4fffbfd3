"""When workloads look anew at a choice: Poisson processes that follow from the workload, whoever else is there."""

import numpy as np

from sim.market.customers.tastes import exponentials


class ReviewTimes:
    """Times of review, a Poisson process a workload.

    Parameters
    ----------
    key
        Keys of the workloads.
    name
        What is reviewed: other names have other times.
    first_day
        Days from which time runs, float64 (workloads,).
    per_day
        Rate of each, or of all; at 0 there is no review.

    Attributes
    ----------
    taken
        int64 (workloads,): reviews so far.
    """

    def __init__(self, key: np.ndarray, name: str, first_day: np.ndarray, per_day: np.ndarray | float) -> None:
        self._key, self._name, self._per_day = key, name, np.broadcast_to(per_day, key.shape)
        self.taken = np.zeros(len(key), np.int64)
        self._next = first_day + self._gaps()

    def take(self, day: float) -> np.ndarray:
        """Return whose time has come since the last look, bool (workloads,); several reviews may be over by then."""
        due = self._next <= day
        late = due
        while late.any():
            self.taken[late] += 1
            self._next = np.where(late, self._next + self._gaps(), self._next)
            late = self._next <= day
        return np.asarray(due)

    def _gaps(self) -> np.ndarray:
        """Days to the next review: exponential, drawn by the workload's key and the number of its reviews so far."""
        rate, waits = self._per_day, exponentials(self._key, self._name, self.taken)
        return np.where(rate > 0, waits / np.where(rate > 0, rate, 1.0), np.inf)
