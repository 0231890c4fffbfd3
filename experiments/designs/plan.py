"""Plans: the points of a design, in an order that its kind and seed settle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from experiments.designs.factor import DesignError, Factor
from experiments.runs.specs import Value

if TYPE_CHECKING:
    import numpy as np

LEVELS: Final = 4  # of Morris trajectories: SALib's default


@dataclass(frozen=True)
class Plan:
    """The points of a design.

    Attributes
    ----------
    kind
        One of `KINDS`.
    factors
        What is varied, in order.
    points
        A value for every factor, by its path.
    samples, seed
        As they were asked for; grids and one-at-a-time designs need neither.
    places
        float64 (points, factors): each point's shares of the way through the factors' ranges; empty where a kind
        does not draw any.
    """

    kind: str
    factors: tuple[Factor, ...]
    points: tuple[dict[str, Value], ...]
    samples: int = 0
    seed: int = 0
    places: np.ndarray | None = field(default=None, compare=False)


def make_plan(
    kind: str, factors: Sequence[Factor], *, samples: int = 0, seed: int = 1,
    base: Mapping[str, Value | None] | None = None,
) -> Plan:
    """Return the points of a design.

    Parameters
    ----------
    kind
        ``grid``: all combinations of levels. ``one-at-a-time``: the base, and each level of each factor with the
        others at the base. ``latin-hypercube``, ``sobol-sequence``, ``random``: ``samples`` points in the ranges.
        ``morris``: ``samples`` trajectories (k + 1 points each, for k factors). ``sobol``: Saltelli's scheme for Sobol
        indices, ``samples`` times k + 2 points. ``sobol-pairs``: that for pairs of factors, too, ``samples`` times
        2k + 2 points. ``morris+sobol``: ``morris``, then ``sobol``.
    factors
        What is varied; a grid needs levels, the sampled kinds take ranges or levels.
    samples
        See ``kind``; a power of 2 for ``sobol-sequence``, ``sobol``, ``sobol-pairs`` and ``morris+sobol``.
    seed
        Seed of what is drawn.
    base
        Values of the base by path, for ``one-at-a-time``; None where it has none.

    Raises
    ------
    DesignError
        If the kind is unknown, or does not go with the factors or the number of samples.
    """
    if kind not in KINDS:
        raise DesignError(f"the design is {kind!r}, but must be one of {', '.join(KINDS)}")
    names = [factor.path for factor in factors]
    twice = next((name for name in names if names.count(name) > 1), None)
    if not names or twice:
        raise DesignError(f"factor {twice} stands twice" if twice else f"a {kind} design needs at least one factor")
    if kind in ("grid", "one-at-a-time"):
        return _of_levels(kind, factors, base)
    for factor in factors:
        if not factor.values and not factor.has_range:
            raise DesignError(f"factor {factor.path} has neither values nor a range, which a {kind} design needs")
    _check_samples(kind, samples)
    if seed < 0:
        raise DesignError(f"the seed of the design is {seed}, but must be at least 0")
    places = KINDS[kind](len(factors), samples, seed)
    points = tuple({factor.path: factor.at(float(share)) for factor, share in zip(factors, row, strict=True)}
                   for row in places)
    return Plan(kind, tuple(factors), points, samples, seed, places)


def _of_levels(kind: str, factors: Sequence[Factor], base: Mapping[str, Value | None] | None) -> Plan:
    without = next((factor.path for factor in factors if not factor.values), None)
    if without:
        raise DesignError(f"factor {without} has no list of values, which a {kind} design needs")
    if kind == "grid":
        levels = [factor.values for factor in factors]
        points = [dict(zip([factor.path for factor in factors], point, strict=True)) for point in product(*levels)]
        return Plan(kind, tuple(factors), tuple(points))
    if base is None:
        raise DesignError("a one-at-a-time design needs the values of the base")
    middle = {factor.path: _given(factor.path, base[factor.path]) for factor in factors}
    points = [middle, *({**middle, factor.path: value} for factor in factors for value in factor.values
                        if value != middle[factor.path])]
    return Plan(kind, tuple(factors), tuple(points))


def _given(path: str, value: Value | None) -> Value:
    if value is None:
        raise DesignError(f"factor {path} has no value in the base, from which a one-at-a-time design starts; set one "
                          "there, or run a grid")
    return value


def _check_samples(kind: str, samples: int) -> None:
    if samples < 2:
        raise DesignError(f"samples is {samples}, but a {kind} design needs at least 2")
    if "sobol" in kind and samples & (samples - 1):
        raise DesignError(f"samples is {samples}, but a {kind} design needs a power of 2, such as "
                          f"{1 << samples.bit_length()}")


def problem_of(count: int) -> dict[str, Any]:
    """Return SALib's description of so many factors, each over its share of the way from 0 to 1."""
    return {"num_vars": count, "names": [f"x{i}" for i in range(count)], "bounds": [[0.0, 1.0]] * count}


def _random(count: int, samples: int, seed: int) -> np.ndarray:
    from sim.streams import Streams

    return Streams(seed, 0).generator("design/random").random((samples, count))


def _latin(count: int, samples: int, seed: int) -> np.ndarray:
    from scipy.stats import qmc

    return qmc.LatinHypercube(count, rng=seed).random(samples)  # type: ignore[no-any-return]


def _sequence(count: int, samples: int, seed: int) -> np.ndarray:
    from scipy.stats import qmc

    return qmc.Sobol(count, rng=seed).random(samples)  # type: ignore[no-any-return]


def _morris(count: int, samples: int, seed: int) -> np.ndarray:
    from SALib.sample import morris

    return morris.sample(problem_of(count), samples, num_levels=LEVELS, seed=seed)  # type: ignore[no-any-return]


def _saltelli(count: int, samples: int, seed: int) -> np.ndarray:
    from SALib.sample import sobol

    return sobol.sample(problem_of(count), samples, calc_second_order=False, seed=seed)  # type: ignore[no-any-return]


def _pairs(count: int, samples: int, seed: int) -> np.ndarray:
    from SALib.sample import sobol

    return sobol.sample(problem_of(count), samples, seed=seed)  # type: ignore[no-any-return]


def _both(count: int, samples: int, seed: int) -> np.ndarray:
    import numpy as np

    return np.vstack([_morris(count, samples, seed), _saltelli(count, samples, seed)])


def _none(count: int, _samples: int, _seed: int) -> np.ndarray:
    import numpy as np

    return np.zeros((0, count))


KINDS: Final[dict[str, Callable[[int, int, int], np.ndarray]]] = {
    "grid": _none, "one-at-a-time": _none, "latin-hypercube": _latin, "sobol-sequence": _sequence, "random": _random,
    "morris": _morris, "sobol": _saltelli, "sobol-pairs": _pairs, "morris+sobol": _both,
}
