"""The manifest of a study: everything needed to run it again to the same bytes."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from experiments.extensions import UserModule
from experiments.output.folder import MANIFEST
from experiments.output.inputs import digest, digests, input_files
from sim.scenario import Scenario
from sim.scenario.load import config_hash, plain

PACKAGES: Final = ("tokenmarket", "numpy", "numba", "scipy", "simpy", "networkx", "pydantic", "matplotlib")


def provenance(
    study: str, parameters: Mapping[str, Any], scenario: Scenario | None, invariants: Mapping[str, int],
    modules: Iterable[UserModule] = (),
) -> dict[str, Any]:
    """Return a manifest: no clock, no host name, no path but those of input files and of the user's modules.

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
    """
    used = [{"path": module.path, "digest": module.digest, "text": module.text} for module in modules]
    return {
        "study": study, "parameters": dict(parameters), **({} if scenario is None else _of_scenario(scenario)),
        **({"use": used} if used else {}), **versions_of(),
        "invariants": {check: {"held_in_runs": runs} for check, runs in invariants.items()},
    }


def _of_scenario(scenario: Scenario) -> dict[str, Any]:
    return {"seed": scenario.seed, "scenario_hash": config_hash(scenario), "scenario": plain(scenario),
            "inputs": digests(input_files(scenario))}


def versions_of() -> dict[str, Any]:
    """Return what a manifest says of the code that ran: versions of Python and packages, and the commit."""
    return {"versions": _versions(), "commit": _commit()}


def write_manifest(manifest: Mapping[str, Any], folder: Path) -> None:
    """Write ``manifest.json`` into a folder, with the digests of the files that lie there already."""
    whole = {**manifest, "files": {name: digest(folder / name) for name in sorted(os.listdir(folder))}}
    text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8", newline="\n")


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _commit() -> dict[str, Any] | None:
    """Return the commit this source tree is at, None where it is not a git work tree of its own."""
    here = Path(__file__).parent
    # a package that is installed inside somebody's repository is not at that repository's commit
    tracked = _git(here, "ls-files", "--error-unmatch", Path(__file__).name)
    commit = _git(here, "rev-parse", "HEAD")
    if tracked is None or commit is None:
        return None
    changed = _git(here, "status", "--porcelain", "--untracked-files=no", "--", "../..")
    return {"id": commit, "modified": bool(changed)}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
