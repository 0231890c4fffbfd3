"""A scenario that extends another: its tables are merged into the other's, before anything is validated.

Tables merge, field by field; arrays and values replace. A table that is one of several kinds, such as arrivals or a
policy, is replaced as a whole when it names another kind: the fields of the kind before mean nothing to it.
"""

import copy
from typing import Any, Final

from sim.errors import ScenarioError
from sim.scenario.family import FORMS, kind_of
from sim.scenario.field_types import FieldType
from sim.scenario.load import path_of
from sim.spelling import near

EXTENDS: Final = "extends"
REMOVE: Final = "remove"


def extended(base: dict[str, Any], change: dict[str, Any], source: str) -> dict[str, Any]:
    """Return the data of a scenario with those of a file that extends it merged in.

    Parameters
    ----------
    base
        The other scenario, as its file has it.
    change
        What the file says. What its ``remove`` names is taken out of the base first, so that it can be given anew.
    source
        The file, as errors name it.

    Raises
    ------
    ScenarioError
        If ``remove`` is no list of paths, or names what the base does not hold.
    """
    data = copy.deepcopy(base)
    for path in _paths(change.get(REMOVE, []), source):
        _remove(data, path, source)
    own = {name: value for name, value in change.items() if name not in (EXTENDS, REMOVE)}
    _merge(data, own, FieldType(FORMS[kind_of([*base, *own])]))
    return data


def _paths(removed: Any, source: str) -> list[list[str]]:
    if not isinstance(removed, list) or not all(isinstance(path, str) for path in removed):
        raise ScenarioError(f"{source}: {REMOVE} is {removed!r}, but must be a list of paths, such as "
                            f'{REMOVE} = ["supply.firms.novita"]')
    return [path_of(path, f"{source}: {REMOVE}") for path in removed]


def _remove(data: dict[str, Any], path: list[str], source: str) -> None:
    node: Any = data
    for depth, name in enumerate(path):
        if not isinstance(node, dict) or name not in node:
            names, here = node if isinstance(node, dict) else (), ".".join(path[:depth + 1])
            raise ScenarioError(f"{source}: {REMOVE} names {'.'.join(path)}, but there is no {here} in what it extends"
                                + near(name, names))
        if depth < len(path) - 1:
            node = node[name]
    del node[path[-1]]


def _merge(data: dict[str, Any], change: dict[str, Any], kind: FieldType) -> None:
    for name, value in change.items():
        here = kind.child(name, data)
        before: Any = data.get(name)
        if isinstance(value, dict) and before is None:
            before = kind.default(name, data)  # what is a default in the base merges as well as what it says
        # a table of the base that is empty still has defaults within; one that the base lacks has nothing to merge with
        there = isinstance(before, dict) and (before or name in data)
        if there and isinstance(value, dict) and not _is_another(before, value, here):
            data[name] = before
            _merge(before, value, here)
        else:
            data[name] = value


def _is_another(before: dict[str, Any], after: dict[str, Any], here: FieldType) -> bool:
    """Whether a table that is one of several kinds names another one than before."""
    return here.has_kinds() and "kind" in after and after["kind"] != before.get("kind")
