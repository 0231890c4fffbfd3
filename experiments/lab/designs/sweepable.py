"""Which fields of a scenario are worth varying, and over which ranges: the metadata of its models, with real paths."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from experiments.lab.designs.factor import DesignError, Factor
from experiments.lab.records import POLICY, Value
from sim.scenario.fields import near


def sweepable(scenario: BaseModel) -> dict[str, FieldInfo]:
    """Return the fields of a scenario that have a range to sweep over, by their paths in it."""
    return dict(_walk(scenario, ""))


def _walk(part: BaseModel, prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in type(part).model_fields.items():
        if isinstance(info.json_schema_extra, dict) and "sweep" in info.json_schema_extra:
            yield f"{prefix}{name}", info
        value = getattr(part, name)
        children = value.items() if isinstance(value, Mapping) else [(None, value)]
        for key, child in children:
            if isinstance(child, BaseModel):
                place = name if key is None else f"{name}.{_quoted(str(key))}"
                yield from _walk(child, f"{prefix}{place}.")


def _quoted(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() else json.dumps(key)


def range_of(info: FieldInfo) -> dict[str, Any]:
    """Return a field's range: ``low``, ``high``, ``scale``, ``source``."""
    assert isinstance(info.json_schema_extra, dict)
    found: dict[str, Any] = dict(info.json_schema_extra["sweep"])  # type: ignore[arg-type]
    return found


def factor_rows(scenario: BaseModel) -> list[tuple[str, ...]]:
    """Return path, range, scale and meaning of every sweepable field, with a heading."""
    rows: list[tuple[str, ...]] = [("field", "low", "high", "scale", "meaning")]
    for path, info in sweepable(scenario).items():
        span = range_of(info)
        meaning = (info.description or "").split(" (source:")[0]
        rows.append((path, f"{span['low']:g}", f"{span['high']:g}", str(span["scale"]), meaning))
    return rows


def with_ranges(factors: Sequence[Factor], scenario: BaseModel) -> tuple[Factor, ...]:
    """Return the factors, those without a range or values with the range of their field's metadata.

    Raises
    ------
    DesignError
        If the scenario has no such field, or the field has no range.
    """
    known = sweepable(scenario)
    found = []
    for factor in factors:
        value_at(scenario, factor.path)
        if factor.values or factor.has_range:
            found.append(factor)
            continue
        if factor.path not in known:
            raise DesignError(f"factor {factor.path} has no range of its own{near(factor.path, sorted(known))}; "
                              f"give one as in --vary {factor.path}=low..high")
        span = range_of(known[factor.path])
        found.append(Factor(factor.path, (), float(span["low"]), float(span["high"]), span["scale"]))
    return tuple(found)


def value_at(scenario: BaseModel, path: str) -> Value:
    """Return the value of a field by its path.

    Raises
    ------
    DesignError
        If the scenario has no such field, or it holds more than a value.
    """
    from sim.errors import ScenarioError
    from sim.scenario.load import parse_assignment, plain

    if path == POLICY:
        return "the scenario's own"
    try:
        names, _ = parse_assignment(f"{path}=0")
    except ScenarioError as error:
        raise DesignError(f"factor {path!r}: {error}") from None
    node: Any = plain(scenario)
    for depth, name in enumerate(names):
        if isinstance(node, list) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        elif isinstance(node, dict) and name in node:
            node = node[name]
        elif isinstance(node, dict) and depth and names[depth - 1] == "policy":
            return "the policy's default"  # parameters of a policy that the scenario does not give
        else:
            names_here = sorted(node) if isinstance(node, dict) else []
            raise DesignError(f"factor {path}: {'.'.join(names[:depth + 1])} does not exist{near(name, names_here)}")
    if isinstance(node, dict | list):
        raise DesignError(f"factor {path} is a table, not a value; name one of its fields")
    value: Value = "none" if node is None else node
    return value
