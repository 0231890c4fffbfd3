"""What a scenario's models say of their fields: name, value, unit, meaning and source of every leaf."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

ASSUMPTION = "assumption"


class Leaf(NamedTuple):
    """A value of a scenario.

    Attributes
    ----------
    path
        Where it stands, as on the command line.
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
    """

    path: str
    value: str
    unit: str
    meaning: str
    source: str
    is_default: bool


def leaves(part: BaseModel, path: str = "") -> Iterator[Leaf]:
    """Return all values of a part, in the order of its fields."""
    for name, info in type(part).model_fields.items():
        value = getattr(part, name)
        here = f"{path}.{name}" if path else name
        is_default = not info.is_required() and value == info.get_default(call_default_factory=True)
        yield from _leaves(value, here, info, is_default)
    for name, value in (part.model_extra or {}).items():
        if isinstance(value, BaseModel):
            yield from leaves(value, f"{path}.{name}")
        else:
            yield Leaf(f"{path}.{name}", _text(value), "", "parameter of the kind", "", False)


def _leaves(value: Any, path: str, info: FieldInfo, is_default: bool) -> Iterator[Leaf]:  # noqa: ANN401 - any value
    if isinstance(value, BaseModel):
        yield from leaves(value, path)
    elif isinstance(value, dict) and any(isinstance(it, BaseModel) for it in value.values()):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}", info, is_default)
    elif isinstance(value, tuple) and any(isinstance(it, BaseModel) for it in value):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{index}", info, is_default)
    else:
        unit, meaning, source = described(info)
        yield Leaf(path, _text(value), unit, meaning, source, is_default)


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
