"""Token buckets: what limits a minute mean in both engines (docs/semantics.md, section 7).

A bucket holds a minute's worth, is full at the start and fills continuously. It is kept as what was taken and has not
come back, so that a bucket nobody has touched is zero, and counted in sixtieths: a limit a minute then comes back by
whole numbers a second, and with times on the grid a bucket loses nothing to rounding (up to 4,369 a minute on the
finest grid, far beyond that with times of a second).
"""

from typing import Final, NamedTuple

from sim.compiled import hot

PARTS: Final = 60  # of a request or token, in which buckets count: seconds of a minute


class Rates(NamedTuple):
    """Limits on what is let in; 0: no limit."""

    requests_per_min: int
    tokens_per_min: int
    requests_per_day: int
    tokens_per_day: int
    by_minute: int  # 1: those a minute count clock minutes, and are no buckets

    @property
    def limit_anything(self) -> bool:
        """True if there is any limit."""
        return any(limit > 0 for limit in self[:4])


@hot(cache=True, forceinline=True)
def still_taken(taken: float, elapsed_s: float, per_min: int) -> float:
    """What is missing from a bucket after a time without taking.

    Parameters
    ----------
    taken
        What was missing before, in sixtieths.
    elapsed_s
        The time, seconds.
    per_min
        What comes back in a minute.

    Examples
    --------
    Half a second after the last of sixty requests, half a request has come back to a bucket of 60 a minute.

    >>> still_taken(60 * 60.0, 0.5, 60) / 60
    59.5
    """
    return float(max(0.0, taken - elapsed_s * per_min))


@hot(cache=True, forceinline=True)
def has_room(taken: float, more: int, per_min: int) -> bool:
    """Whether a bucket from which ``taken`` sixtieths are missing holds ``more`` whole ones; a limit of 0 always does.

    More than a minute's worth it never holds: such a request is refused however long nothing was taken.
    """
    return bool(per_min == 0 or taken + more * PARTS <= per_min * PARTS)
