"""Which places are run: spread over the cube, and later over what is not ruled out of it."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

CANDIDATES: Final = 13  # 2^13 places are asked of the emulators
ROUNDS: Final = 6  # times that the box around what is left is drawn closer, until there are enough
MARGIN: Final = 0.05  # of the cube's side, by which the box is wider than what is left
ENOUGH: Final = 400  # places that are left, out of which those to run are picked


class Left(NamedTuple):
    """What is not ruled out.

    Attributes
    ----------
    places
        (places, parameters): some of it.
    share
        Share of the cube's volume that it is, as sampled; 0 if nothing was found.
    """

    places: np.ndarray
    share: float


def sobol(count: int, parameters: int, seed: int) -> np.ndarray:
    """Return the first places of a scrambled Sobol sequence, (count, parameters)."""
    from scipy.stats import qmc

    drawn: np.ndarray = qmc.Sobol(parameters, scramble=True, rng=seed).random_base2(max(1, (count - 1).bit_length()))
    return drawn[:count]


def what_is_left(keeps: Callable[[np.ndarray], np.ndarray], parameters: int, seed: int) -> Left:
    """Look for what is not ruled out: over the cube, then in ever closer boxes around what was found.

    Parameters
    ----------
    keeps
        Says of (places, parameters) which are left, bool (places,).
    parameters
        Dimensions of the cube.
    seed
        Of the sequences.
    """
    low, high, volume = np.zeros(parameters), np.ones(parameters), 1.0
    found, share = np.zeros((0, parameters)), 0.0
    for number in range(ROUNDS):
        places = low + (high - low) * sobol(1 << CANDIDATES, parameters, seed + number)
        kept = keeps(places)
        if kept.any():
            share = volume * float(kept.mean())
            found = np.concatenate([found, places[kept]])
        if not len(found) or len(found) >= ENOUGH:
            break
        low = np.maximum(found.min(axis=0) - MARGIN, 0.0)
        high = np.minimum(found.max(axis=0) + MARGIN, 1.0)
        volume = float(np.prod(high - low))
    return Left(found, share)


def maximin(places: np.ndarray, count: int, beside: np.ndarray) -> np.ndarray:
    """Pick places far from each other and from those that were run already, one after another (greedily).

    Parameters
    ----------
    places
        (places, parameters) to pick from; the first of equals is picked.
    count
        How many; all if there are no more.
    beside
        (runs, parameters): the others.
    """
    nearest = np.full(len(places), np.inf)
    for other in beside:
        nearest = np.minimum(nearest, ((places - other) ** 2).sum(axis=1))
    picked: list[int] = []
    for _ in range(min(count, len(places))):
        row = int(np.argmax(nearest)) if picked or len(beside) else 0
        picked.append(row)
        nearest = np.minimum(nearest, ((places - places[row]) ** 2).sum(axis=1))
        nearest[picked] = -1.0
    return places[picked]
