"""What the scenario's models say of their own fields: which names are legal where, and their defaults."""

import inspect
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

Raw = Any  # a value as TOML or JSON gives it: table, list, string, number or boolean
Annotation = Any  # a type annotation, as Python keeps it at run time


class FieldType:
    """The type of a place in a scenario: a part, a choice of parts by ``kind``, a table, or a value."""

    def __init__(self, annotation: Annotation) -> None:
        self._annotation = _bare(annotation)

    def model(self, data: Raw) -> type[BaseModel] | None:
        """Return the part that ``data`` at this place is read as, or None if it is no part."""
        models = self.parts()
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
        here = set(data) if isinstance(data, dict) and self._entry(data) is not None else set()
        return set(self.fields(data)) | here

    def is_legal(self, name: str, data: Raw, last: bool) -> bool:
        """Return whether ``name``, absent from ``data``, may be set (``last``) or walked through."""
        model, entry = self.model(data), self._entry(data)
        if model is not None and name in model.model_fields:
            return True
        if entry is not None:
            # made field by field only if it must be given some: an entry that is whole as it begins, such as a router
            # that no class uses, would hide that its name is misspelt
            return last or any(not _may_be_empty(part) for part in FieldType(entry).parts())
        return last and model is not None and model.model_config.get("extra") == "allow"

    def default(self, name: str, data: Raw) -> Raw:
        """Return the default of a field as plain data, so that an override may change a part of it.

        What has none, such as a new entry of a table, begins empty; a list of parts that must be given begins with one.
        """
        info = self.fields(data).get(name)
        if info is None:
            return {}
        if info.is_required():
            return [{}] if self.child(name, data).is_list() else {}
        return _plain(info.get_default(call_default_factory=True))

    def is_new(self, name: str, data: Raw) -> bool:
        """Return whether ``name`` is a new entry here: of a table by name, not a field of a part."""
        return name not in self.fields(data) and self._entry(data) is not None and name not in data

    def is_list(self) -> bool:
        """Return whether this is a list of parts."""
        return any(_origin(option) is tuple and _is_model(_bare(get_args(option)[0]))
                   for option in _alternatives(self._annotation))

    def child(self, name: str, data: Raw) -> "FieldType":
        """Return the type of the place ``name`` below this one."""
        fields = self.fields(data)
        if name in fields:
            return FieldType(fields[name].annotation)
        inner = self._entry(data)
        return FieldType(inner if inner is not None else Any)

    def tags(self) -> list[str]:
        """Return the kinds to choose from where a part is chosen by ``kind``."""
        return [m.model_fields["kind"].default for m in self.parts() if "kind" in m.model_fields]

    def has_kinds(self) -> bool:
        """Return whether what stands here has other fields by its ``kind``."""
        parts = [part for part in self.parts() if "kind" in part.model_fields]
        return len(parts) > 1 or any(part.model_config.get("extra") == "allow" for part in parts)

    def parts(self) -> list[type[BaseModel]]:
        """Return the parts that may stand here."""
        return [m for m in _alternatives(self._annotation) if _is_model(m)]

    def _entry(self, data: Raw) -> Annotation:
        """The type of the entries of a table or list here; None if there are none but fields."""
        model = self.model(data)
        if model is not None:
            return _extra_value(model)
        for option in _alternatives(self._annotation):
            if _origin(option) is dict:
                return get_args(option)[1]
            if _origin(option) is tuple:
                return get_args(option)[0]
        return None


def _origin(annotation: Annotation) -> Annotation:
    return get_origin(annotation)


def _bare(annotation: Annotation) -> Annotation:
    while _origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _may_be_empty(part: type[BaseModel]) -> bool:
    try:
        part.model_validate({})
    except ValidationError:
        return False
    return True


def _extra_value(model: type[BaseModel]) -> Annotation:
    """The type of what a part may hold besides its fields, where it says so."""
    told = get_args(inspect.get_annotations(model).get("__pydantic_extra__"))
    return told[1] if told else None


def _alternatives(annotation: Annotation) -> list[Annotation]:
    if _origin(annotation) in (Union, types.UnionType):
        return [inner for option in get_args(annotation) for inner in _alternatives(_bare(option))]
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
