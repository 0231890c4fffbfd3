"""Robustness: which assumptions move the statistics of a verdict, and in which region it becomes another.

Morris' screening orders the factors. The verdict is then found at a few points of their ranges: a count of these is no
probability, so that what is told is the region in which it flips, and how often chance finds one that is as good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.designs.factor import Factor
from experiments.designs.plan import make_plan
from experiments.designs.sensitivity import sensitivity
from experiments.runs.specs import Value
from experiments.verdicts.deciding import decide
from experiments.verdicts.rule import DecisionRule
from sim.streams import Streams

if TYPE_CHECKING:
    from pandas import DataFrame

At = Callable[[Mapping[str, Value]], Mapping[str, float]]  # the rule's statistics at a point, without its noise
TRAJECTORIES: Final = 4  # of Morris: each is factors + 1 points
POINTS: Final = 20  # at which the verdict is found
RANGES: Final = "the assumptions' ranges"
ORDERS: Final = 1000  # of verdicts, drawn to see what chance tells apart
UNTOLD: Final = "Which assumptions move the verdict was not asked."


@dataclass(frozen=True)
class Robustness:
    """What moves a verdict.

    Attributes
    ----------
    effects
        Morris' effects on every statistic of the rule: statistic, factor, index, value, low, high.
    points
        The points, a column a factor, with the rule's statistics and the verdict at each.
    sentence
        The region that flips it.
    """

    effects: DataFrame
    points: DataFrame
    sentence: str


class Half(NamedTuple):
    """A side of a factor's value, and which points lie there."""

    factor: str
    above: bool
    bound: float
    inside: np.ndarray  # bool (points,)


class Region(NamedTuple):
    """A half, and how many points, flipped and not, lie in it and elsewhere."""

    half: Half
    flipped_in: int
    all_in: int
    flipped_elsewhere: int
    all_elsewhere: int


def robustness(rule: DecisionRule, factors: Sequence[Factor], at: At, said: str) -> Robustness:
    """Screen the factors, find the verdict at a few points, and name the region that flips it.

    Parameters
    ----------
    rule
        The decision rule; its seed settles the points.
    factors
        What is varied, with ranges.
    at
        Returns the rule's statistics at a point: a number each, since sampling noise is no matter of assumptions.
    said
        The verdict that is to stand, in words.
    """
    import pandas as pd

    seed = rule.seed % 2**31  # what the libraries that draw the points take
    plan = make_plan("morris", factors, samples=TRAJECTORIES, seed=seed)
    names = statistics_of(rule)
    answers = pd.DataFrame([at(point) for point in plan.points])[names]
    frames = [sensitivity(plan, answers[[name]].to_numpy(float)).assign(statistic=name) for name in names]
    effects = pd.concat(frames, ignore_index=True)
    effects = effects[effects["index"] == "mu_star"][["statistic", "factor", "index", "value", "low", "high"]]
    drawn = make_plan("latin-hypercube", factors, samples=POINTS, seed=seed).points
    points = pd.DataFrame([ruled(rule, point, at(point)) for point in drawn])
    return Robustness(effects, points, told(points, [factor.path for factor in factors], said))


def statistics_of(rule: DecisionRule) -> list[str]:
    """Return the names of the statistics that a rule compares, each once."""
    return list(dict.fromkeys(it.statistic for it in rule.thresholds))


def ruled(rule: DecisionRule, point: Mapping[str, Value], found: Mapping[str, float]) -> dict[str, Value]:
    """Return a point, the rule's statistics there, and the verdict on them as if they were known exactly."""
    values = {name: found[name] for name in statistics_of(rule)}
    sure = {name: (value, value) for name, value in values.items()}  # an interval of no width
    return {**point, **values, "verdict": decide(rule, sure).said}


def told(points: DataFrame, factors: Sequence[str], said: str, where: str = RANGES) -> str:
    """Return in a sentence where the verdict is another.

    Parameters
    ----------
    points
        A column a factor, and ``verdict``.
    factors
        Names of the columns that are factors.
    said
        The verdict that is to stand.
    where
        Where the points lie, in words.
    """
    others = points["verdict"] != said
    count, many = len(points), int(others.sum())
    if not many:
        return f"The verdict is the same at all {count} points of {where}."
    words = " or ".join(f"“{word}”" for word in dict.fromkeys(points.loc[others, "verdict"]))
    start = f"The verdict becomes {words} at {many} of {count} points of {where}"
    flipped = others.to_numpy(bool)
    halves = halves_of(points, factors)
    region = region_of(halves, flipped)
    if many == count or region is None:
        return f"{start}: not in one region of any single assumption."
    side = "at least" if region.half.above else "at most"
    chance = f"{100 * chance_of(halves, flipped):.0f}"
    return (f"{start}: {region.flipped_in} of the {region.all_in} where {region.half.factor} is {side} "
            f"{region.half.bound:.3g}, and {region.flipped_elsewhere} of the other {region.all_elsewhere} "
            f"(some assumption tells as many apart in {chance} % of random orders of the verdicts).")


def halves_of(points: DataFrame, factors: Sequence[str]) -> list[Half]:
    """Return each part of the points in which one factor, that is a number, is at least or at most something."""
    halves = []
    for name in factors:
        if points[name].dtype.kind not in "iuf":
            continue
        values = points[name].to_numpy(float)
        for bound in np.unique(values)[1:].tolist():
            halves += [Half(name, True, bound, values >= bound),
                       Half(name, False, float(values[values < bound].max()), values < bound)]
    return halves


def region_of(halves: Sequence[Half], flipped: np.ndarray) -> Region | None:
    """Return the half that tells flipped points from others best, the first of equals; None if none does.

    Parameters
    ----------
    halves
        Parts of the points.
    flipped
        bool (points,).
    """
    wrong = _wrong(halves, flipped[None])[0]
    # as many would be wrong if all points were taken for alike
    if not len(wrong) or wrong.min() >= min(flipped.sum(), (~flipped).sum()):
        return None
    half = halves[int(np.argmin(wrong))]
    return Region(half, int((flipped & half.inside).sum()), int(half.inside.sum()),
                  int((flipped & ~half.inside).sum()), int((~half.inside).sum()))


def chance_of(halves: Sequence[Half], flipped: np.ndarray) -> float:
    """Share of random orders of the verdicts in which some half tells as many points apart as the best does (L17).

    Of many assumptions and few points one nearly always looks like a cause.
    """
    rng = Streams(0, 0).generator("orders of verdicts")
    orders = rng.permuted(np.tile(flipped, (ORDERS, 1)), axis=1)
    best = _wrong(halves, flipped[None]).min()
    return float((_wrong(halves, orders).min(axis=1) <= best).mean())


def _wrong(halves: Sequence[Half], flipped: np.ndarray) -> np.ndarray:
    """How many points are on the wrong side of each half, int (orders, halves)."""
    inside = np.array([half.inside for half in halves], int).reshape(len(halves), flipped.shape[1])
    mine = flipped.astype(int)
    return np.asarray(inside.sum(axis=1) + mine.sum(axis=1, keepdims=True) - 2 * mine @ inside.T)
