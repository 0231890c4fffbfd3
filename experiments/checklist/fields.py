"""What a scenario's models say of their fields: name, value, unit, meaning and source of every leaf."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

ASSUMPTION: Final = "assumption"
BARE: Final = re.compile(r"[A-Za-z0-9_-]+")  # keys that TOML takes without quotes


class Leaf(NamedTuple):
    """A value of a scenario.

    Attributes
    ----------
    keys
        Where it stands: names of fields and tables, and places in lists.
    value
        As text.
    unit
        Its unit; empty for names and texts.
    meaning
        What it is.
    source
        Where the default comes from; empty if the field does not say.
    is_default
        Whether the scenario has left the field as it is.
    plain
        The value as JSON can hold it.
    """

    keys: tuple[str, ...]
    value: str
    unit: str
    meaning: str
    source: str
    is_default: bool
    plain: Any

    @property
    def path(self) -> str:
        """Where it stands, as on the command line: names with dots or colons are quoted."""
        return ".".join(key if BARE.fullmatch(key) else f'"{key}"' for key in self.keys)


def leaves(part: BaseModel, keys: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Return all values of a part, in the order of its fields."""
    for name, info in type(part).model_fields.items():
        value = getattr(part, name)
        is_default = not info.is_required() and value == info.get_default(call_default_factory=True)
        yield from _leaves(value, (*keys, name), info, is_default)
    for name, value in (part.model_extra or {}).items():
        if isinstance(value, BaseModel):
            yield from leaves(value, (*keys, name))
        else:
            yield Leaf((*keys, name), _text(value), "", "parameter of the kind", "", False, to_jsonable_python(value))


def _leaves(value: Any, keys: tuple[str, ...], info: FieldInfo, is_default: bool) -> Iterator[Leaf]:  # noqa: ANN401 - any value
    if isinstance(value, BaseModel):
        yield from leaves(value, keys)
    elif isinstance(value, dict) and any(isinstance(it, BaseModel) for it in value.values()):
        for name, inner in value.items():
            yield from _leaves(inner, (*keys, str(name)), info, is_default)
    elif isinstance(value, tuple) and any(isinstance(it, BaseModel) for it in value):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*keys, str(index)), info, is_default)
    else:
        yield Leaf(keys, _text(value), *described(info), is_default, to_jsonable_python(value))


def described(info: FieldInfo) -> tuple[str, str, str]:
    """Return unit, meaning and source of a field, empty where it does not say."""
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    text = info.description or ""
    meaning, _, rest = text.partition(" (source: ")
    unit, source = str(extra.get("unit", "")), str(extra.get("source", "")) or rest.rstrip(")")
    return unit, meaning.removesuffix(f" [{unit}]"), source


def _text(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(_text(it) for it in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_text(it)}" for name, it in value.items()) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)


def cell(text: str) -> str:
    """Return text that may stand in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
