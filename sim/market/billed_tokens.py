"""Tokens billed over tokens asked for: long prompts are refused and given up more often, and answers are cut.

    (E198)  r_w = (b_w / c_w) / (d_w / n_w),   r_m = sum_w b_w / sum_w (c_w d_w / n_w)

Of n requests with d tokens that a workload sent c were completed, with b tokens billed. A model's ratio is of what each
of its workloads sent: some are served and others hardly, and billed tokens of all over drawn ones of all would tell
whose requests were completed, and not how long those are.
"""

import numpy as np

from sim.compiled import njit
from sim.engines import outcome
from sim.engines.outcome import Tally
from sim.market.surfaces import MODELS_WEIGHT, halved


class TokenBill:
    """Counts tokens drawn and billed; every request of a stretch is followed to its end, so lengths leave no error.

    Parameters
    ----------
    workloads, models
        How many there are.
    """

    def __init__(self, workloads: int, models: int) -> None:
        # requests, prompt tokens and output tokens, of each workload with the model that it used last
        self._drawn, self._billed = np.zeros((workloads, 3)), np.zeros((workloads, 3))
        self._model = np.full(workloads, -1, np.int64)
        self._models = models
        self._before: Tally | None = None
        self._opened = np.zeros((workloads, 3))
        self._sum_up()

    def open(self, before: Tally, model: np.ndarray, drawn: np.ndarray) -> None:
        """Begin a stretch in which workloads (with these models) send what is drawn, (workloads, 3)."""
        self._before, self._opened = before, drawn
        moved = (drawn[:, 0] > 0) & (self._model != model)
        self._drawn[moved] = self._billed[moved] = 0.0
        self._model = np.where(drawn[:, 0] > 0, model, self._model)
        self._sum_up()

    def settle(self, after: Tally) -> None:
        """End the stretch; earlier ones fade."""
        if self._before is None:
            return
        completed = (after.outcomes - self._before.outcomes)[:, :, outcome.COMPLETED].sum(axis=1)
        sums = (after.class_sums - self._before.class_sums).sum(axis=1)
        billed = np.stack([completed, sums[:, outcome.PROMPT_TOKENS], sums[:, outcome.OUTPUT_TOKENS]], axis=1)
        # those that send nothing to their model any more fade with it: they may come back in other times
        kept = halved(by_model(self._opened[:, :1], self._model, self._models)[np.maximum(self._model, 0)])
        self._drawn, self._billed = kept * self._drawn + self._opened, kept * self._billed + billed
        self._before = None
        self._sum_up()

    def _sum_up(self) -> None:
        """What each workload's own requests say, and those of all that used its model (E198)."""
        would_be = self._billed[:, :1] * self._drawn[:, 1:] / np.maximum(self._drawn[:, :1], 1e-300)
        self._mine = _ratio(self._billed[:, 1:], would_be)
        self._of_models = _ratio(*(by_model(tokens, self._model, self._models)
                                   for tokens in (self._billed[:, 1:], would_be)))

    def ratio(self, model: np.ndarray) -> np.ndarray:
        """Prompt and output tokens of a completed request over those of a drawn one, float64 (workloads, 2).

        Parameters
        ----------
        model
            The model that each workload uses now, -1 for none; where it was not sampled with it, others with that model
            stand for it, and 1 where nobody does.
        """
        return _blended(model, self._model, self._drawn[:, 0], self._mine, self._of_models)


@njit(cache=True, error_model="numpy")
def _blended(model: np.ndarray, sampled: np.ndarray, drawn: np.ndarray, mine: np.ndarray,
             of_models: np.ndarray) -> np.ndarray:
    """Ratios of workloads with models of now, from their own and those of models."""
    found = np.empty(mine.shape)
    for row in range(len(model)):
        weight = drawn[row] / (drawn[row] + MODELS_WEIGHT) if sampled[row] == model[row] else 0.0
        for column in range(mine.shape[1]):
            found[row, column] = weight * mine[row, column] + (1.0 - weight) * of_models[max(model[row], 0), column]
    return found


def _ratio(billed: np.ndarray, would_be: np.ndarray) -> np.ndarray:
    known = ((billed > 0) & (would_be > 0)).all(axis=1, keepdims=True)
    return np.where(known, billed / np.where(known, would_be, 1.0), 1.0)


def drawn_by_workload(rows: np.ndarray, workloads: int) -> np.ndarray:
    """Requests of a feed, and their prompt and output tokens as asked for, float64 (workloads, 3).

    A workload is a class at each marketplace, one marketplace after the other.
    """
    of = rows["client_class"] % workloads
    output = np.where(rows["max_tokens"] > 0, np.minimum(rows["output"], rows["max_tokens"]), rows["output"])
    columns = (np.ones(len(rows)), rows["prompt"], output)
    return np.stack([np.bincount(of, values, workloads) for values in columns], axis=1)


def by_model(values: np.ndarray, model: np.ndarray, models: int) -> np.ndarray:
    """Rows of workloads added up by the model that each uses; -1 belongs to none."""
    found = np.zeros((models, values.shape[1]))
    np.add.at(found, model[model >= 0], values[model >= 0])
    return found
