"""Writing a scenario, or one assignment to it, as TOML that reads back as the same."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from sim.scenario.field_types import Raw


def to_toml(scenario: BaseModel) -> str:
    """Return the full scenario, defaults included, as TOML; fields that are None are left out."""
    lines: list[str] = []
    _table([], scenario.model_dump(mode="json"), lines)
    return "\n".join(lines).strip() + "\n"


def assignment_of(path: Iterable[str], value: Raw) -> str:
    """Return what `sim.scenario.load.parse_assignment` reads as a path and a value; None is written as ``none``."""
    return f"{'.'.join(key_text(name) for name in path)}={'none' if value is None else value_text(value)}"


def _table(path: list[str], table: dict[str, Any], lines: list[str]) -> None:
    values = {k: v for k, v in table.items() if v is not None and not isinstance(v, dict)}
    tables = {k: v for k, v in table.items() if isinstance(v, dict)}
    if path and (values or not tables):
        lines += ["", f"[{'.'.join(key_text(name) for name in path)}]"]
    lines += [f"{key_text(name)} = {value_text(value)}" for name, value in values.items()]
    for name, inner in tables.items():
        _table([*path, name], inner, lines)


def key_text(name: str) -> str:
    """Return a name as TOML has it in a path: in quotes where it needs them."""
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False)


def value_text(value: Raw) -> str:
    """Return a value as TOML has it; tables are written inline."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(value_text(item) for item in value) + "]"
    if isinstance(value, dict):
        inside = ", ".join(f"{key_text(k)} = {value_text(v)}" for k, v in value.items() if v is not None)
        return "{" + inside + "}"
    return repr(value)
