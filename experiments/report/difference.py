"""How a scenario differs from the built-in one of its name."""

from collections.abc import Iterator
from typing import Any, Final

ABSENT: Final = "not there"
TOLD_APART: Final = ("name", "description")  # words, not settings


def against_built_in(scenario: dict[str, Any]) -> tuple[str, list[tuple[str, str, str]]]:
    """Return what a scenario is compared with, and (field, there, here) for every field that differs.

    The comparison is with the built-in scenario of the same name; without one, with ``tournament`` or, for a market,
    the default market.
    """
    name, other = _reference(scenario)
    before, after = dict(flat(other)), dict(flat(scenario))
    fields = list(dict.fromkeys([*after, *before]))
    return name, [(field, before.get(field, ABSENT), after.get(field, ABSENT)) for field in fields
                  if field not in TOLD_APART and before.get(field) != after.get(field)]


def flat(data: Any, path: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - what JSON may hold
    """Yield the path and the text of every value in nested dictionaries and lists."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            label = f'"{key}"' if "." in str(key) else str(key)
            yield from flat(value, f"{path}.{label}" if path else label)
    elif isinstance(data, list) and any(isinstance(value, dict | list) for value in data):
        for place, value in enumerate(data):
            yield from flat(value, f"{path}[{place}]")
    else:
        yield path, _text(data)


def _reference(scenario: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    from experiments.scenarios import DEFAULT, load, names
    from experiments.studies.looks import without_mark
    from sim.scenario import kind_of
    from sim.scenario.load import plain

    kind, name = kind_of(scenario), without_mark(str(scenario.get("name") or ""))
    found = load(name) if name in names() else None
    if found is None or found.kind != kind:
        found = load(DEFAULT[kind])
    return found.name, plain(found)


def _text(value: Any) -> str:  # noqa: ANN401 - what JSON may hold
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "none"
    if isinstance(value, list):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    return f"{value:g}" if isinstance(value, float) and f"{value:g}" == repr(value).removesuffix(".0") else str(value)

