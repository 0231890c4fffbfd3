"""Which fields of a scenario are worth varying, and over which ranges: the metadata of its models, with real paths."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from experiments.designs.factor import DesignError, Factor
from experiments.runs.specs import POLICY, Value
from sim.scenario.router_settings import PolicyChoice
from sim.spelling import near

# a market refuses any but 0: its fees are those of `fees`
FIXED: Final = {"router.fee_share", "router.own_key_fee_share"}


def sweepable(scenario: BaseModel) -> dict[str, FieldInfo]:
    """Return the fields of a scenario that have a range to sweep over, by their paths in it."""
    return dict(_walk(scenario, ""))


def _walk(part: BaseModel, prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in type(part).model_fields.items():
        extra = info.json_schema_extra
        if isinstance(extra, dict) and "sweep" in extra and f"{prefix}{name}" not in FIXED:
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


def value_at(scenario: BaseModel, path: str) -> Value | None:
    """Return the value of a field by its path; None if the scenario gives none.

    The value of ``policy`` is the routers' policy as ``--policies`` writes it, if all have the same; that of a policy's
    parameter its default, if the scenario leaves it out.

    Raises
    ------
    DesignError
        If the scenario has no such field, or it holds more than a value.
    """
    from sim.errors import ScenarioError
    from sim.scenario.load import parse_assignment, plain

    if path == POLICY:
        return _policy_of(scenario)
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
            return _parameter(node, name, path)
        else:
            names_here = sorted(node) if isinstance(node, dict) else []
            raise DesignError(f"factor {path}: {'.'.join(names[:depth + 1])} does not exist{near(name, names_here)}")
    if isinstance(node, dict | list):
        raise DesignError(f"factor {path} is a table, not a value; name one of its fields")
    value: Value | None = node
    return value


def _policy_of(scenario: BaseModel) -> str | None:
    """The policy of all routers as ``--policies`` writes it; None if they differ."""
    data = scenario.model_dump(mode="json")
    choices = [router["policy"] for router in data["routers"].values()] if "routers" in data else [
        data["router"]["policy"]]
    labels = {":".join([choice.pop("kind"), *(f"{name}={json.dumps(value)}" for name, value in choice.items()
                                                         if value is not None)])
              for choice in choices}
    return labels.pop() if len(labels) == 1 else None


def _parameter(choice: Mapping[str, Any], name: str, path: str) -> Value | None:
    """Default of a parameter of a router's policy; None if it is another policy's, which a design may choose."""
    from policies import POLICIES, bind

    own = bind(PolicyChoice.model_validate(choice)).values.model_dump()
    if name in own:
        value: Value | None = own[name]
        return value
    known = sorted({field for policy in POLICIES.values() for field in policy.parameters.model_fields})
    if name not in known:
        raise DesignError(f"factor {path}: no policy has a parameter {name}{near(name, known)}")
    return None
