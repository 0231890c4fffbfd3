"""Whose main effect how much of the variance over a full grid is: the analysis of variance of a balanced design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

REST = "interactions"


def variance_shares(levels: Mapping[str, Sequence[object]], values: np.ndarray) -> dict[str, float]:
    """Return the share of each factor's main effect, and of all interactions, of the variance over a full grid.

    Parameters
    ----------
    levels
        Levels of the factors, in the order of the grid.
    values
        One for each cell, float64 (cells,), the last factor changing fastest.

    Returns
    -------
    dict
        Shares by factor, and ``interactions``; they add up to 1. All nan if nothing varies.

    Examples
    --------
    >>> variance_shares({"a": (0, 1), "b": (0, 1)}, np.array([0.0, 1.0, 2.0, 3.0]))
    {'a': 0.8, 'b': 0.2, 'interactions': 0.0}
    """
    cube = np.asarray(values, float).reshape([len(it) for it in levels.values()])
    total = float(cube.var())
    if total == 0.0:
        return dict.fromkeys([*levels, REST], float("nan"))
    axes = range(cube.ndim)
    out = {name: float(cube.mean(axis=tuple(it for it in axes if it != at)).var()) / total
           for at, name in enumerate(levels)}
    return {**out, REST: max(1.0 - sum(out.values()), 0.0)}
