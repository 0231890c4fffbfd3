"""Real volumes and money as whole numbers, so that books close to the nano-dollar."""

import numpy as np


def apportioned(total: int, shares: np.ndarray) -> np.ndarray:
    """Whole numbers that add up to ``total``, each less than one from its share (largest remainders: E74).

    Parameters
    ----------
    total
        0 or more.
    shares
        Float64, 0 or more; only their ratios count. Of equal remainders the first has precedence.

    Raises
    ------
    ValueError
        If there is something to share among nobody.
    """
    whole = float(shares.sum())
    if whole <= 0.0:
        if total:
            raise ValueError(f"{total} cannot be shared among shares that are all 0")
        return np.zeros(len(shares), np.int64)
    exact = shares * (total / whole)
    found = np.floor(exact).astype(np.int64)
    rest, most = total - int(found.sum()), int(np.count_nonzero(shares > 0))
    if not 0 <= rest <= most:  # above 2^53 parts a float holds no single ones: the largest share takes up the slack
        found[np.argmax(shares)] += rest
        return found
    remainder = np.where(shares > 0, exact - np.floor(exact), -1.0)
    found[np.argsort(-remainder, kind="stable")[:rest]] += 1
    return found


class Carry:
    """Rounds a series of volumes to whole numbers whose sums are never half a unit from the volumes'.

    Parameters
    ----------
    shape
        Of the volumes.
    """

    def __init__(self, *shape: int) -> None:
        self._left = np.full(shape, 0.5)

    def whole(self, volumes: np.ndarray) -> np.ndarray:
        """Return the next whole numbers, int64, 0 or more."""
        self._left += volumes
        found = np.floor(self._left)
        self._left -= found
        return np.asarray(found.astype(np.int64))
