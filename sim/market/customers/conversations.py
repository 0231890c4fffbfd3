"""Conversations: requests of a workload that belong together, so that a sticky router sends them to one provider.

A workload's requests are dealt at random to lanes, in each of which they come a gap apart; a lane is cut into
stretches of equal length, and what falls into one of them is a conversation (E82, E83 of docs/theory.md). So births
stay what they are without conversations, and a request's conversation is a function of its own key and time: no other
request's existence moves it.
"""

from typing import NamedTuple

import numpy as np

from sim.market.customers.population import Population
from sim.market.customers.routing import routing_of
from sim.scenario.customer_settings import CustomerSettings


class Lanes(NamedTuple):
    """How the requests of each workload are dealt to conversations.

    Attributes
    ----------
    lanes
        int64 (workloads,): lanes; 0 where each request is for itself.
    stretch_s
        float64 (workloads,): length of a conversation's stretch of its lane, s.
    """

    lanes: np.ndarray
    stretch_s: np.ndarray


class Conversations:
    """How many requests of workloads belong together, and for how long.

    Parameters
    ----------
    settings, population
        Customers, and their workloads.

    Attributes
    ----------
    mean_turns, gap_s
        float64 (workloads,): mean requests of a conversation, and how long it lasts for each of them.
    """

    def __init__(self, settings: CustomerSettings, population: Population) -> None:
        of = [routing_of(settings, name) for name in population.segment_names]
        self.mean_turns = np.array([one.conversation_turns for one in of], float)[population.segment]
        self.gap_s = np.array([one.turn_gap_s for one in of], float)[population.segment]
        self._turns = turns_of_a_stretch(self.mean_turns)

    def lanes(self, rate_per_s: np.ndarray) -> Lanes:
        """Return how requests that come at some rates are dealt (E83).

        Parameters
        ----------
        rate_per_s
            Requests per second of each workload, float64 (workloads,).
        """
        talks = (self._turns > 0) & (rate_per_s > 0)
        count = np.where(talks, np.maximum(np.floor(rate_per_s * self.gap_s + 0.5), 1.0), 0.0)
        stretch_s = self._turns * count / np.where(talks, rate_per_s, 1.0)
        return Lanes(count.astype(np.int64), np.where(talks, stretch_s, 1.0))


def turns_of_a_stretch(mean_turns: np.ndarray) -> np.ndarray:
    """Mean requests of a stretch such that those that are not empty hold ``mean_turns`` on average (E82), float64.

    Counts of a stretch are Poisson, of mean m say: of those above 0 the mean is m/(1 - e^-m).
    """
    if not (mean_turns > 1).any():
        return np.zeros_like(mean_turns)
    from scipy.special import lambertw

    return np.asarray(np.where(mean_turns > 1, mean_turns + lambertw(-mean_turns * np.exp(-mean_turns)).real, 0.0))
