"""Requests that no offer of their model has the context for: they are refused at once, and nobody need measure that.

A workload of agents sends prompts of which a fifth is longer than anybody takes; what its model's other customers send
nearly all fits. Had such a share to be learned from samples, each workload would have that of its model's others until
a hundred of its own requests were seen, and prompts that are never served would count in what it buys.
"""

from typing import NamedTuple

import numpy as np

from sim.market.customers.population import Population


class Fitting(NamedTuple):
    """Of what workloads send, the share that some offer of their model takes, float64 (workloads,).

    Attributes
    ----------
    requests, prompt
        Of requests, and of the tokens of their prompts.
    """

    requests: np.ndarray
    prompt: np.ndarray


class Contexts:
    """Longest requests that the offers of each model take.

    Parameters
    ----------
    offer_context, offer_model
        int64 (offers,): longest prompt and answer together, and row of the model.
    models
        How many there are.
    """

    def __init__(self, offer_context: np.ndarray, offer_model: np.ndarray, models: int) -> None:
        self._context, self._model, self._models = offer_context, offer_model, models

    def longest(self, listed: np.ndarray, model: np.ndarray) -> np.ndarray:
        """Longest request that a listed offer of each workload's model takes, int64 (workloads,); 0 without one."""
        most = np.zeros(self._models, np.int64)
        np.maximum.at(most, self._model[listed], self._context[listed])
        return np.where(model >= 0, most[model], 0)


def fitting(people: Population, longest: np.ndarray) -> Fitting:
    """Return what fits of log-normal prompts (E172, E173); what all requests share is in each of them.

    Parameters
    ----------
    people
        Mean prompts, their spread, what they share, and longest answers that are asked for.
    longest
        int64 (workloads,): longest prompt and answer together that is taken.
    """
    from scipy.special import ndtr

    shared, spread = people.shared_tokens, np.maximum(people.length_sigma, 1e-9)
    own = people.prompt_tokens - shared
    room = np.maximum(longest - np.maximum(people.max_tokens, 1) - shared, 1e-9)
    above = np.log(room / own) / spread
    requests, mine = ndtr(above + spread / 2), ndtr(above - spread / 2)
    return Fitting(requests, (shared * requests + own * mine) / people.prompt_tokens)


def is_too_long(rows: np.ndarray, longest: np.ndarray) -> np.ndarray:
    """Which requests of a feed no offer takes that holds at most ``longest`` tokens, bool (rows,)."""
    return np.asarray(rows["prompt"] + np.maximum(rows["max_tokens"], 1) > longest)
