"""Reading a scenario: TOML, overrides from the command line, and errors a person can act on."""

import hashlib
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from sim.errors import ScenarioError
from sim.scenario.base import shown
from sim.scenario.explain import explain
from sim.scenario.family import FORMS, Scenario, kind_of
from sim.scenario.field_types import FieldType, Raw
from sim.spelling import near, nearest
from sim.text_files import NO_TEXT, text_of

LONGEST_BITS: Final = 1024  # of a whole number, as many as a float64 can say the size of
DEEPEST: Final = 50  # tables and lists in one another
LARGEST_FILE: Final = 10_000_000  # bytes of a scenario
Form = TypeVar("Form", bound=BaseModel)


class Assignment(NamedTuple):
    """A value for a field.

    Attributes
    ----------
    path
        Names on the way to the field.
    value
        The value, as TOML or Python gives it.
    text
        How errors tell it.
    """

    path: list[str]
    value: Raw
    text: str


def read_file(path: Path, what: str = "scenario") -> dict[str, Any]:
    """Return what a TOML file says, before it is validated.

    Raises
    ------
    ScenarioError
        If the file cannot be read or parsed.
    """
    try:
        if path.exists() and not path.is_file():
            raise ScenarioError(f"cannot read {what} {path}: it is a directory or a device and no file")
        if path.exists() and path.stat().st_size > LARGEST_FILE:
            raise ScenarioError(f"cannot read {what} {path}: it has {path.stat().st_size} bytes, more than "
                                f"{LARGEST_FILE}")
        return tomllib.loads(text_of(path))
    except OSError as error:
        raise ScenarioError(f"cannot read {what} {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"cannot read {what} {path}: {NO_TEXT}") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path} is not valid TOML: {error}") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, lists in lists in lists, a NUL
        raise ScenarioError(f"{path} cannot be read as TOML: {_first_words(error)}") from None


def scenario_of(
    data: dict[str, Any], overrides: Sequence[str | Assignment] = (), *, source: str = "scenario"
) -> Scenario:
    """Apply overrides to a scenario given as nested dictionaries, such as a file's or a manifest's, and validate it.

    Parameters
    ----------
    data
        The scenario, of traffic or of a market; overrides are written into it.
    overrides
        Assignments such as ``traffic.load=1.4`` or ``providers.a.offers."m.1".replicas=3``, applied in order.
    source
        How errors name it.

    Raises
    ------
    ScenarioError
        If an override names no field, or a value is not allowed; one sentence for each problem, one a line.
    """
    return read_as(FORMS[kind_of(data)], data, overrides, source=source)


def read_as(
    form: type[Form], data: dict[str, Any], overrides: Sequence[str | Assignment] = (), *, source: str = "scenario"
) -> Form:
    """Do what `scenario_of` does, where it is known what the data have to be.

    Raises
    ------
    ScenarioError
        As `scenario_of`.
    """
    misspelt: dict[tuple[str, ...], str] = {}
    for given in overrides:
        assignment = given if isinstance(given, Assignment) else Assignment(*parse_assignment(given), given)
        _assign(data, assignment, form, misspelt)
    _check_size(data, source)
    try:
        return form.model_validate(data)
    except ValidationError as error:
        _refuse_misspelt(error, misspelt)
        raise ScenarioError(explain(error, data, source, form)) from None


def override(scenario: Form, overrides: Sequence[str | Assignment]) -> Form:
    """Return a copy of a scenario with ``a.b=c`` assignments applied and checked.

    Raises
    ------
    ScenarioError
        If an override names no field or its value is not allowed.
    """
    return read_as(type(scenario), plain(scenario), overrides)


def parse_assignment(assignment: str) -> tuple[list[str], Raw]:
    """Split ``a."b.c".d=value`` into its path and its value; a value that is not TOML is a string.

    Raises
    ------
    ScenarioError
        If there is no ``=``, the path is malformed, or the value begins as a table or list and is none.
    """
    # the first '=' outside quotes ends the path
    quote = ""
    for at, char in enumerate(assignment):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "=":
            path = path_of(assignment[:at].strip(), f"override {shown(assignment)}")
            return path, _value(assignment[at + 1:].strip(), assignment)
    raise ScenarioError(f"override {shown(assignment)} is not of the form path=value, such as traffic.load=1.4")


def path_of(text: str, where: str) -> list[str]:
    """Split ``a."b.c".d`` into its names; ``where`` begins the error.

    Raises
    ------
    ScenarioError
        If the path is malformed.
    """
    try:
        node: Raw = tomllib.loads(f"{text} = 0")
    except (ValueError, RecursionError):
        node = {}
    path = []
    while isinstance(node, dict) and len(node) == 1:
        name, node = next(iter(node.items()))
        path.append(name)
    if node != 0:
        raise ScenarioError(f"{where} has a malformed path {shown(text)}; names with dots or colons need quotes")
    return path


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


def _check_size(node: Raw, source: str, path: tuple[str, ...] = ()) -> None:
    """Refuse numbers and depths that no field holds, before pydantic trips over them."""
    if isinstance(node, int) and node.bit_length() > LONGEST_BITS:
        raise ScenarioError(f"{source}: {'.'.join(path)} is {shown(node)}, more than any field holds")
    if len(path) > DEEPEST:
        raise ScenarioError(f"{source}: {'.'.join(path)[:80]} ... is deeper than the {DEEPEST} levels that are read")
    for name, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        _check_size(inner, source, (*path, str(name)))


def _first_words(error: Exception) -> str:
    """Return what a parser says that has given up, in one line."""
    if isinstance(error, RecursionError):
        return "lists or tables are too deep in one another"
    return str(error).partition(";")[0][:200]


def _value(text: str, assignment: str) -> Raw:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        if text.startswith(("{", "[")):
            reason = str(error).partition(" (at ")[0]
            raise ScenarioError(f"override {shown(assignment)} has a value that is not valid TOML: {reason}; numbers "
                                "need a digit before the point, and names quotes") from None
        return text
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"override value {shown(text)} cannot be read: {_first_words(error)}") from None
    return parsed["value"] if len(parsed) == 1 else text


def _assign(
    data: dict[str, Any], assignment: Assignment, form: type[BaseModel], misspelt: dict[tuple[str, ...], str]
) -> None:
    """Set a field of the raw data, filling in defaults that its path walks through.

    Entries that are made on the way and spelt nearly as another go to ``misspelt``, with the sentence that refuses them
    if they turn out not to be whole.
    """
    path, value, told = assignment.path, assignment.value, f"override {shown(assignment.text)}"
    node: Raw = data
    kind = FieldType(form)
    for depth, name in enumerate(path):
        last, here = depth == len(path) - 1, path[:depth + 1]
        other = nearest(name, kind.names(node)) if not last and kind.is_new(name, node) else ""
        if other:
            misspelt[tuple(here)] = f"{told}: {'.'.join(here)} does not exist; did you mean {other}?"
        key, problem = _key(node, kind, here, last)
        if not problem and not last and not isinstance(node[key], dict | list):
            problem = f"{'.'.join(here)} is {node[key]!r}, which has no fields"
        if problem:
            raise ScenarioError(misspelt.get(tuple(here[:-1]), f"{told}: {problem}"))
        if last:
            node[key] = value
        else:
            kind, node = kind.child(name, node), node[key]


def _refuse_misspelt(error: ValidationError, misspelt: dict[tuple[str, ...], str]) -> None:
    """Refuse the first entry that an override made, is not whole, and has nearly the name of another."""
    for detail in error.errors():
        for path, sentence in misspelt.items():
            if detail["loc"][:len(path)] == path:
                raise ScenarioError(sentence) from None


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
