"""Reading a scenario: TOML, overrides from the command line, and errors a person can act on."""

import hashlib
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from pydantic import BaseModel, ValidationError

from sim.errors import ScenarioError
from sim.scenario.explain import explain
from sim.scenario.fields import FieldType, Raw, near
from sim.scenario.traffic_scenario import TrafficScenario

Form = TypeVar("Form", bound=BaseModel)


@overload
def load_scenario(path: str | Path, overrides: Sequence[str] = ()) -> TrafficScenario: ...


@overload
def load_scenario(path: str | Path, overrides: Sequence[str], form: type[Form]) -> Form: ...


def load_scenario(
    path: str | Path, overrides: Sequence[str] = (), form: type[BaseModel] = TrafficScenario
) -> BaseModel:
    """Read a scenario file, apply overrides and validate the whole.

    Parameters
    ----------
    path
        TOML file.
    overrides
        Assignments such as ``traffic.load=1.4`` or ``providers.a.offers."m.1".replicas=3``, applied in order.
    form
        What the file describes: a scenario of traffic, or of a whole market.

    Returns
    -------
    TrafficScenario
        The validated scenario.

    Raises
    ------
    ScenarioError
        If the file cannot be read or parsed, an override names no field, or a value is not allowed; one
        sentence for each problem, one a line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ScenarioError(f"cannot read scenario {path}: {reason}") from None
    return scenario_of(_parsed(text, str(path)), overrides, source=str(path), form=form)


def parse_scenario(text: str, overrides: Sequence[str] = (), *, source: str = "scenario") -> TrafficScenario:
    """Validate a scenario given as TOML text; ``source`` names it in errors.

    Raises
    ------
    ScenarioError
        As `load_scenario`.
    """
    return scenario_of(_parsed(text, source), overrides, source=source)


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{source} is not valid TOML: {error}") from None


@overload
def scenario_of(
    data: dict[str, Any], overrides: Sequence[str] = (), *, source: str = "scenario"
) -> TrafficScenario: ...


@overload
def scenario_of(data: dict[str, Any], overrides: Sequence[str], *, source: str, form: type[Form]) -> Form: ...


def scenario_of(
    data: dict[str, Any], overrides: Sequence[str] = (), *, source: str = "scenario",
    form: type[BaseModel] = TrafficScenario,
) -> BaseModel:
    """Validate a scenario given as nested dictionaries, such as a manifest's.

    Raises
    ------
    ScenarioError
        As `load_scenario`.
    """
    for assignment in overrides:
        path, value = parse_assignment(assignment)
        _assign(data, path, value, (assignment, form))
    try:
        return form.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(explain(error, data, source, form)) from None


def override(scenario: Form, overrides: Sequence[str]) -> Form:
    """Return a copy of a scenario with ``a.b=c`` assignments applied and checked.

    Raises
    ------
    ScenarioError
        If an override names no field or its value is not allowed.
    """
    return scenario_of(plain(scenario), overrides, source="scenario", form=type(scenario))


def parse_assignment(assignment: str) -> tuple[list[str], Raw]:
    """Split ``a."b.c".d=value`` into its path and its value; a value that is not TOML is a string.

    Raises
    ------
    ScenarioError
        If there is no ``=`` or the path is malformed.
    """
    # the first '=' outside quotes ends the path
    quote = ""
    for at, char in enumerate(assignment):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "=":
            return _path(assignment[:at].strip(), assignment), _value(assignment[at + 1:].strip())
    raise ScenarioError(f"override {assignment!r} is not of the form path=value, such as traffic.load=1.4")


def config_hash(scenario: BaseModel) -> str:
    """Return 32 hex digits (BLAKE2b-128) of the full configuration, defaults included.

    The order of providers, offers and classes counts, because ties are broken by it.
    """
    text = json.dumps(plain(scenario), ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def plain(scenario: BaseModel) -> dict[str, Any]:
    """Return the full configuration as JSON-ready dictionaries, defaults included."""
    data: dict[str, Any] = scenario.model_dump(mode="json")
    return data


def _path(text: str, assignment: str) -> list[str]:
    try:
        node: Raw = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        raise ScenarioError(
            f"override {assignment!r} has a malformed path {text!r}; names with dots or colons need quotes"
        ) from None
    path = []
    while isinstance(node, dict):
        name, node = next(iter(node.items()))
        path.append(name)
    return path


def _value(text: str) -> Raw:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _assign(data: dict[str, Any], path: list[str], value: Raw, what: tuple[str, type[BaseModel]]) -> None:
    """Set ``path`` in the raw data, filling in defaults that the path walks through."""
    assignment, form = what
    node: Raw = data
    kind = FieldType(form)
    for depth, name in enumerate(path):
        last = depth == len(path) - 1
        key, problem = _key(node, kind, path[:depth + 1], last)
        if not problem and not last and not isinstance(node[key], dict | list):
            problem = f"{'.'.join(path[:depth + 1])} is {node[key]!r}, which has no fields"
        if problem:
            raise ScenarioError(f"override {assignment!r}: {problem}")
        if last:
            node[key] = value
        else:
            kind, node = kind.child(name, node), node[key]


def _key(node: Raw, kind: FieldType, path: list[str], last: bool) -> tuple[Raw, str]:
    """Return the key or index of the path's end in ``node``, and what is wrong with it, if anything."""
    name = path[-1]
    if not isinstance(node, list):
        return name, "" if name in node else _fill(node, kind, path, last)
    if name.isdigit() and int(name) < len(node):
        return int(name), ""
    return 0, f"{'.'.join(path[:-1])} has {len(node)} entries, counted from 0, and none is {name}"


def _fill(node: dict[str, Any], kind: FieldType, path: list[str], last: bool) -> str:
    """Put the default of a legal but absent field in place; otherwise return what is wrong with it."""
    name = path[-1]
    if not kind.is_legal(name, node, last):
        return f"{'.'.join(path)} does not exist{near(name, sorted(kind.names(node)))}"
    if not last:
        node[name] = kind.default(name, node)
    return ""
