"""What customers know of marketplaces: what they met where they are lately, and what all others did elsewhere (E92)."""

from typing import Final, NamedTuple

import numpy as np

from sim.market.customers.population import Population
from sim.market.usage import WorkloadDay
from sim.units import PICO_PER_NANO

COST, REFERENCE, ENDED, COMPLETED, WAIT = range(5)
LEAST_GOOD: Final = 1e-3  # a marketplace that loses nearly everything is bad, not infinitely so


class Met(NamedTuple):
    """What is met at each marketplace, float64 (..., marketplaces).

    Attributes
    ----------
    paid
        Price paid over the mean of all customers of the same model.
    good
        Share of requests that were completed, above 0.
    ttft_s
        Mean time to the first token, s.
    """

    paid: np.ndarray
    good: np.ndarray
    ttft_s: np.ndarray


class MeanPrices(NamedTuple):
    """What tokens of each model cost lately over all marketplaces, float64 (models,), pico-dollars per token."""

    input: np.ndarray
    output: np.ndarray
    cached: np.ndarray


def reference_nano(population: Population, day: WorkloadDay, paid: MeanPrices) -> np.ndarray:
    """What a day's tokens would have cost at the mean prices of all marketplaces together, float64 (workloads,).

    Parameters
    ----------
    population
        Says which share of prompts its workloads expect to be cached.
    day
        What was bought.
    paid
        The mean prices.
    """
    into, out, cached = (np.nan_to_num(price[np.maximum(day.model, 0)]) for price in paid)
    share = population.cached_share
    prompt = day.prompt_tokens * ((1.0 - share) * into + share * cached)
    return np.asarray(np.where(day.model >= 0, (prompt + day.output_tokens * out) / PICO_PER_NANO, 0.0))


class Experience:
    """Faded sums of costs, requests and waits: of each workload where it is, and of everybody by model and marketplace.

    Parameters
    ----------
    workloads, models, marketplaces
        Numbers of them.
    memory_days
        Mean age of what is remembered.
    prior_requests
        Requests as which counts what everybody met.
    """

    def __init__(self, workloads: int, models: int, marketplaces: int, memory_days: float, prior_requests: float
                 ) -> None:
        self._kept, self._prior = 1.0 - 1.0 / memory_days, prior_requests
        self._own = np.zeros((5, workloads))
        self._public = np.zeros((5, models, marketplaces))
        self._model = np.full(workloads, -1, np.int64)

    def see(self, marketplace: int, day: WorkloadDay, reference: np.ndarray, here: np.ndarray) -> None:
        """Take in a marketplace's day, after `fade`.

        Parameters
        ----------
        marketplace, day, reference
            Its number, what was bought through it, and what that would have cost at everybody's mean prices.
        here
            bool (workloads,): those whose marketplace it is.
        """
        waits = np.nan_to_num(day.ttft_s) * day.completed
        columns = np.stack([day.cost_nano, reference, day.born, day.completed, waits]).astype(float)
        used = day.model >= 0
        self._own += np.where(here & used, columns, 0.0)
        for sums, column in zip(self._public, columns, strict=True):
            np.add.at(sums[:, marketplace], day.model[used], column[used])

    def fade(self, model: np.ndarray) -> None:
        """Begin another day; who has changed its model remembers nothing of its own."""
        self._own *= np.where(model == self._model, self._kept, 0.0)
        self._model = model.copy()
        self._public *= self._kept

    def forget(self, rows: np.ndarray) -> None:
        """Let some workloads, which have moved, begin anew."""
        self._own[:, rows] = 0.0

    def met(self, rows: np.ndarray, model: np.ndarray, place: np.ndarray) -> Met:
        """Return what some workloads know of all marketplaces, arrays (rows, marketplaces).

        Parameters
        ----------
        rows
            The workloads.
        model, place
            int64 (rows,): their models and marketplaces.
        """
        all_of = self._public.sum(axis=2, keepdims=True)
        nobody = Met(np.ones(all_of.shape[1:]), np.ones(all_of.shape[1:]), np.zeros(all_of.shape[1:]))
        everywhere = self._mixed(all_of, nobody)
        public = self._mixed(self._public, everywhere)
        known = Met(*(of[model].copy() for of in public))
        here = np.arange(len(rows)), place
        own = self._mixed(self._own[:, rows], Met(*(of[here] for of in known)))
        for of, mine in zip(known, own, strict=True):
            of[here] = mine
        return known

    def _mixed(self, sums: np.ndarray, prior: Met) -> Met:
        """Means of sums, each request as much as each of those for which a prior counts."""
        ended, completed = sums[ENDED], sums[COMPLETED]
        return Met(
            self._mean(_ratio(sums[COST], sums[REFERENCE]), np.where(sums[REFERENCE] > 0, completed, 0.0), prior.paid),
            np.clip(self._mean(_ratio(completed, ended), ended, prior.good), LEAST_GOOD, 1.0),
            self._mean(_ratio(sums[WAIT], completed), completed, prior.ttft_s))

    def _mean(self, found: np.ndarray, requests: np.ndarray, prior: np.ndarray) -> np.ndarray:
        # with a prior of no weight, and nothing met, there still is nothing to know but it
        weight = requests / np.maximum(requests + self._prior, 1e-300)
        return np.asarray(weight * found + (1.0 - weight) * prior)


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(b > 0, a / np.where(b > 0, b, 1.0), 0.0))
