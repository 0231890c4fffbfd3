"""What runs tell of parameters: which are identified, which facts conflict, and whether hidden truths are found."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from experiments.validation.facts.fact_ledger import FactLedger
from experiments.validation.history.matching import CENTRE, FINAL, Matched, emulators_of, keeper
from experiments.validation.history.picking import CANDIDATES, maximin, sobol, what_is_left
from experiments.validation.history.ruling_out import CUTOFF, MomentTarget, second_largest, told_by

FEW: Final = 20  # admissible places below which a market is called misspecified
UNIDENTIFIED: Final = 0.8  # of its prior's range that a parameter still has
INSIDE: Final = (0.1, 0.9)  # of the cube, where pseudo-truths are taken from


class Range(NamedTuple):
    """What is left of a parameter's prior.

    Attributes
    ----------
    name
        Of the parameter.
    low, high
        Ends of what is left, in the unit cube; nan if nothing is.
    of_prior
        Their distance: 1 if nothing was learned.
    identified
        Whether that is at most .8.
    """

    name: str
    low: float
    high: float
    of_prior: float
    identified: bool


class Conflict(NamedTuple):
    """Facts that no place of the cube meets together.

    Attributes
    ----------
    facts
        One or two names.
    nearest
        The larger implausibility of these at the place where it is least, by the emulators.
    """

    facts: tuple[str, ...]
    nearest: float


class PseudoTruth(NamedTuple):
    """A run taken for the truth, and what the other runs would have said.

    Attributes
    ----------
    place
        Where it was run.
    implausibility
        Of the truth itself (E96), with no discrepancy.
    recovered
        Whether that is at most three.
    share
        Share of the cube that is not ruled out: the less, the more was learned.
    """

    place: tuple[float, ...]
    implausibility: float
    recovered: bool
    share: float


def ranges(ledger: FactLedger, found: Matched) -> list[Range]:
    """Return what is left of each prior, over admissible places, or over what emulators leave if there are few."""
    places = np.array([it.place for it in found.admissible])
    if len(places) < FEW:
        places = found.waves[-1].left.places
    out = []
    for column, parameter in enumerate(ledger.parameters):
        if not len(places):
            out.append(Range(parameter.name, np.nan, np.nan, np.nan, False))
            continue
        low, high = (float(it) for it in (places[:, column].min(), places[:, column].max()))
        out.append(Range(parameter.name, low, high, high - low, high - low <= UNIDENTIFIED))
    return out


def singular_values(found: Matched) -> list[float]:
    """Return the singular values of the scaled Jacobian (E98), largest first.

    Rows are facts, scaled by what is unsure of each, columns parameters, scaled by their priors: a direction of the
    cube with a value below 1 moves no fact by a standard deviation from one end to the other.
    """
    jacobian = np.array([found.emulators[it.name].slopes(best_place(found)) / np.sqrt(it.variance)
                         for it in found.targets])
    return [float(value) for value in np.linalg.svd(jacobian, compute_uv=False)]


def best_place(found: Matched) -> np.ndarray:
    """Return the place of the final check that is nearest to the facts; the middle of the cube if there was none."""
    if not found.final:
        return np.full(len(found.trials[0].place), 0.5)
    return np.array(min(found.final, key=lambda it: sorted(it.implausibility, reverse=True)[1:2] or [
        it.implausibility[0]]).place)


def conflicts(found: Matched, seed: int = 1) -> list[Conflict]:
    """Return single facts, and pairs of others, that the emulators can meet nowhere in the cube, farthest first."""
    places = sobol(1 << CANDIDATES, len(found.trials[0].place), seed)
    table = told_by(found.targets, found.emulators, places)
    names = [it.name for it in found.targets]
    alone = [Conflict((name,), float(table[:, row].min())) for row, name in enumerate(names)]
    out = [it for it in alone if it.nearest > CUTOFF]
    reached = [row for row, it in enumerate(alone) if it.nearest <= CUTOFF]
    for number, a in enumerate(reached):
        for b in reached[number + 1:]:
            nearest = float(np.maximum(table[:, a], table[:, b]).min())
            if nearest > CUTOFF:
                out.append(Conflict((names[a], names[b]), nearest))
    return sorted(out, key=lambda it: (-it.nearest, it.facts))


def pseudo_truths(ledger: FactLedger, found: Matched, count: int, seed: int = 1) -> list[PseudoTruth]:
    """Take runs for the truth, leave them out of the emulators, and see whether they are ruled out (E99).

    Parameters
    ----------
    ledger
        The facts and parameters.
    found
        The runs.
    count
        How many; they are far from each other, and none is at the rim of its priors.
    seed
        Of the places that are asked of the emulators.
    """
    moments = ledger.moments
    rows = [row for row, (trial, facts) in enumerate(zip(found.trials, found.facts, strict=True))
            if trial.stage not in (CENTRE, FINAL) and _is_inside(trial.place)
            and all(np.isfinite(fact.on_scale(facts[fact.name])) for fact in moments)]
    inside = np.array([found.trials[row].place for row in rows]).reshape(len(rows), -1)
    truths = {tuple(place.tolist()) for place in maximin(inside, count, np.zeros((0, 1)))}
    kept = [row for row, trial in enumerate(found.trials) if trial.place not in truths]
    places = np.array([found.trials[row].place for row in kept])
    emulators = emulators_of(moments, places, [found.facts[row] for row in kept])
    out = []
    for row in rows:
        trial = found.trials[row]
        if trial.place not in truths:
            continue
        targets = [MomentTarget(fact.name, fact.on_scale(found.facts[row][fact.name]),
                          it.variance - fact.observed_sd**2 - fact.discrepancy**2)
                   for fact, it in zip(moments, found.targets, strict=True)]
        far = float(second_largest(told_by(targets, emulators, np.array([trial.place])))[0])
        left = what_is_left(keeper(targets, emulators), len(trial.place), seed)
        out.append(PseudoTruth(trial.place, far, far <= CUTOFF, left.share))
    return out


def _is_inside(place: Sequence[float]) -> bool:
    return all(INSIDE[0] <= at <= INSIDE[1] for at in place)
