"""How long requests are on average: what volumes in tokens and money are expected from."""

from typing import NamedTuple

import numpy as np

from sim.market.customers.answer_lengths import kept_share
from sim.market.customers.population import Population
from sim.market.long_requests import Fitting


class MeanLengths(NamedTuple):
    """Mean tokens of a request of each workload that fits the model that it uses, float64 (workloads,).

    Attributes
    ----------
    prompt, cached, output
        Prompt; of it, what is billed as cached where an offer has no cache of its own; answer, cut where it asks to be.
    """

    prompt: np.ndarray
    cached: np.ndarray
    output: np.ndarray


def mean_lengths(people: Population, verbosity: np.ndarray, fits: Fitting) -> MeanLengths:
    """Return mean lengths with models of given verbosities, (workloads,), of what fits."""
    drawn = people.output_tokens * verbosity
    kept = kept_share(drawn, people.length_sigma, people.max_tokens)
    prompt = people.prompt_tokens * fits.prompt / np.maximum(fits.requests, 1e-300)
    return MeanLengths(prompt, prompt * people.cached_share, drawn * kept)
