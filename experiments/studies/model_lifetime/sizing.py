"""Which size and how much training reach a quality at least cost, when serving counts too (Sardana et al. 2024).

min 6 N D + 2 kappa N Q over size N and training tokens D, for Q tokens that will be served, at a loss of
L(N, D) = E + A / N^alpha + B / D^beta; kappa is the price of an operation in serving over that in training.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from experiments.studies.model_lifetime.assumed import Scaling

SERVING: Final = 2.0  # operations a parameter and token
TRAINING: Final = 6.0


class Sizing(NamedTuple):
    """Parameters, training tokens, and the operations of training and serving together in units of training's price."""

    size: float
    tokens: float
    operations: float


def loss(scaling: Scaling, size: float, tokens: float) -> float:
    """Return the loss of a model of a size (parameters) trained on so many tokens."""
    return float(scaling.irreducible + of_size(scaling, size) + scaling.of_data / tokens**scaling.data_exponent)


def of_size(scaling: Scaling, size: float) -> float:
    """Return the part of the loss that a larger model would lower, A / N^alpha."""
    return float(scaling.of_size / size**scaling.size_exponent)


def tokens_for(scaling: Scaling, size: float, wanted: float) -> float:
    """Return how many tokens a size must be trained on to reach a loss; inf if it cannot."""
    left = wanted - scaling.irreducible - of_size(scaling, size)
    return float((scaling.of_data / left) ** (1.0 / scaling.data_exponent)) if left > 0.0 else math.inf


def operations(scaling: Scaling, size: float, tokens: float, served: float) -> float:
    """Return operations of training and of serving, these times their price over those of training."""
    return TRAINING * size * tokens + SERVING * scaling.dearer_serving * size * served


def best(scaling: Scaling, wanted: float, served: float) -> Sizing:
    """Return the cheapest model of a loss that serves so many tokens (E116).

    On the line of equal loss, N dD/dN = -(alpha a / beta b) D with a = A / N^alpha and b = B / D^beta, so that cost is
    least where alpha a / (beta b) = 1 + kappa Q / (3 D): at Q = 0 where Hoffmann et al. (2022) have it, and at a
    smaller model trained for longer the more is served.

    Parameters
    ----------
    scaling
        The law of loss.
    wanted
        Loss to reach, above the irreducible one.
    served
        Q, tokens in and out over the model's life.
    """
    # the smallest size that can reach the loss at all has its whole remainder in a; there the left side is infinite
    room = wanted - scaling.irreducible
    low = math.log((scaling.of_size / room) ** (1.0 / scaling.size_exponent))
    high = low + 60.0
    for _ in range(200):
        middle = (low + high) / 2.0
        if _surplus(scaling, math.exp(middle), wanted, served) > 0.0:
            low = middle
        else:
            high = middle
    size = math.exp((low + high) / 2.0)
    tokens = tokens_for(scaling, size, wanted)
    return Sizing(size, tokens, operations(scaling, size, tokens, served))


def _surplus(scaling: Scaling, size: float, wanted: float, served: float) -> float:
    """Above 0 where a larger model would be cheaper; falls with size."""
    a = of_size(scaling, size)
    b = wanted - scaling.irreducible - a
    if b <= 0.0:
        return math.inf
    tokens = (scaling.of_data / b) ** (1.0 / scaling.data_exponent)
    slope = scaling.size_exponent * a / (scaling.data_exponent * b)
    return float(slope - 1.0 - scaling.dearer_serving * served / (TRAINING / SERVING * tokens))
