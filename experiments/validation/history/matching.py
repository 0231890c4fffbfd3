"""History matching in waves: runs at the centre, over the cube, inside of what is left of it, and the final check."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from experiments.validation.facts.fact_ledger import FactLedger, LedgerError, StylisedFact
from experiments.validation.history.emulator import Emulator, fitted_emulator
from experiments.validation.history.picking import Left, maximin, sobol, what_is_left
from experiments.validation.history.ruling_out import (
    CUTOFF,
    MomentTarget,
    implausibility,
    second_largest,
    target_of,
    told_by,
)

CENTRE, COVER, FINAL = "centre", "cover", "final"  # stages; waves inside are "wave 1", "wave 2" ...
FEWEST = 10  # runs with a fact, below which nothing is said of others


class MarketTrial(NamedTuple):
    """A run to do: for which stage, at which place of the unit cube, with which replication's streams."""

    stage: str
    place: tuple[float, ...]
    replication: int


Facts = Mapping[str, float]  # values by the name of the fact, as observed ones are given; nan for what a run lacks
Simulate = Callable[[Sequence[MarketTrial]], list[Facts]]


class MatchingPlan(NamedTuple):
    """How many runs each stage has.

    The cover has ten places a parameter of the built-in ledger, as is usual for emulators (source: Loeppky, Sacks and
    Welch, Technometrics 51, 2009); the rest is what two cores do beside it in two hours (assumption).

    Attributes
    ----------
    centre
        Replications at the scenario's own parameters, from which the variance of a run is known.
    cover
        Places over the cube, one run each.
    waves
        Places inside of what is left, one run each.
    final, final_replications
        Places of the final check, and replications of each.
    seed
        Of the sequences that places are taken from.
    """

    centre: int = 10
    cover: int = 90
    waves: tuple[int, ...] = (24,)
    final: int = 30
    final_replications: int = 2
    seed: int = 1


class Wave(NamedTuple):
    """What was known after a stage.

    Attributes
    ----------
    stage
        Its name.
    runs
        Runs so far.
    coverage
        By fact: share of runs within the 95 % interval that the others give.
    left
        What is not ruled out.
    """

    stage: str
    runs: int
    coverage: Mapping[str, float]
    left: Left


class FinalPlace(NamedTuple):
    """A place of the final check: means over replications of all facts, and how implausible the calibrated ones are."""

    place: tuple[float, ...]
    facts: Facts
    implausibility: tuple[float, ...]
    admissible: bool


@dataclass(frozen=True)
class Matched:
    """What history matching found.

    Attributes
    ----------
    targets
        What parameters were fitted to.
    emulators
        The last ones, by fact.
    waves
        What was known after each stage.
    final
        The final check.
    trials, facts
        All runs and what they said.
    """

    targets: tuple[MomentTarget, ...]
    emulators: Mapping[str, Emulator]
    waves: tuple[Wave, ...]
    final: tuple[FinalPlace, ...]
    trials: tuple[MarketTrial, ...]
    facts: tuple[Facts, ...]

    @property
    def admissible(self) -> tuple[FinalPlace, ...]:
        """The places that passed the final check."""
        return tuple(it for it in self.final if it.admissible)


def matched(ledger: FactLedger, middle: np.ndarray, simulate: Simulate, plan: MatchingPlan) -> Matched:
    """Match a market to a ledger of facts.

    Parameters
    ----------
    ledger
        The facts and parameters.
    middle
        (parameters,): where the scenario itself stands in the cube.
    simulate
        Does runs.
    plan
        How many.

    Raises
    ------
    LedgerError
        If there is nothing to fit, or a calibrated fact has no value at the centre.
    """
    if not ledger.moments or not ledger.parameters:
        raise LedgerError("the ledger has no calibrated fact or no parameter; to calibrate takes one of each or more")
    done = _Done(ledger, simulate)
    done.run([MarketTrial(CENTRE, tuple(middle.tolist()), number) for number in range(plan.centre)])
    targets = tuple(target_of(fact, done.noise(fact)) for fact in ledger.moments)
    size, waves = len(ledger.parameters), []
    places = sobol(plan.cover, size, plan.seed)
    for number, count in enumerate((*plan.waves, 0), start=1):
        stage = COVER if number == 1 else f"wave {number - 1}"
        done.run([MarketTrial(stage, tuple(place.tolist()), row % plan.centre) for row, place in enumerate(places)])
        emulators = done.emulators()
        left = what_is_left(keeper(targets, emulators), size, plan.seed + 1000 * number)
        waves.append(Wave(stage, len(done.trials), {name: it.coverage() for name, it in emulators.items()}, left))
        places = maximin(left.places, count or plan.final, done.places)
        if not len(places):
            break
    final = _final(done, ledger.moments, targets, places, plan)
    return Matched(targets, emulators, tuple(waves), final, tuple(done.trials), tuple(done.facts))


def keeper(targets: Sequence[MomentTarget], emulators: Mapping[str, Emulator]) -> Callable[[np.ndarray], np.ndarray]:
    """Return what says which places are not ruled out (E96)."""
    def keeps(places: np.ndarray) -> np.ndarray:
        return np.asarray(second_largest(told_by(targets, emulators, places)) <= CUTOFF)

    return keeps


def emulators_of(
    moments: Sequence[StylisedFact], places: np.ndarray, facts: Sequence[Facts]
) -> dict[str, Emulator]:
    """Return an emulator of each calibrated fact, fitted to runs that have it.

    Raises
    ------
    LedgerError
        If hardly any has it.
    """
    found = {}
    for fact in moments:
        values = np.array([fact.on_scale(row[fact.name]) for row in facts])
        known = np.isfinite(values)
        if known.sum() < FEWEST:
            raise LedgerError(f"fact {fact.name} has a value in {known.sum()} of {len(values)} runs; to be fitted to "
                              f"it takes {FEWEST} or more: choose other priors, or let it be predicted")
        found[fact.name] = fitted_emulator(places[known], values[known])
    return found


class _Done:
    """The runs that were done."""

    def __init__(self, ledger: FactLedger, simulate: Simulate) -> None:
        self.moments, self._simulate = ledger.moments, simulate
        self.trials: list[MarketTrial] = []
        self.facts: list[Facts] = []

    @property
    def places(self) -> np.ndarray:
        return np.array([trial.place for trial in self.trials])

    def run(self, trials: Sequence[MarketTrial]) -> list[Facts]:
        found = self._simulate(trials)
        self.trials += trials
        self.facts += found
        return found

    def noise(self, fact: StylisedFact) -> float:
        """Variance of a run around its expectation, V_s, from the replications at the centre."""
        values = [fact.on_scale(row[fact.name]) for row in self.facts]
        if not np.isfinite(values).all() or len(values) < 2:
            raise LedgerError(f"fact {fact.name} has no value in some of the runs at the centre; it cannot be "
                              "calibrated: let it be predicted")
        return float(np.var(values, ddof=1))

    def emulators(self) -> dict[str, Emulator]:
        return emulators_of(self.moments, self.places, self.facts)


def _final(
    done: _Done, moments: Sequence[StylisedFact], targets: Sequence[MomentTarget], places: np.ndarray,
    plan: MatchingPlan,
) -> tuple[FinalPlace, ...]:
    """Run each place of the final check, and hold the means of its replications to the facts."""
    count = plan.final_replications
    found = done.run([MarketTrial(FINAL, tuple(place.tolist()), number) for place in places for number in range(count)])
    out = []
    for row, place in enumerate(places):
        mine = found[row * count:(row + 1) * count]
        means = {name: float(np.mean([it[name] for it in mine])) for name in mine[0]}
        far = []
        for fact, target in zip(moments, targets, strict=True):
            on_scale = np.array([fact.on_scale(it[fact.name]) for it in mine])
            noise = target.variance - fact.observed_sd**2 - fact.discrepancy**2
            far.append(float(implausibility(target, np.mean(on_scale), noise / count)))
        passes = bool(second_largest(np.array([far]))[0] <= CUTOFF)
        out.append(FinalPlace(tuple(place.tolist()), means, tuple(far), passes))
    return tuple(out)
