"""JSON schema of a scenario, so that editors complete and check scenario files."""

import json
from typing import Any

from sim.scenario.family import Scenario


def json_schema(form: type[Scenario]) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of scenario files; every quantity carries its ``unit`` and ``source``."""
    schema = form.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text(form: type[Scenario]) -> str:
    """Return the schema as indented JSON text ending in a newline."""
    return json.dumps(json_schema(form), indent=2, ensure_ascii=False) + "\n"
