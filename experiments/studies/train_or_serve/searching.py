"""The best split of each kind, and what an hour of training is worth by paired runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from experiments.studies.train_or_serve.fleet_course import NUDGE, FleetCourse, Lab
from experiments.studies.train_or_serve.splits import FixedSplit, FleetSplit, Marginal, NightSplit, ShadowPrice
from sim.units import HOURS_PER_YEAR

SHARES: Final = tuple(float(it) for it in np.round(np.arange(0.0, 0.96, 0.08), 2))
FINER: Final = (0.04, 0.02, 0.01, 0.005)  # steps about the best of these, one after the other
TURNS: Final = 6
ROUNDS: Final = 6  # of paired runs, each with the worths that the last one found
LEAST_WORTH: Final = 1e-6


class Search(NamedTuple):
    """How finely is searched.

    Attributes
    ----------
    shares
        Constant shares that are tried.
    finer
        Steps by which the best is then moved as long as that helps, each finer than the last.
    rounds
        Rounds of paired runs.
    """

    shares: tuple[float, ...] = SHARES
    finer: tuple[float, ...] = FINER
    rounds: int = ROUNDS


def best_of(labs: Sequence[Lab], splits: Sequence[FleetSplit]) -> FleetSplit:
    """Return the split that earns most in the mean of all seeds; the first of equals."""
    earned = [float(np.mean([lab.value(lab.course(split)) for lab in labs])) for split in splits]
    return splits[int(np.argmax(earned))]


def best_fixed(labs: Sequence[Lab], search: Search) -> FixedSplit:
    """Return the best constant share that trains."""
    best = best_of(labs, [FixedSplit(share) for share in search.shares])
    assert isinstance(best, FixedSplit)
    for step in search.finer:
        tried = best_of(labs, [FixedSplit(_share(best.training + move)) for move in (-step, 0.0, step)])
        assert isinstance(tried, FixedSplit)
        best = tried
    return best


def best_nights(labs: Sequence[Lab], search: Search, start: FixedSplit) -> NightSplit:
    """Return the best pair of a share by day and one by night: both moved in turn, from the best constant one."""
    pair = NightSplit(start.training, start.training)
    for step in (3.0 * search.finer[0], *search.finer):
        for _ in range(TURNS):
            before = pair
            for name in NightSplit._fields:
                tried = best_of(labs, [pair._replace(**{name: _share(getattr(pair, name) + move)})
                                       for move in (-step, 0.0, step)])
                assert isinstance(tried, NightSplit)
                pair = tried
            if pair == before:
                break
    return pair


def _share(value: float) -> float:
    return min(max(round(value, 4), 0.0), 0.98)


def best_price(labs: Sequence[Lab], prices: Sequence[float]) -> ShadowPrice:
    """Return the best constant shadow price, in rents."""
    found = best_of(labs, [ShadowPrice(labs[0].worths, price) for price in prices])
    assert isinstance(found, ShadowPrice)
    return found


def worth_of_runs(lab: Lab, split: FleetSplit, base: FleetCourse) -> list[float]:
    """Return what a weighted hour of a share of the fleet is worth in each run, in rents (E156).

    Two runs with the same luck, in one of which the hours of a run count `NUDGE` more: the difference of all that is
    earned to the end, over the logarithm of that and over the run's hours.
    """
    at_first = lab.value(base)
    found = []
    for number, hours in enumerate(base.hours):
        more = lab.value(lab.course(split, number)) - at_first
        found.append(max(more, 0.0) / math.log1p(NUDGE) / max(hours * HOURS_PER_YEAR, LEAST_WORTH))
    return found


class Equalised(NamedTuple):
    """A split at which a marginal GPU is worth as much in both uses, and how far the last round still moved it.

    Attributes
    ----------
    split
        The split.
    moved
        Mean absolute logarithm of worths found over worths used, of runs that are worth something.
    """

    split: Marginal
    moved: float


def equalised(lab: Lab, start: FleetSplit, rounds: int, check: Callable[[], None] = lambda: None) -> Equalised:
    """Return a lab's marginal split (E155): worths by paired runs under it, again and again; the best round's stays."""
    split = Marginal(lab.worths, tuple(worth_of_runs(lab, start, lab.course(start))))
    best, most = Equalised(split, math.inf), -math.inf
    for _ in range(rounds):
        base, used = lab.course(split), list(split.by_run)
        found = worth_of_runs(lab, split, base)
        pairs = [(new, old) for new, old in zip(found, used, strict=False) if min(new, old) > LEAST_WORTH]
        moved = float(np.mean([abs(math.log(new / old)) for new, old in pairs])) if pairs else 0.0
        if lab.value(base) > most:
            best, most = Equalised(split, moved), lab.value(base)
        known = used + [used[-1]] * max(len(found) - len(used), 0)
        # half way in logarithms: what is worth more is had less of
        split = Marginal(lab.worths, tuple(math.sqrt(new * old) if min(new, old) > 0.0 else new / 2.0
                                           for new, old in zip(found, known, strict=False)))
        check()
    return best
