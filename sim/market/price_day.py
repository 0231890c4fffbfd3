"""A day's prices: not what stands at midnight, but what was charged in the course of the day."""

import numpy as np

from sim.market.board import Board


class PriceDay:
    """Means of posted prices over the hours of a day.

    Parameters
    ----------
    board
        Where prices are posted.

    Attributes
    ----------
    paid
        float64 (offers, 3): means of the last day that ended, each hour weighted with the requests for the offer's
        model, pico-dollars per token; of an offer that was not listed, the price posted when the day ended.
    """

    def __init__(self, board: Board) -> None:
        count = len(board.listed)
        self._hours, self._sums = np.zeros(count), np.zeros((count, 3))
        self._weight, self._weighted = np.zeros(count), np.zeros((count, 3))
        self.paid = board.prices.astype(float)

    def hour(self, board: Board, requests: np.ndarray) -> None:
        """Add an hour, in which customers sent so many requests for the models of offers, (offers,)."""
        listed = np.flatnonzero(board.listed)
        prices, weight = board.prices[listed], requests[listed]
        self._hours[listed] += 1.0
        self._sums[listed] += prices
        self._weight[listed] += weight
        self._weighted[listed] += weight[:, None] * prices

    def close(self, board: Board) -> np.ndarray:
        """End the day; return plain means over the hours in which each offer was listed, int64 (offers, 3)."""
        now = board.prices.astype(float)
        self.paid = _mean(self._weighted, self._weight, _mean(self._sums, self._hours, now))
        means = np.rint(_mean(self._sums, self._hours, now)).astype(np.int64)
        for sums in (self._hours, self._sums, self._weight, self._weighted):
            sums[:] = 0.0
        return np.asarray(means)


def _mean(sums: np.ndarray, counts: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    means: np.ndarray = otherwise.copy()
    has = counts > 0
    means[has] = sums[has] / counts[has, None]
    return means
