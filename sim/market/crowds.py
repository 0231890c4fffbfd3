"""Thinned models: how much more requests offers get whose replicas, being whole, stand for more than their share.

    (E165)  w_i = m_i / (n_i f),   m_i = max(1, round(n_i f))
    (E166)  f_r = f sum_i s_ir w_i
    (E167)  N_i = N'_i / w_i

With a share f of a model's requests, n_i replicas become m_i: of one replica nothing less than itself, of 28 at a
twentieth one, on which would be 1.4 replicas' load. So the router's rule gives offer i the weight w_i, under which each
replica has the load that it has in the whole market; requests that rule r places, with shares s_ir, are simulated at
the share f_r, so that offers with w = 1 lose none of theirs. What is counted at offer i counts 1/w_i.
"""

from functools import cache
from typing import Final, NamedTuple

import numpy as np

from sim.engines import outcome
from sim.engines.outcome import METRICS
from sim.engines.wanted import RULES
from sim.histogram import FINE_BITS, bins, midpoint

WEIGHED: Final = "openrouter_classic"  # the rule whose shares are in proportion to weights whatever else it sees


class Leans(NamedTuple):
    """How unlike their share offers of thinned models are simulated.

    Attributes
    ----------
    offer
        float64 (offers,): w of each; 1 where nothing is thinned.
    rule
        float64 (models, rules): f_r over f, in the order of ``sim.engines.wanted.RULES``.
    """

    offer: np.ndarray
    rule: np.ndarray


def weights(held: np.ndarray, replicas: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the weight of each offer (E165), float64 (offers,).

    Parameters
    ----------
    held, replicas
        Replicas of each that are simulated, and all of them; 0 for offers that are not there.
    share
        float64 (offers,): of their models' requests that are simulated; 0 for models whose turn it is not.
    """
    stands_for = share * replicas
    return np.asarray(np.where(stands_for > 0, held / np.where(stands_for > 0, stands_for, 1.0), 1.0))


def unweighted(offers: int, models: int) -> Leans:
    """All offers simulated as their share is."""
    return Leans(np.ones(offers), np.ones((models, len(RULES))))


def of_workloads(leans: Leans, model: np.ndarray, rule: np.ndarray, pinned: np.ndarray) -> np.ndarray:
    """Return f_r over f of each workload (E166), float64 (workloads,): of one that names an offer, that offer's weight.

    Parameters
    ----------
    leans
        Of the models.
    model, rule
        int64 (workloads,): the model of each, -1 for none, and the rule that places its requests.
    pinned
        int64 (workloads,): the offer that it names, -1 for none.
    """
    placed = leans.rule[np.maximum(model, 0), rule]
    return np.asarray(np.where(pinned >= 0, leans.offer[np.maximum(pinned, 0)], placed))


def fair_waits(latencies: np.ndarray, weight: np.ndarray, of: np.ndarray, models: int) -> np.ndarray:
    """Return models' mean latencies, each offer counting as it should, over those as simulated: (models, metrics).

    Parameters
    ----------
    latencies
        int64 (offers, metrics, bins).
    weight, of
        (offers,): weight and model of each.
    """
    sums, counts = latencies[:, :len(METRICS)] @ _midpoints(), latencies[:, :len(METRICS)].sum(axis=2)
    found = np.ones((models, len(METRICS)))
    for metric in range(latencies.shape[1]):
        means = []
        for part in (1.0 / weight, np.ones(len(weight))):
            total = np.bincount(of, part * counts[:, metric], models)
            means.append(np.bincount(of, part * sums[:, metric], models) / np.where(total > 0, total, 1.0))
        found[:, metric] = np.where(means[1] > 0, means[0] / np.where(means[1] > 0, means[1], 1.0), 1.0)
    return found


@cache
def _midpoints() -> np.ndarray:
    """Of the bins of latencies, float64 (bins,)."""
    return np.array([midpoint(index, FINE_BITS) for index in range(bins(FINE_BITS))])


def fair_outcomes(ended: np.ndarray, lost: np.ndarray, fair: np.ndarray, without: list[int]) -> np.ndarray:
    """Return how requests of models end if their offers lose the share ``fair`` instead of ``lost`` for want of room.

    Parameters
    ----------
    ended
        float64 (rows, outcomes): as simulated.
    lost, fair
        (rows,): shares of what was asked, as simulated and as it should count.
    without
        Outcomes of requests that found no room.
    """
    factor = np.where(lost > 0, fair / np.where(lost > 0, lost, 1.0), 1.0)
    found = ended.astype(float)
    before = found[:, without].sum(axis=1)
    after = np.minimum(factor * before, before + found[:, outcome.COMPLETED])
    found[:, without] *= np.where(before > 0, after / np.where(before > 0, before, 1.0), 1.0)[:, None]
    found[:, outcome.COMPLETED] += before - after
    return found
