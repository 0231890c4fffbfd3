"""Models that are announced to go: nobody new takes them up, and those who use them leave in the time of notice."""

import numpy as np

from sim.market.customers.tastes import uniforms
from sim.market.models.model import Models


class Notices:
    """Who may still use which model.

    Parameters
    ----------
    keys
        uint64 (workloads,): keys of the workloads' draws.
    models
        Their days of notice and retirement.
    """

    def __init__(self, keys: np.ndarray, models: Models) -> None:
        self._models, self._going = models, np.flatnonzero(np.isfinite(models.retire_day))
        share = uniforms(keys, tuple(f"leave/{models.names[row]}" for row in self._going))
        notice, retire = models.notice_day[self._going], models.retire_day[self._going]
        self._leave_day = notice + share * (retire - notice)
        self._column = np.full(len(models), -1)
        self._column[self._going] = np.arange(len(self._going))

    def open_to_all(self, day: float) -> np.ndarray:
        """Models that may be taken up, as nobody has announced that they go, bool (models,)."""
        return np.asarray(day < self._models.notice_day)

    def have_to_go(self, day: float, model: np.ndarray) -> np.ndarray:
        """Whether it is time for each workload to leave its model, bool; -1 for none.

        Each has a moment of its own, uniform over the time of notice: at the latest it goes when the model does.
        """
        if len(self._going) == 0:
            return np.zeros(len(model), bool)
        column = np.where(model >= 0, self._column[model], -1)
        leave_day = np.where(column >= 0, self._leave_day[np.arange(len(model)), column], np.inf)
        return np.asarray(leave_day <= day)
