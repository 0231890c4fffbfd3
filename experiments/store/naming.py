"""Names that a user hands to results: known, or refused in a sentence with what is known and what was meant."""

from collections.abc import Iterable, Sequence
from typing import Any

from sim.errors import MarketError
from sim.spelling import nearest


class StatisticError(MarketError):
    """A statistic, metric or group is unknown, or cannot be had as it was asked for."""


def known(what: str, name: Any, names: Iterable[str]) -> str:  # noqa: ANN401 - whatever the user passed
    """Return a name that is one of ``names``.

    Raises
    ------
    StatisticError
        If it is not.

    Examples
    --------
    >>> known("metric", "hhi", ["hhi", "completed"])
    'hhi'
    """
    listed = list(dict.fromkeys(names))
    if not isinstance(name, str) or name not in listed:
        many = f"{what.removesuffix('y')}ies" if what.endswith("y") else f"{what}s"
        raise StatisticError(f"there is no {what} {name!r}; {many} are {', '.join(listed) or 'none'}"
                             f"{meant(name, listed)}")
    return name


def meant(name: Any, names: Iterable[str]) -> str:  # noqa: ANN401 - whatever the user passed
    """Return how an error ends after an unknown name: with the nearest one that is known, if any is near.

    Examples
    --------
    >>> meant("polcy", ["policy", "row"]), meant("x", ["policy"])
    ('; did you mean policy?', '')
    """
    match = nearest(name, names) if isinstance(name, str) else ""
    return f"; did you mean {match}?" if match else ""


def listed(what: str, given: Any, names: Iterable[str]) -> list[str]:  # noqa: ANN401 - whatever the user passed
    """Return one name or several as a list without doubles, each of them known.

    Raises
    ------
    StatisticError
        If they are no names, or one is unknown.
    """
    if isinstance(given, str):
        wanted: Sequence[Any] = [given]
    elif isinstance(given, Iterable):
        wanted = list(given)
    else:
        raise StatisticError(f"{what} is {given!r}, but must be a name or a list of names")
    allowed = list(dict.fromkeys(names))
    for name in wanted:
        if not isinstance(name, str) or name not in allowed:
            raise StatisticError(f"{what} has {name!r}, but results can be told apart by {', '.join(allowed)}"
                                 f"{meant(name, allowed)}")
    return list(dict.fromkeys(wanted))


def check_confidence(value: Any) -> None:  # noqa: ANN401 - whatever the user passed
    """Refuse what is no confidence of an interval.

    Raises
    ------
    StatisticError
        If it is not a number between 0 and 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise StatisticError(f"confidence is {value!r}, but must be a number between 0 and 1, such as 0.95")
