"""What customers know of a model: what its tokens cost lately, and how fast it lately was."""

from typing import Final

import numpy as np

from sim.engines import outcome
from sim.engines.outcome import Tally
from sim.engines.steptime import StepCoefficients, step_time
from sim.engines.world import World
from sim.market.board import Board
from sim.market.usage import OfferDay

ROUTER_EXPONENT: Final = 2.0  # OpenRouter's share rule 1/price^2, where nothing was sold yet
NEWEST_WEIGHT: Final = 0.2  # of the last day in the moving average of latencies (assumption: about a week's memory)
PROMPT_TOKENS: Final = 2000  # of the request for which the latency of an unused model is expected (assumption)


def paid_lately(
    board: Board, offer_model: np.ndarray, models: int, last: OfferDay | None, paid: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each model's listed offers charged on the last day, weighted with what they sold on it; else 1/price^2.

    Parameters
    ----------
    board, offer_model, models
        Listings and prices now; each offer's model; number of models.
    last
        The last day; none on the first.
    paid
        float64 (offers, 3): mean prices of that day, pico-dollars per token. An offer of a model of which nothing was
        sold has the price that is posted now.

    Returns
    -------
    tuple of ndarray
        Input, output, cached, pico-dollars per token, float64 (models,); nan where nobody sells.
    """
    rows = np.flatnonzero(board.listed)
    model, prices = offer_model[rows], board.prices[rows].astype(float)
    blended = np.maximum(0.75 * prices[:, 0] + 0.25 * prices[:, 1], 1.0)
    weights = blended**-ROUTER_EXPONENT
    if last is not None:
        sold = (last.prompt_tokens + last.output_tokens)[rows].astype(float)
        has = np.bincount(model, weights=sold, minlength=models) > 0
        weights = np.where(has[model], sold, weights)
        prices = np.where(has[model][:, None], paid[rows], prices)
    total = np.bincount(model, weights=weights, minlength=models)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = [np.bincount(model, weights=weights * prices[:, c], minlength=models) / total for c in range(3)]
    return means[0], means[1], means[2]


class LatencyLately:
    """Moving averages of TTFT and TPOT by model; for a model without traffic, an empty replica's times.

    Parameters
    ----------
    world
        The engine's world.
    offer_model
        Row of each offer's model.
    models
        Number of models.
    """

    def __init__(self, world: World, offer_model: np.ndarray, models: int) -> None:
        self._offer_model, self._models = offer_model, models
        self._ttft_s, self._tpot_s = empty_latency_s(world)
        self._seen_s = np.full((2, models), np.nan)

    def see(self, counted: Tally, model: np.ndarray) -> None:
        """Take in one day: what workloads that use each model saw."""
        used = model >= 0
        completed = counted.outcomes[:, :, outcome.COMPLETED].sum(axis=1)[used]
        count = np.bincount(model[used], weights=completed, minlength=self._models)
        means = np.full((self._models, len(outcome.METRICS)), np.nan)
        for metric in (outcome.TTFT, outcome.TPOT):
            sums = np.bincount(model[used], weights=counted.class_metric_sums[used, metric], minlength=self._models)
            with np.errstate(divide="ignore", invalid="ignore"):
                means[:, metric] = np.where(count > 0, sums / count, np.nan)
        self._blend(means)

    def see_means(self, means: np.ndarray, model: np.ndarray) -> None:
        """Take in one day of models whose latencies were measured, on that day or before.

        Parameters
        ----------
        means
            float64 (models, metrics): mean latencies, s; nan where none was measured.
        model
            int64 (workloads,): in use, -1 for none; of a model that nobody uses nobody sees anything.
        """
        used = np.bincount(model[model >= 0], minlength=self._models) > 0
        self._blend(np.where(used[:, None], means, np.nan))

    def _blend(self, means: np.ndarray) -> None:
        for row, metric in enumerate((outcome.TTFT, outcome.TPOT)):
            mean, old = means[:, metric], self._seen_s[row]
            blend = np.where(np.isnan(old), mean, old + NEWEST_WEIGHT * (mean - old))
            self._seen_s[row] = np.where(np.isnan(mean), old, blend)

    def now(self, listed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return TTFT and TPOT of each model, float64 (models,), s; inf for a model never used that nobody sells."""
        found = []
        for row, empty_s in enumerate((self._ttft_s, self._tpot_s)):
            expected = np.full(self._models, np.inf)
            np.minimum.at(expected, self._offer_model[listed], empty_s[listed])
            found.append(np.where(np.isnan(self._seen_s[row]), expected, self._seen_s[row]))
        return found[0], found[1]


def empty_latency_s(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Return TTFT and TPOT at an empty replica of each offer, float64 (offers,), s."""
    delay_s = 2 * world.delay_s.min(axis=0)
    ttft_s = np.array([_empty_s(o.step, PROMPT_TOKENS, 0) + o.request_s for o in world.offers]) + delay_s
    return ttft_s, np.array([_empty_s(o.step, 1, 1) for o in world.offers])


def _empty_s(step: StepCoefficients, tokens: int, decoding: int) -> float:
    """Time of a step that computes ``tokens`` tokens of one sequence on an otherwise empty replica."""
    return float(step_time(step, tokens, PROMPT_TOKENS, float(tokens * PROMPT_TOKENS), decoding))
