"""The manifest of a study: everything needed to run it again to the same bytes."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from experiments.extensions import UserModule
from experiments.output.folder import MANIFEST, files_below
from experiments.output.inputs import digest, digests, input_files
from experiments.output.trace_record import trace_record
from experiments.output.versions import versions_of
from sim.scenario import Scenario
from sim.scenario.load import config_hash, plain

ROWS: Final = "assumptions"


def provenance(
    study: str, parameters: Mapping[str, Any], scenario: Scenario | None, invariants: Mapping[str, int],
    modules: Iterable[UserModule] = (), record: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a manifest: no clock, no host name, no path but those of files that were named to the study.

    Parameters
    ----------
    study, parameters
        Name of the study, and what it was told beside the scenario.
    scenario
        What was run; None of a study without a scenario.
    invariants
        By name in how many runs each held.
    modules
        What ``--use`` imported; text and digest are kept.
    record
        Where the scenario's values come from (`experiments.output.origins.record_of`).
    """
    used = [{"path": module.path, "digest": module.digest, "text": module.text} for module in modules]
    return {
        "study": study, "parameters": dict(parameters), **({} if scenario is None else _of_scenario(scenario)),
        **({"use": used} if used else {}), **versions_of(),
        "invariants": {check: {"held_in_runs": runs} for check, runs in invariants.items()}, **(record or {}),
    }


def _of_scenario(scenario: Scenario) -> dict[str, Any]:
    traces = trace_record(scenario)
    return {"seed": scenario.seed, "scenario_hash": config_hash(scenario), "scenario": plain(scenario),
            "inputs": digests(input_files(scenario)), **({"traces": traces} if traces else {})}


def write_manifest(manifest: Mapping[str, Any], folder: Path) -> None:
    """Write ``manifest.json`` into a folder, with the digests of the files that lie there already."""
    whole = {**manifest, "files": {name: digest(folder / name) for name in files_below(folder)}}
    (folder / MANIFEST).write_text(_text(whole), encoding="utf-8", newline="\n")


def _text(manifest: Mapping[str, Any]) -> str:
    """JSON with a line for each value of the scenario, of which there are hundreds."""
    rows = [_json(row) for row in manifest.get(ROWS, ())]
    if not rows:
        return _json(manifest, indent=1) + "\n"
    mark = "a place for the rows"
    around = _json({**manifest, ROWS: mark}, indent=1)
    return around.replace(f'"{ROWS}": "{mark}"', f'"{ROWS}": [\n  ' + ",\n  ".join(rows) + "\n ]", 1) + "\n"


def _json(data: Any, indent: int | None = None) -> str:  # noqa: ANN401 - what JSON may hold
    return json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)
