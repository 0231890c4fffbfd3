"""Mean TTFT and TPOT of many measured points at once, as a function of the constants of E1 (docs/theory.md)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from experiments.silicon.composition import Kinds, composition
from experiments.silicon.measured import Point, deployment_of
from providers.hardware.calibration import Constants
from providers.hardware.memory import kv_capacity_tokens
from providers.hardware.roofline import EXPERTS, IDEAL, WIDTH, Deployment, step_coefficients

REQUEST: Final = Constants._fields.index("request_s")


class StepRows(NamedTuple):
    """Kinds of steps of all points, one after the other, at constants of 1: what the constants divide or multiply."""

    weight: np.ndarray
    layers: np.ndarray
    widths: np.ndarray
    moe_layers: np.ndarray  # by the root of their experts
    memory_s: np.ndarray
    compute_s: np.ndarray
    attention_s: np.ndarray
    link_s: np.ndarray
    decoding: np.ndarray
    unpack_s: np.ndarray
    starts: np.ndarray  # first row of each point

    def sums_s(self, of_point: np.ndarray) -> np.ndarray:
        """Weighted sum of the step times of each point, from the constants of each, (points, constants)."""
        c = Constants(*np.repeat(of_point, self.counts, axis=0).T)
        tau = (
            self.layers * c.layer_s + self.widths * c.width_s + self.moe_layers * c.moe_layer_s
            + np.maximum(self._reading(c), self._computing(c))
            + self.link_s / c.eta_link + self.decoding * c.sequence_s
        )
        return self._summed(tau)

    def slopes(self, of_point: np.ndarray) -> np.ndarray:
        """Derivatives of the sums by each point's constants, (points, constants); those by ``request_s`` are 0."""
        c = Constants(*np.repeat(of_point, self.counts, axis=0).T)
        reads = self._reading(c) >= self._computing(c)
        by = (
            np.where(reads, -self.memory_s / c.eta_memory**2, 0.0),
            np.where(reads, 0.0, -self.compute_s / c.eta_compute**2),
            np.where(reads, 0.0, -self.attention_s / c.eta_attention**2),
            -self.link_s / c.eta_link**2, self.layers, self.widths, self.moe_layers, self.decoding,
            np.zeros_like(self.weight), np.where(reads, self.unpack_s, 0.0),
        )
        return np.stack([self._summed(column) for column in by], axis=1)

    def _reading(self, c: Constants) -> np.ndarray:
        """Time to read, and to unpack what is read."""
        return np.asarray(self.memory_s / c.eta_memory + self.unpack_s * c.unpack_flops)

    def _computing(self, c: Constants) -> np.ndarray:
        """Time to compute."""
        return np.asarray(self.compute_s / c.eta_compute + self.attention_s / c.eta_attention)

    def _summed(self, column: np.ndarray) -> np.ndarray:
        return np.asarray(np.add.reduceat(self.weight * column, self.starts))

    def scaled(self, factor: np.ndarray) -> "StepRows":
        """The rows with weights multiplied by a factor of each point."""
        return self._replace(weight=self.weight * np.repeat(factor, self.counts))

    def of(self, chosen: Sequence[int]) -> "StepRows":
        """The rows of some of the points."""
        counts = self.counts[list(chosen)]
        rows = np.concatenate([np.arange(self.starts[i], self.starts[i] + n) for i, n in
                               zip(chosen, counts, strict=True)])
        return StepRows._make([*(column[rows] for column in self[:-1]), np.concatenate(([0], np.cumsum(counts)[:-1]))])

    @property
    def counts(self) -> np.ndarray:
        """Rows of each point."""
        return np.diff(np.append(self.starts, len(self.weight)))


class Surrogate(NamedTuple):
    """Measured points, with what their steps hold until a request's first token, and from it to the last."""

    points: tuple[Point, ...]
    first: StepRows
    later: StepRows

    def of(self, chosen: Sequence[int]) -> "Surrogate":
        """Some of the points."""
        return Surrogate(tuple(self.points[i] for i in chosen), self.first.of(chosen), self.later.of(chosen))

    def corrected(self, first: np.ndarray, later: np.ndarray) -> "Surrogate":
        """The surrogate with times until and after the first token multiplied by factors of each point."""
        return Surrogate(self.points, self.first.scaled(first), self.later.scaled(later))

    def latencies_s(self, of_point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean TTFT and TPOT of each point, seconds, from the constants of each, (points, constants)."""
        return self.first.sums_s(of_point) + of_point[:, REQUEST], self.later.sums_s(of_point)

    def slopes(self, of_point: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """TTFT and TPOT, each with its derivatives by each point's constants, (points, constants)."""
        first, later = self.latencies_s(of_point)
        by_first = self.first.slopes(of_point)
        by_first[:, REQUEST] = 1.0
        return (first, by_first), (later, self.later.slopes(of_point))


def surrogate_of(points: Sequence[Point]) -> Surrogate:
    """Walk the steps of every load that some points have.

    Parameters
    ----------
    points
        Measured points whose requests all fit into memory at once.
    """
    known = {load: composition(load) for load in sorted({point.load for point in points})}
    return Surrogate(tuple(points), _rows(points, [known[it.load].first for it in points]),
                     _rows(points, [known[it.load].later for it in points]))


def fits_at_once(point: Point) -> bool:
    """Whether memory holds all requests of a point together: else steps depend on what fits, not on the load alone."""
    deployment, load = deployment_of(point.layout), point.load
    held = load.prompt + load.output + deployment.sequence_overhead_tokens
    return load.concurrency * held <= kv_capacity_tokens(deployment)


def _rows(points: Sequence[Point], kinds: Sequence[Kinds]) -> StepRows:
    blocks = [_block(deployment_of(point.layout), its) for point, its in zip(points, kinds, strict=True)]
    counts = [block.shape[1] for block in blocks]
    columns = np.concatenate(blocks, axis=1)
    return StepRows._make([*columns, np.concatenate(([0], np.cumsum(counts)[:-1]))])


def _block(deployment: Deployment, kinds: Kinds) -> np.ndarray:
    """The columns of one point."""
    c, model = step_coefficients(deployment, IDEAL), deployment.model
    kv = kinds.kv + kinds.running * deployment.sequence_overhead_tokens
    met = -np.expm1(c.miss_log * kinds.tokens)  # share of the experts; of a dense model all weights are shared
    ones = np.ones_like(kv)
    params = deployment.shared_params + model.routed_params * met
    unpack_s = params / (deployment.gpus * deployment.gpu.bf16_flops) if deployment.unpacks else 0.0 * ones
    return np.array([
        kinds.weight, model.layers * ones, model.layers * model.hidden / WIDTH * ones,
        model.layers * np.sqrt(model.experts / EXPERTS) * ones, c.weights_s + c.kv_s * kv + c.experts_s * met,
        c.token_s * kinds.tokens, c.pair_s * kinds.pairs, c.comm_token_s * kinds.tokens, kinds.decoding, unpack_s,
    ])
