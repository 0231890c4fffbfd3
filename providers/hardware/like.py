"""What a GPU or a model of a scenario's own is like: the built-in one whose values hold where none is given."""

from collections.abc import Collection, Mapping

from sim.errors import ScenarioError
from sim.spelling import near, nearest


def base_of(path: str, like: str | None, built_in: Mapping[str, object], what: str) -> str:
    """Return the name of the built-in entry that values are taken from, which need not exist unless it was named.

    Parameters
    ----------
    path
        Where the entry stands: the name of its table and its own.
    like
        The name that it gives; None is its own.
    built_in
        What is built in, by name.
    what
        What the entries are called.

    Raises
    ------
    ScenarioError
        If ``like`` names nothing that is built in.
    """
    if like is not None and like not in built_in:
        raise ScenarioError(f"{path}.like is {like!r}, which is no built-in {what}{near(like, built_in)}")
    return like or path.partition(".")[2]


def refuse_lacking(path: str, missing: Collection[str], built_in: Mapping[str, object], what: str) -> None:
    """Refuse a new entry that lacks values.

    Raises
    ------
    ScenarioError
        If any is missing.
    """
    if missing:
        other = nearest(path.partition(".")[2], built_in)
        hint = f" (did you mean {other}?)" if other else ""
        raise ScenarioError(f"{path} is not built in{hint}, and lacks {', '.join(missing)}; a {what} of your own "
                            "needs them, or like = the name of a built-in one that has them")
