"""Mean TTFT and TPOT of many measured points at once, as a function of the constants of E1 (docs/theory.md)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from experiments.silicon.composition import Composition, Kinds, composition
from experiments.silicon.measured import Load, Point, deployment_of
from providers.hardware.calibration import Constants
from providers.hardware.roofline import IDEAL, Deployment, step_coefficients


class Rows(NamedTuple):
    """Kinds of steps of all points, one after the other, at constants of 1: what the constants divide or multiply."""

    weight: np.ndarray
    layers: np.ndarray
    moe_layers: np.ndarray
    memory_s: np.ndarray
    compute_s: np.ndarray
    link_s: np.ndarray
    decoding: np.ndarray
    starts: np.ndarray  # first row of each point

    def sums_s(self, constants: Constants) -> np.ndarray:
        """Weighted sum of the step times of each point; constants are numbers, or arrays of one for each row."""
        tau = (
            self.layers * constants.layer_s + self.moe_layers * constants.moe_layer_s
            + np.maximum(self.memory_s / constants.eta_memory, self.compute_s / constants.eta_compute)
            + self.link_s / constants.eta_link + self.decoding * constants.sequence_s
        )
        return np.asarray(np.add.reduceat(self.weight * tau, self.starts))

    @property
    def counts(self) -> np.ndarray:
        """Rows of each point."""
        return np.diff(np.append(self.starts, len(self.weight)))


class Surrogate:
    """The points of a fit, with what their steps hold.

    Parameters
    ----------
    points
        Measured points whose requests all fit into memory at once.
    """

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = tuple(points)
        known: dict[Load, Composition] = {}
        for point in points:
            if point.load not in known:
                known[point.load] = composition(point.load)
        self.first = _rows([(point, known[point.load].first) for point in points])
        self.later = _rows([(point, known[point.load].later) for point in points])

    def latencies_s(self, of_point: Sequence[Constants]) -> tuple[np.ndarray, np.ndarray]:
        """Mean TTFT and TPOT of each point, seconds, from the constants of each."""
        table = np.array(of_point).T
        first, later = (Constants(*(np.repeat(column, rows.counts) for column in table))
                        for rows in (self.first, self.later))
        return self.first.sums_s(first) + table[-1], self.later.sums_s(later)


def _rows(given: Sequence[tuple[Point, Kinds]]) -> Rows:
    blocks = [_block(deployment_of(point.layout), kinds) for point, kinds in given]
    counts = [block.shape[1] for block in blocks]
    columns = np.concatenate(blocks, axis=1)
    return Rows(*columns, np.concatenate(([0], np.cumsum(counts)[:-1])))


def _block(deployment: Deployment, kinds: Kinds) -> np.ndarray:
    """The columns of one point."""
    c, model = step_coefficients(deployment, IDEAL), deployment.model
    kv = kinds.kv + kinds.running * deployment.sequence_overhead_tokens
    experts = c.experts_s * -np.expm1(c.miss_log * kinds.tokens) if model.experts else 0.0
    ones = np.ones_like(kv)
    return np.array([
        kinds.weight, model.layers * ones, (model.layers if model.experts else 0) * ones,
        c.weights_s + c.kv_s * kv + experts, c.token_s * kinds.tokens + c.pair_s * kinds.pairs,
        c.comm_token_s * kinds.tokens, kinds.decoding,
    ])
