"""JSON schema of a scenario, so that editors complete and check scenario files."""

import json
from typing import Any

from sim.scenario.market import Scenario


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12); every quantity carries its ``unit`` and ``source``."""
    schema = Scenario.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """Return the schema as indented JSON text ending in a newline."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
