"""All fields of a scenario as a tree: their paths, with `*` for names, `[]` for entries and `<kind>` for choices."""

import re
import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from sim.scenario import Scenario

Annotation = Any  # a type annotation, as Python keeps it at run time


class Leaf(NamedTuple):
    """A field that holds a value and no further part.

    Attributes
    ----------
    path
        Where it stands, such as ``demand.*.arrivals<gamma>.cv``.
    types
        What it may hold.
    """

    path: str
    types: tuple[Annotation, ...]


def leaves(form: type[Scenario]) -> Iterator[Leaf]:
    """Yield every field of a form of scenario, list entries, tables and choices included."""
    yield from _below(form, "")


def _below(annotation: Annotation, path: str) -> Iterator[Leaf]:
    options = list(_options(annotation))
    parts = [option for option in options if _is_part(option)]
    for part in parts:
        here = f"{path}<{part.model_fields['kind'].default}>" if len(parts) > 1 else path
        yield from _fields(part, here)
    if parts:
        return
    for option in options:
        entries, mark = _entries(option)
        if any(_is_part(inner) for inner in _options(entries)):
            yield from _below(entries, path + mark)
            return
    yield Leaf(path, tuple(options))


def _fields(part: type[BaseModel], path: str) -> Iterator[Leaf]:
    """Fields of a part, and of entries by a name of one's own that it may hold beside them."""
    inner = {name: field.annotation for name, field in part.model_fields.items()}
    own = get_args(part.__annotations__.get("__pydantic_extra__"))
    if own and any(_is_part(option) for option in _options(own[1])):
        inner["*"] = own[1]
    for name, annotation in inner.items():
        yield from _below(annotation, f"{path}.{name}".lstrip("."))


def _options(annotation: Annotation) -> Iterator[Annotation]:
    """Alternatives of a union, without what is annotated to them."""
    if get_origin(annotation) is Annotated:
        yield from _options(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for inner in get_args(annotation):
            yield from _options(inner)
    else:
        yield annotation


def _is_part(annotation: Annotation) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


class Entries(NamedTuple):
    """What a table or list holds, and how a path says so."""

    annotation: Annotation
    mark: str


def _entries(annotation: Annotation) -> Entries:
    if get_origin(annotation) is dict:
        return Entries(get_args(annotation)[1], ".*")
    return Entries(get_args(annotation)[0], "[]") if get_origin(annotation) is tuple else Entries(None, "")


def steps_of(path: str) -> list[str]:
    """Return the steps of a path: names, ``*``, ``[]`` and ``<kind>``.

    Examples
    --------
    >>> steps_of("demand.*.arrivals<gamma>.cv")
    ['demand', '*', 'arrivals', '<gamma>', 'cv']
    """
    return re.findall(r"<[^>]*>|\[\]|[^.<\[]+", path)


def places(node: Any, steps: Sequence[str]) -> Iterator[list[str | int]]:
    """Yield where a field stands in a scenario: keys of its tables and numbers of its entries."""
    if not steps:
        yield []
    elif node is None:
        return
    elif steps[0].startswith("<"):
        if f"<{node.kind}>" == steps[0]:
            yield from places(node, steps[1:])
    else:
        for key, inner in _entered(node, steps[0]):
            yield from ([key, *rest] for rest in places(inner, steps[1:]))


class Entered(NamedTuple):
    """A key, and what stands there."""

    key: str | int
    inner: Any


def _entered(node: Any, step: str) -> Iterator[Entered]:
    if step == "[]":
        yield from (Entered(number, inner) for number, inner in enumerate(node))
    elif step == "*":
        held = node if isinstance(node, dict) else node.model_extra or {}
        yield from (Entered(name, inner) for name, inner in held.items())
    else:
        yield Entered(step, getattr(node, step))


def value_at(node: Any, place: Sequence[str | int]) -> Any:
    """Return what stands at a place of a scenario."""
    for key in place:
        node = node[key] if isinstance(node, dict | tuple) else getattr(node, str(key))
    return node
