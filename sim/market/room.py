"""Losses for want of room, until they are measured again: replicas that came or went since a sample change them.

    (E85)  l' = max(0, 1 - (1 - l) R'/R)  if l >= 0.02;  else l' = l

An offer that loses much is full: it serves what its R replicas can, so R' of them serve R'/R as much. Who loses little
loses to bursts, and nothing follows from its replicas. Without this a loss measured once would stand whatever sellers
do about it, and they would add replicas without end.
"""

from typing import Final

import numpy as np

FULL: Final = 0.02  # share lost from which on an offer is taken to be full (assumption)


def lost_with(lost: np.ndarray, then: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Share that is lost with other replicas than those with which it was measured (E85), 0 to 1.

    Parameters
    ----------
    lost
        Share measured, 0 to 1.
    then, now
        Replicas at the measurement, 0 if there was none, and now.
    """
    known = (lost >= FULL) & (then > 0)
    grown = now / np.where(then > 0, then, 1.0)
    return np.asarray(np.where(known, np.maximum(0.0, 1.0 - (1.0 - lost) * grown), lost))
