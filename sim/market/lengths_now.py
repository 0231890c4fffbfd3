"""How long requests are on average: what volumes in tokens and money are expected from."""

from typing import NamedTuple

import numpy as np

from sim.market.customers.answer_lengths import kept_share
from sim.market.customers.population import Population


class MeanLengths(NamedTuple):
    """Mean tokens of a request of each workload with the model that it uses, float64 (workloads,).

    Attributes
    ----------
    prompt, cached, output
        Prompt; of it, what is billed as cached where an offer has no cache of its own; answer, cut where it asks to be.
    """

    prompt: np.ndarray
    cached: np.ndarray
    output: np.ndarray


def mean_lengths(people: Population, verbosity: np.ndarray) -> MeanLengths:
    """Return mean lengths with models of given verbosities, (workloads,)."""
    drawn = people.output_tokens * verbosity
    kept = kept_share(drawn, people.length_sigma, people.max_tokens)
    return MeanLengths(people.prompt_tokens, people.prompt_tokens * people.cached_share, drawn * kept)
