"""JSON schema of a scenario, so that editors complete and check scenario files."""

import json
from typing import Any, Final

from sim.scenario.extend import EXTENDS, REMOVE
from sim.scenario.family import Scenario

PART: Final = "PartOf"  # begins the names of definitions that hold of files that extend another: nothing is required
WHOLE: Final = "Whole"
_REF: Final = "#/$defs/"
EXTENDING: Final[dict[str, Any]] = {
    EXTENDS: {"type": "string", "title": "Extends", "description": "Scenario from which this one differs: the name of "
              "a built-in one, or the path of a file, relative to this one. Tables merge, arrays and values replace."},
    REMOVE: {"type": "array", "items": {"type": "string"}, "title": "Remove", "description": "Paths to take out of the "
             "extended scenario before the merge, such as supply.firms.novita"},
}


def json_schema(form: type[Scenario]) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of scenario files; every quantity carries its ``unit`` and ``source``.

    A file that extends another need give nothing else; any other must give all that is required.
    """
    whole = form.model_json_schema()
    definitions = whole.pop("$defs", {})
    parts = {f"{PART}{name}": _partial(definition) for name, definition in definitions.items()}
    partial = _partial(whole)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **partial,
        "properties": {**EXTENDING, **partial["properties"]},
        "dependentRequired": {REMOVE: [EXTENDS]},
        "if": {"not": {"required": [EXTENDS]}}, "then": {"$ref": f"{_REF}{WHOLE}"},
        "$defs": {**definitions, WHOLE: whole, **parts},
    }


def schema_text(form: type[Scenario]) -> str:
    """Return the schema as indented JSON text ending in a newline."""
    return json.dumps(json_schema(form), indent=2, ensure_ascii=False) + "\n"


def _partial(node: Any) -> Any:
    """A schema without its requirements: of several kinds, whichever go with what is given."""
    if isinstance(node, list):
        return [_partial(item) for item in node]
    if not isinstance(node, dict):
        return node.replace(_REF, f"{_REF}{PART}") if isinstance(node, str) and node.startswith(_REF) else node
    kept = {name: _partial(value) for name, value in node.items()
            if not (name == "required" and isinstance(value, list)) and name not in ("minItems", "minProperties")}
    if "oneOf" in kept:  # without the requirement of a kind, more than one may go
        kept["anyOf"] = kept.pop("oneOf")
    return kept
