"""Changes of a scenario as Python gives them: texts, dictionaries and keywords, made into assignments to fields."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from pydantic import BaseModel

from sim.errors import ScenarioError
from sim.scenario.dump import assignment_of
from sim.scenario.load import Assignment, path_of

SEPARATOR: Final = "__"  # stands for the dot in keywords, as in other libraries' nested parameters
TEXT_MOST: Final = 80  # characters of an assignment that an error repeats

Change = str | Mapping[str, Any]


def assignments_of(
    changes: Sequence[Change], fields: Mapping[str, Any], data: Mapping[str, Any]
) -> list[str | Assignment]:
    """Return changes as assignments, in their order.

    A dictionary's outermost keys are paths; a dictionary as a value is merged into the table that is there. It stands
    for the whole table if there is none, or if it says of which ``kind`` the table is to be: fields of another kind
    would not fit.

    Parameters
    ----------
    changes
        Texts such as ``"traffic.load=1.4"``, and dictionaries such as ``{"traffic.load": 1.4}``.
    fields
        Keywords, with two underscores for each dot.
    data
        The scenario that is changed, as plain data.

    Raises
    ------
    ScenarioError
        If a change is neither, or a path is malformed.

    Examples
    --------
    >>> [it.text for it in assignments_of([{"a.b": 1}], {"a__c": {"d": 2}}, {"a": {"c": {"d": 1}}})]
    ['a.b=1', 'a.c.d=2']
    """
    found: list[str | Assignment] = []
    for change in changes:
        if isinstance(change, str):
            found.append(change)
        elif isinstance(change, Mapping):
            for path, value in change.items():
                found += _spread(_named(path), value, data)
        else:
            raise ScenarioError(f"a change is {change!r}, but must be a text such as 'traffic.load=1.4', a dictionary "
                                "such as {'traffic.load': 1.4}, or a keyword such as traffic__load=1.4")
    for keyword, value in fields.items():
        names = keyword.split(SEPARATOR)
        if not all(names):
            raise ScenarioError(f"keyword {keyword} is no path: write two underscores between names, as in "
                                "traffic__load=1.4")
        found += _spread(names, value, data)
    return found


def _named(path: Any) -> list[str]:  # noqa: ANN401 - whatever stands as a key
    if not isinstance(path, str):
        raise ScenarioError(f"a change has the key {path!r}, but keys are paths of fields, such as 'traffic.load'")
    return path_of(path, f"change {path!r}")


def _spread(path: list[str], value: Any, data: Any) -> Iterator[Assignment]:  # noqa: ANN401 - any value, any data
    """Assignments of a value at a path: to each of its fields if it is merged into a table."""
    there = data
    for name in path:
        there = there.get(name) if isinstance(there, Mapping) else None
    if isinstance(value, Mapping) and value and "kind" not in value and isinstance(there, Mapping):
        for name, inner in value.items():
            yield from _spread([*path, str(name)], inner, data)
        return
    plain = _plain(value)
    text = assignment_of(path, plain)
    yield Assignment(path, plain, text if len(text) <= TEXT_MOST else f"{text[:TEXT_MOST]}…")


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value
    """A value as a TOML file or a manifest would hold it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    to_plain = getattr(value, "tolist", None)  # numpy's arrays and scalars
    return to_plain() if callable(to_plain) else value
