"""Counter-based draws of workloads, and the persistent tastes made of them.

Every draw is a function of the workload's key and of a name, so it is the same in every scenario: neither the other
models for sale nor anybody's decisions move it.
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np

from sim.market.models.model import Models


def uniforms(keys: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Return uniforms in (0, 1), float64 (keys, names), each a function of its key and its name only.

    Two rounds of splitmix64's finaliser, as in ``sim.draws``, on the key and on the BLAKE2b digest of the name.
    """
    return _uniform(keys[:, None], _words(names)[None, :])


def of_epochs(keys: np.ndarray, names: tuple[str, ...], row: np.ndarray, column: np.ndarray,
              epoch: np.ndarray) -> np.ndarray:
    """Return uniforms in (0, 1), each a function of its key, its name and its epoch only; of epoch 0 as above.

    Parameters
    ----------
    keys, names
        uint64 (keys,), and what may be drawn.
    row, column, epoch
        int64, of one length: which key, which name, and how often it was drawn before.
    """
    words = _words(names)
    with np.errstate(over="ignore"):
        return _uniform(keys[row], words[column] + epoch.astype(np.uint64))


def exponentials(keys: np.ndarray, name: str, counts: np.ndarray) -> np.ndarray:
    """Return the ``counts``-th exponential variate (mean 1) of each key's sequence ``name``, float64 (keys,)."""
    return np.asarray(-np.log(_uniform(keys, np.uint64(_word(name)) + counts.astype(np.uint64))))


@lru_cache(maxsize=64)  # the same names are asked for at each step of a market
def _words(names: tuple[str, ...]) -> np.ndarray:
    return np.array([_word(name) for name in names], np.uint64)


def _word(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


def _uniform(keys: np.ndarray, words: np.ndarray) -> np.ndarray:
    mixed = _mix(_mix(keys) ^ words)
    # the middle of each of 2^53 cells: never 0 nor 1, of which the logarithms of Gumbel shocks are infinite
    return np.asarray(((mixed >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)


def _mix(x: np.ndarray) -> np.ndarray:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def nest_names(models: Models, kind: str) -> tuple[str, ...]:
    """Name of each model's nest: its family, its creator, open or closed, or itself (``none``)."""
    if kind == "open":
        return tuple("open" if row.open else "closed" for row in models.rows)
    return tuple(getattr(row, "name" if kind == "none" else kind) for row in models.rows)


def taste_shocks(
    keys: np.ndarray, names: tuple[str, ...], nests: tuple[str, ...], dissimilarity: float
) -> np.ndarray:
    """Persistent tastes, float64 (keys, names), of scale 1 and with the joint law of nested logit (C3).

    Within a nest: lambda (G_m + ln S_g) with independent standard Gumbel G and one positive stable S of index lambda
    for the nest, for then P(eps <= x) = exp(-sum_g (sum_m exp(-x_m/lambda))^lambda), whose argmax has exactly the
    nested logit's shares. S by Kanter's method (Annals of Probability 3, 1975).
    """
    gumbel = -np.log(-np.log(uniforms(keys, tuple(f"model/{name}" for name in names))))
    # independent tastes; the formula below would take the logarithm of sin 0
    if dissimilarity >= 1:
        return np.asarray(gumbel)
    groups = tuple(sorted(set(nests)))
    angle, size = (uniforms(keys, tuple(f"nest/{name}/{part}" for name in groups)) for part in ("angle", "size"))
    log_stable = log_stables(angle, size, dissimilarity)
    column = [groups.index(name) for name in nests]
    return np.asarray(dissimilarity * (gumbel + log_stable[:, column]))


def log_stables(angle: np.ndarray, size: np.ndarray, dissimilarity: float) -> np.ndarray:
    """Logarithms of positive stable variates of an index below 1 from two uniforms each (Kanter's method)."""
    turn, exponential, rest = np.pi * angle, -np.log(size), 1 - dissimilarity
    # in logarithms, since S itself overflows where lambda is small
    return np.asarray(
        np.log(np.sin(dissimilarity * turn)) - np.log(np.sin(turn)) / dissimilarity
        + rest / dissimilarity * (np.log(np.sin(rest * turn)) - np.log(exponential))
    )
