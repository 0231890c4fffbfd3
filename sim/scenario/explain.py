"""Turning pydantic's validation errors into sentences that name field, value and what is allowed."""

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sim.scenario.base import shown
from sim.scenario.field_types import FieldType, Raw
from sim.spelling import near

_LIMITS = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
_BROKEN_LIMITS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")


def explain(error: ValidationError, data: dict[str, Raw], source: str, form: type[BaseModel]) -> str:
    """Return one sentence for each problem of data read as ``form``, one a line, each naming the file."""
    details = [detail for detail in error.errors() if not _follows(detail, error.errors())]
    lines = [f"{source}: {_sentence(detail, data, FieldType(form))}" for detail in details]
    return "\n".join(dict.fromkeys(lines))


def refused(problem: ErrorDetails) -> str:
    """Return what is wrong with the value of a parameter, to follow its name: the value and what is allowed."""
    message = problem["msg"].partition(", unable to parse")[0]
    if message.startswith("Input should "):
        return f"is {shown(problem['input'])}, but must {message.removeprefix('Input should ')}"
    message = message.removeprefix("Value error, ")
    return f"is {shown(problem['input'])}: {message[:1].lower()}{message[1:]}"


def _follows(detail: ErrorDetails, others: list[ErrorDetails]) -> bool:
    """Whether a list is only too short because something in it is wrong and was left out."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][:len(loc)] == loc for other in others)


def _sentence(detail: ErrorDetails, data: dict[str, Raw], form: FieldType) -> str:
    path, parent, kind = _locate(detail["loc"], data, form)
    name = ".".join(path)
    error, context = detail["type"], detail.get("ctx", {})
    if error == "extra_forbidden":
        return f"{name} is not a known field{near(path[-1], kind.fields(parent))}"
    if error == "missing" and isinstance(detail["loc"][-1], int):
        return f"{'.'.join(path[:-1])} is {shown(detail['input'])}, but must be a list of more than {path[-1]}"
    if error == "missing":
        info = kind.fields(parent).get(path[-1])
        return f"{name} is missing" + (f"; it is required: {info.description}" if info else "")
    if error == "value_error":
        return f"{name}: {context['error']}" if name else str(context["error"])
    if error == "union_tag_not_found":
        return f"{name}.kind is missing; allowed are {_tags(kind, parent, path)}"
    if error == "union_tag_invalid":
        return f"{name}.kind is {shown(context['tag'])}; allowed are {context['expected_tags']}"
    info = kind.fields(parent).get(path[-1]) if path else None
    if error in ("model_type", "model_attributes_type") and path:
        here = kind.child(path[-1], parent)
        fields = ", ".join(here.fields({}))
        holds = f"the fields {fields}" if fields else f"a kind of {_tags(kind, parent, path)}"
        return f"{name} is {shown(detail['input'])}, but must be a table with {holds}"
    return f"{name} is {shown(detail['input'])}, but must be {_allowed(detail, info)}{_unit(info)}"


def _allowed(detail: ErrorDetails, info: FieldInfo | None) -> str:
    error, context = detail["type"], detail.get("ctx", {})
    if error in _BROKEN_LIMITS:
        limits = {key: value for key, value in context.items() if key in _LIMITS}
        for rule in info.metadata if info else ():
            limits |= {key: getattr(rule, key) for key in _LIMITS if hasattr(rule, key)}
        return " and ".join(f"{words} {limits[key]:g}" for key, words in _LIMITS.items() if key in limits)
    if error == "too_short":
        return f"a list or table of at least {context['min_length']}"
    if error == "literal_error":
        return f"one of {context['expected']}"
    if error == "string_pattern_mismatch":
        marks, first = (". _ : - / @ ~ + ( )", ", a digit, @ or ~") if "/" in context["pattern"] else (
            ". _ : -", " or a digit")
        return f"a name of letters, digits and {marks} that begins with a letter{first}"
    message = detail["msg"]
    for start in ("Input should be ", "Value should be "):
        message = message.removeprefix(start)
    message = message.partition(", unable to parse")[0]
    return message[:1].lower() + message[1:]


def _unit(info: FieldInfo | None) -> str:
    extra = info.json_schema_extra if info else None
    unit = extra.get("unit") if isinstance(extra, dict) else None
    return "" if unit in (None, "1") else f" [{unit}]"


def _tags(kind: FieldType, parent: Raw, path: list[str]) -> str:
    options = kind.child(path[-1], parent).tags()
    return ", ".join(repr(tag) for tag in options)


def _locate(loc: tuple[int | str, ...], data: Raw, form: FieldType) -> tuple[list[str], Raw, FieldType]:
    """Return the path without pydantic's union tags, the raw data around its end, and the type of those."""
    path: list[str] = []
    node, parent = data, data
    kind = parent_kind = form
    for part in loc:
        if isinstance(node, dict) and part not in node and node.get("kind") == part:
            continue  # the tag of a choice by kind, not a field
        if part == "[key]":
            continue  # the name of a table's entry is wrong, not something below it
        path.append(str(part))
        parent, parent_kind = node, kind
        kind = kind.child(str(part), node)
        node = _step(node, part)
    return path, parent, parent_kind


def _step(node: Raw, part: int | str) -> Raw:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None
