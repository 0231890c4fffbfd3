"""What the scenario's models say of their own fields: which names are legal where, and their defaults."""

import difflib
import types
from collections.abc import Iterable
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Raw = Any  # a value as TOML or JSON gives it: table, list, string, number or boolean
Annotation = Any  # a type annotation, as Python keeps it at run time


class FieldType:
    """The type of a place in a scenario: a part, a choice of parts by ``kind``, a table, or a value."""

    def __init__(self, annotation: Annotation) -> None:
        self._annotation = _bare(annotation)

    def model(self, data: Raw) -> type[BaseModel] | None:
        """Return the part that ``data`` at this place is read as, or None if it is no part."""
        models = [m for m in _alternatives(self._annotation) if _is_model(m)]
        if len(models) < 2:
            return models[0] if models else None
        kind = data.get("kind") if isinstance(data, dict) else None
        return next((m for m in models if m.model_fields["kind"].default == kind), None)

    def fields(self, data: Raw) -> dict[str, FieldInfo]:
        """Return the fields of the part at this place; empty for tables and values."""
        model = self.model(data)
        return dict(model.model_fields) if model else {}

    def names(self, data: Raw) -> set[str]:
        """Return the names that may follow this place in a path."""
        return set(self.fields(data)) or (set(data) if isinstance(data, dict) else set())

    def is_legal(self, name: str, data: Raw, last: bool) -> bool:
        """Return whether ``name``, absent from ``data``, may be set (``last``) or walked through."""
        model = self.model(data)
        if model is None:
            return last and self._table_value() is not None
        open_ended = model.model_config.get("extra") == "allow"
        return name in model.model_fields or (open_ended and last)

    def default(self, name: str, data: Raw) -> Raw:
        """Return the default of a field as plain data, so that an override may change a part of it."""
        value = self.fields(data)[name].get_default(call_default_factory=True)
        return _plain(value)

    def child(self, name: str, data: Raw) -> "FieldType":
        """Return the type of the place ``name`` below this one."""
        fields = self.fields(data)
        if name in fields:
            return FieldType(fields[name].annotation)
        inner = self._table_value()
        return FieldType(inner if inner is not None else Any)

    def tags(self) -> list[str]:
        """Return the kinds to choose from where a part is chosen by ``kind``."""
        models = [m for m in _alternatives(self._annotation) if _is_model(m)]
        return [m.model_fields["kind"].default for m in models if "kind" in m.model_fields]

    def _table_value(self) -> Annotation:
        for option in _alternatives(self._annotation):
            if _origin(option) is dict:
                return get_args(option)[1]
            if _origin(option) is tuple:
                return get_args(option)[0]
        return None


def near(name: str, known: Iterable[str]) -> str:
    """Return how an error goes on after an unknown name: the nearest match, or all that is known."""
    known = list(known)
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if matches:
        return f"; did you mean {matches[0]}?"
    return f"; known are {', '.join(known)}" if known else ""


def _origin(annotation: Annotation) -> Annotation:
    return get_origin(annotation)


def _bare(annotation: Annotation) -> Annotation:
    while _origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _alternatives(annotation: Annotation) -> list[Annotation]:
    if _origin(annotation) in (Union, types.UnionType):
        return [_bare(option) for option in get_args(annotation)]
    return [annotation]


def _is_model(annotation: Annotation) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _plain(value: Raw) -> Raw:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return {} if value is None or not isinstance(value, str | int | float) else value
