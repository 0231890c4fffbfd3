"""What somebody meant who wrote a name that is not known: for errors that say so."""

import difflib
from collections.abc import Iterable


def near(name: str, known: Iterable[str]) -> str:
    """Return how an error goes on after an unknown name: the nearest match, or all that is known.

    Examples
    --------
    >>> near("tournment", ["tournament", "market"]), near("x", ["tournament", "market"])
    ('; did you mean tournament?', '; known are tournament, market')
    """
    known = list(known)
    match = nearest(name, known)
    if match:
        return f"; did you mean {match}?"
    return f"; known are {', '.join(known)}" if known else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is spelt most like ``name``; empty if none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), "")
