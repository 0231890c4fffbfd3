"""What is ruled out: how far an expected fact is from the observed one, in standard deviations of what is unsure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from experiments.validation.facts.fact_ledger import StylisedFact
from experiments.validation.history.emulator import Emulator

CUTOFF: Final = 3.0  # Pukelsheim (1994): 95 % of any unimodal distribution lie within three standard deviations


class MomentTarget(NamedTuple):
    """What parameters are fitted to.

    Attributes
    ----------
    name
        Of the fact.
    observed
        What was observed, on the fact's scale.
    variance
        Of the observation and of the model, V_obs + V_d, and of one run around its expectation, V_s.
    """

    name: str
    observed: float
    variance: float


def target_of(fact: StylisedFact, noise: float) -> MomentTarget:
    """Return what parameters are fitted to, of a calibrated fact and the variance of one run."""
    assert fact.observed is not None  # as the ledger asks of calibrated facts
    return MomentTarget(fact.name, fact.on_scale(fact.observed), fact.observed_sd**2 + fact.discrepancy**2 + noise)


def implausibility(target: MomentTarget, mean: np.ndarray, variance: np.ndarray | float) -> np.ndarray:
    """Return how implausible expectations of a fact are (E95); ``variance`` is that of the expectation, V_em."""
    return np.asarray(np.abs(mean - target.observed) / np.sqrt(target.variance + variance))


def second_largest(table: np.ndarray) -> np.ndarray:
    """Return the second largest of each row, (places,), of (places, facts): one fact alone rules nothing out (E96).

    Of a single fact it is that one; what is not known (nan) counts as infinitely far.
    """
    ordered = np.sort(np.where(np.isnan(table), np.inf, table), axis=1)
    return np.asarray(ordered[:, -2] if table.shape[1] > 1 else ordered[:, -1])


def told_by(targets: Sequence[MomentTarget], emulators: Mapping[str, Emulator], places: np.ndarray) -> np.ndarray:
    """Return the implausibility of each fact at places, (places, facts), by what emulators say.

    Parameters
    ----------
    targets
        What parameters are fitted to.
    emulators
        By the name of the fact.
    places
        (places, parameters), in the unit cube.
    """
    columns = []
    for target in targets:
        told = emulators[target.name].at(places)
        columns.append(implausibility(target, told.mean, told.variance))
    return np.column_stack(columns)
