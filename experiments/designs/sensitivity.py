"""What a screening or a variance study says of its factors: Morris effects (L20), Sobol indices (L21), noise (L22).

The equations are those of docs/lab/designs.md.
"""

from collections.abc import Mapping
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.designs.factor import DesignError
from experiments.designs.plan import LEVELS, Plan, problem_of

if TYPE_CHECKING:
    from pandas import DataFrame

MORRIS: Final = ("mu_star", "mu", "sigma")
SOBOL: Final = ("S1", "ST")
PAIRS: Final = "S2"
INDICES: Final = {  # by kind of plan
    "morris": MORRIS, "sobol": SOBOL, "sobol-pairs": (*SOBOL, PAIRS), "morris+sobol": MORRIS + SOBOL}
COLUMNS: Final = ("factor", "index", "value", "low", "high", "note")
RESAMPLES: Final = 1000  # bootstrap resamples behind the intervals
NOISE: Final = "replication noise"  # in place of a factor
CONFIDENCE: Final = 0.95

ALIKE: Final = "all points have the same value: there is no variance to share"
ALONE: Final = "one replication: nothing tells its noise from the points"

Row = tuple[str, str, float, float, float, str]  # as COLUMNS


def sensitivity(
    plan: Plan, answers: np.ndarray, why: Mapping[int, str] = MappingProxyType({})
) -> "DataFrame":
    """Return the indices of every factor with 95 % bootstrap intervals, and the share of noise.

    Parameters
    ----------
    plan
        A plan of a kind in `INDICES`.
    answers
        float64 (points, replications); not finite where a run gave no answer.
    why
        Why a point has none, by its place in the plan, where that is known.

    Returns
    -------
    DataFrame
        The columns factor, index, value, low, high, note. Morris: ``mu_star`` (mean absolute effect of moving through
        the whole range, in the metric's unit), ``mu`` (mean effect), ``sigma`` (its spread: interaction or curvature).
        Sobol: ``S1`` (share of variance by the factor alone), ``ST`` (with all its interactions), of pairs ``S2``
        (share that two factors have together and neither has alone; the factor is then ``a × b``). Last the share of
        the variance of the points' means that is replication noise (``noise_share``; nan with one replication). Where
        a point has no answer, all values are nan: indices cannot be had from part of a plan. ``note`` says why a value
        is nan, which points have no answer and why; it is empty beside a value.

    Raises
    ------
    DesignError
        If the plan has no indices.
    """
    import pandas as pd

    if plan.kind not in INDICES or plan.places is None:
        raise DesignError(f"a {plan.kind} design has no sensitivity indices; {' and '.join(INDICES)} designs have")
    means = answers.mean(axis=1)
    trajectories = plan.samples * (len(plan.factors) + 1) if MORRIS[0] in INDICES[plan.kind] else 0
    rows: list[Row] = []
    if not np.isfinite(means).all():
        rows = _unknown(plan, INDICES[plan.kind], lacking(plan, answers, why))
    else:
        if trajectories:
            rows += _morris(plan, plan.places[:trajectories], means[:trajectories])
        if len(means) > trajectories:
            rows += _sobol(plan, means[trajectories:])
    share = noise_share(answers)
    silent = (lacking(plan, answers, why) or (ALONE if answers.shape[1] < 2 else ALIKE)) if np.isnan(share) else ""
    rows.append((NOISE, "noise_share", share, np.nan, np.nan, silent))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def lacking(plan: Plan, answers: np.ndarray, why: Mapping[int, str] = MappingProxyType({})) -> str:
    """Say how many points have no answer, and of the first of them where it is and why; nothing if all have one."""
    places = np.flatnonzero(~np.isfinite(answers).all(axis=1)).tolist()
    if not places:
        return ""
    first = places[0]
    where = ", ".join(f"{path} {value:.6g}" if isinstance(value, float) else f"{path} {value}"
                      for path, value in plan.points[first].items())
    lack, reason = "lacks" if len(places) == 1 else "lack", why.get(first, "no answer")
    return f"{len(places)} of {len(plan.points)} points {lack} a value: the first at {where}: {reason}"


def noise_share(answers: np.ndarray) -> float:
    """Share of the variance of the points' means that is noise of their replications; nan below two of each.

    What a replication adds to all points alike (its demand, under common random numbers) moves no point against
    another: noise is what remains of the answers after the means of points and of replications.
    """
    points, replications = answers.shape
    if points < 2 or replications < 2 or not np.isfinite(answers).all():
        return np.nan
    means = answers.mean(axis=1, keepdims=True)
    spread = float(means.var(ddof=1))
    left = answers - means - answers.mean(axis=0) + answers.mean()
    noise = float((left**2).sum()) / ((points - 1) * (replications - 1) * replications)
    return min(noise / spread, 1.0) if spread > 0 else np.nan


def _unknown(plan: Plan, names: tuple[str, ...], note: str) -> list[Row]:
    paths = [factor.path for factor in plan.factors]
    return [(name, index, np.nan, np.nan, np.nan, note) for index in names
            for name in ([f"{a} × {b}" for a, b in combinations(paths, 2)] if index == PAIRS else paths)]


def _morris(plan: Plan, places: np.ndarray, means: np.ndarray) -> list[Row]:
    from SALib.analyze import morris

    count = len(plan.factors)
    got = morris.analyze(problem_of(count), places, means, num_resamples=RESAMPLES, conf_level=CONFIDENCE,
                         num_levels=LEVELS, seed=plan.seed)
    names = [factor.path for factor in plan.factors]
    half = np.asarray(got["mu_star_conf"], float)
    star = np.asarray(got["mu_star"], float)
    rows = [(name, "mu_star", v, v - h, v + h, "")
            for name, v, h in zip(names, star.tolist(), half.tolist(), strict=True)]
    for index in ("mu", "sigma"):
        values = np.asarray(got[index], float).tolist()
        rows += [(name, index, value, np.nan, np.nan, "") for name, value in zip(names, values, strict=True)]
    return rows


def _sobol(plan: Plan, means: np.ndarray) -> list[Row]:
    from SALib.analyze import sobol

    if means.max() == means.min():  # nothing varies: no shares of it either
        return _unknown(plan, tuple(index for index in INDICES[plan.kind] if index not in MORRIS), ALIKE)
    pairs = PAIRS in INDICES[plan.kind]
    got = sobol.analyze(problem_of(len(plan.factors)), means, calc_second_order=pairs, num_resamples=RESAMPLES,
                        conf_level=CONFIDENCE, seed=plan.seed + 1)  # SALib reads 0 as none at all
    rows = []
    for index in SOBOL:
        values, halves = np.asarray(got[index], float).tolist(), np.asarray(got[f"{index}_conf"], float).tolist()
        rows += [(factor.path, index, v, v - h, v + h, "")
                 for factor, v, h in zip(plan.factors, values, halves, strict=True)]
    if pairs:
        both, half = np.asarray(got[PAIRS], float), np.asarray(got[f"{PAIRS}_conf"], float)
        for (i, a), (j, b) in combinations(enumerate(plan.factors), 2):
            v, h = float(both[i, j]), float(half[i, j])
            rows.append((f"{a.path} × {b.path}", PAIRS, v, v - h, v + h, ""))
    return rows
