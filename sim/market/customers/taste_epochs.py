"""Tastes that are drawn anew now and then: each part of a taste has a clock and a sequence of draws of its own.

The law at any moment is that of `sim.market.customers.tastes`, since a new draw of an independent part has the law of
the old. Draws are functions of the workload's key, the name of the part and its epoch: neither other models nor
anybody's decisions move them.
"""

from typing import NamedTuple

import numpy as np

from sim.market.customers.tastes import log_stables, of_epochs


class Redrawn(NamedTuple):
    """Parts that were drawn anew, each once: rows and columns, int64 arrays of one length, and their epochs now."""

    row: np.ndarray
    column: np.ndarray
    epoch: np.ndarray


class Renewals:
    """Parts of tastes that are drawn anew at the times of a Poisson process, one for each key and name.

    Parameters
    ----------
    keys, names
        uint64 (keys,), and the parts.
    per_day
        Rate of new draws, above 0.
    """

    def __init__(self, keys: np.ndarray, names: tuple[str, ...], per_day: float) -> None:
        self._keys, self._clocks, self._per_day = keys, tuple(f"redraw/{name}" for name in names), per_day
        self._epoch = np.zeros((len(keys), len(names)), np.int64)
        everything = np.divmod(np.arange(self._epoch.size), max(len(names), 1))
        self._next_day = self._gaps(*everything).reshape(self._epoch.shape)
        self._soonest = self._next_day.min(axis=1, initial=np.inf)  # of each key

    def _gaps(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        u = of_epochs(self._keys, self._clocks, row, column, self._epoch[row, column])
        return np.asarray(-np.log(u) / self._per_day)

    def advance(self, day: float) -> Redrawn:
        """Go on to a day, whatever the steps, and return what was drawn anew since."""
        due = np.flatnonzero(self._soonest <= day)
        at, first_column = np.nonzero(self._next_day[due] <= day)
        first_row = due[at]
        row, column = first_row, first_column
        while len(row):  # several may fall between two steps
            self._epoch[row, column] += 1
            self._next_day[row, column] += self._gaps(row, column)
            again = self._next_day[row, column] <= day
            row, column = row[again], column[again]
        self._soonest[due] = self._next_day[due].min(axis=1, initial=np.inf)
        return Redrawn(first_row, first_column, self._epoch[first_row, first_column])


class TasteEpochs:
    """Tastes of workloads for models over time, with the joint law of nested logit at every moment.

    A taste is lambda (G_m + ln S_g) with a part of the model's own and one of its nest (C3). It stays as it is for t
    days with the probability e^(-rate t) (E65): where there are two parts, each is drawn anew at half the rate.

    Parameters
    ----------
    keys, names, nests, dissimilarity
        As for `sim.market.customers.tastes.taste_shocks`.
    per_day
        Rate at which a taste is drawn anew, above 0.
    """

    def __init__(self, keys: np.ndarray, names: tuple[str, ...], nests: tuple[str, ...], dissimilarity: float,
                 per_day: float) -> None:
        self._keys, self._lambda = keys, dissimilarity
        self._models = tuple(f"model/{name}" for name in names)
        self._groups = tuple(sorted(set(nests)))
        self._column = np.array([self._groups.index(name) for name in nests], np.int64)
        nested = dissimilarity < 1
        rate = per_day / 2 if nested else per_day
        self._own = Renewals(keys, self._models, rate)
        self._shared = Renewals(keys, tuple(f"nest/{name}" for name in self._groups), rate) if nested else None
        self._gumbel = self._gumbels(_first(len(keys), len(names))).reshape(len(keys), len(names))
        stable = self._stables(_first(len(keys), len(self._groups))) if nested else np.zeros(1)
        self._stable = stable.reshape(len(keys), -1) if nested else np.zeros((len(keys), len(self._groups)))
        self._members = [np.flatnonzero(self._column == group) for group in range(len(self._groups))]
        self._now = self._lambda * (self._gumbel + self._stable[:, self._column]) if nested else self._gumbel

    def advance(self, day: float) -> bool:
        """Go on to a day; whether any taste was drawn anew."""
        own = self._own.advance(day)
        self._gumbel[own.row, own.column] = self._gumbels(own)
        if self._shared is None:
            return len(own.row) > 0
        shared = self._shared.advance(day)
        self._stable[shared.row, shared.column] = self._stables(shared)
        self._bring_up_to_date(own.row, own.column)
        for row, group in zip(shared.row.tolist(), shared.column.tolist(), strict=True):
            self._bring_up_to_date(row, self._members[group])
        return len(own.row) + len(shared.row) > 0

    def _bring_up_to_date(self, row: np.ndarray | int, column: np.ndarray) -> None:
        stable = self._stable[row, self._column[column]]
        self._now[row, column] = self._lambda * (self._gumbel[row, column] + stable)

    def values(self) -> np.ndarray:
        """Return the tastes now, float64 (keys, names)."""
        return self._now.copy()

    def _gumbels(self, drawn: Redrawn) -> np.ndarray:
        return np.asarray(-np.log(-np.log(of_epochs(self._keys, self._models, *drawn))))

    def _stables(self, drawn: Redrawn) -> np.ndarray:
        angle, size = (of_epochs(self._keys, tuple(f"nest/{name}/{part}" for name in self._groups), *drawn)
                       for part in ("angle", "size"))
        return log_stables(angle, size, self._lambda)


def _first(rows: int, columns: int) -> Redrawn:
    """Every part at its first draw."""
    row, column = np.divmod(np.arange(rows * columns), max(columns, 1))
    return Redrawn(row, column, np.zeros(len(row), np.int64))
