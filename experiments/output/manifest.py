"""The manifest of a study: everything needed to run it again to the same bytes."""

import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from experiments.output.writer import digest
from experiments.studies.tournament.design import Competitor, Design, Tournament
from sim.errors import MarketError, PolicyError, ScenarioError
from sim.policy import BoundPolicy
from sim.scenario import MarketScenario, PolicyChoice, Scenario, Trace, TrafficScenario, kind_of
from sim.scenario.load import config_hash, plain, scenario_of

PACKAGES: Final = ("tokenmarket", "numpy", "numba", "scipy", "simpy", "networkx", "pydantic", "matplotlib")


def manifest_of(result: Tournament) -> dict[str, Any]:
    """Return the manifest: no clock, no host name, no path but those of input files."""
    design = result.design
    parameters = {
        "policies": described(design.policies),
        "loads": list(design.loads),
        "replications": design.replications,
        "baseline": design.baseline,
    }
    return provenance(("tournament", parameters), design.scenario, digests(input_files(design.scenario)),
                      result.invariants)


def provenance(
    study: tuple[str, dict[str, Any]], scenario: Scenario, inputs: dict[str, str],
    invariants: Mapping[str, int],
) -> dict[str, Any]:
    """Return a manifest: name and parameters of the study, its scenario, digests of input files, versions, verdicts."""
    name, parameters = study
    return {
        "study": name,
        "parameters": parameters,
        "seed": scenario.seed,
        "scenario_hash": config_hash(scenario),
        "scenario": plain(scenario),
        "inputs": inputs,
        **versions_of(),
        "invariants": {check: {"held_in_runs": runs} for check, runs in invariants.items()},
    }


def versions_of() -> dict[str, Any]:
    """Return what a manifest says of the code that ran: versions of Python and packages, and the commit."""
    return {"versions": _versions(), "commit": _commit()}


def parameters_of(path: Path) -> dict[str, Any]:
    """Return the parameters of the study that a manifest is of.

    Raises
    ------
    MarketError
        If the file is no manifest.
    """
    parameters = _read(path).get("parameters")
    if not isinstance(parameters, dict):
        raise MarketError(f"{path} is not a manifest: it has no parameters")
    return parameters


def digests_of(path: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the digests of a folder's files by name, as its manifest lists them, and the manifest.

    Raises
    ------
    MarketError
        If the file is no manifest, or lists no files.
    """
    data = _read(path)
    files = data.get("files")
    if not isinstance(files, dict):
        raise MarketError(f"{path} lists no files with their digests")
    return files, data


def study_of(path: Path) -> str:
    """Return which study a manifest is of.

    Raises
    ------
    MarketError
        If the file is no manifest.
    """
    return str(_read(path)["study"])


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MarketError(f"cannot read manifest {path}: {error.strerror}") from None
    except ValueError:
        raise MarketError(f"{path} is not a manifest") from None
    if not isinstance(data, dict) or "study" not in data:
        raise MarketError(f"{path} is not a manifest")
    return data


def market_of(path: Path) -> tuple[MarketScenario, dict[str, Any]]:
    """Read the manifest of a study of a market back into its scenario and the study's parameters.

    Raises
    ------
    MarketError
        If the file is no such manifest, or an input file is gone or has changed since.
    """
    data = _read(path)
    try:
        scenario, known, inputs, parameters = (data[k] for k in ("scenario", "scenario_hash", "inputs", "parameters"))
    except KeyError:
        raise MarketError(f"{path} is not a manifest of a market") from None
    read = scenario_of(scenario, source=str(path), form=MarketScenario)
    _check_hash(config_hash(read), known, path)
    _check_inputs(inputs, path)
    return read, parameters


def sweep_of(path: Path) -> tuple[Scenario, dict[str, Any]]:
    """Read the manifest of a sweep back into its scenario, of traffic or of a market, and the sweep's parameters.

    Raises
    ------
    MarketError
        As `market_of`.
    """
    data = _read(path)
    if data.get("study") != "sweep" or kind_of(data.get("scenario", {})) == "market":
        return market_of(path)
    return traffic_of(path)


def traffic_of(path: Path) -> tuple[TrafficScenario, dict[str, Any]]:
    """Read the manifest of a study of traffic back into its scenario and the study's parameters.

    Raises
    ------
    MarketError
        As `market_of`.
    """
    data = _read(path)
    try:
        scenario, known, inputs, parameters = (data[k] for k in ("scenario", "scenario_hash", "inputs", "parameters"))
    except KeyError:
        raise MarketError(f"{path} is not a manifest of a study of traffic") from None
    read = scenario_of(scenario, source=str(path), form=TrafficScenario)
    _check_hash(config_hash(read), known, path)
    _check_inputs(inputs, path)
    return read, parameters


def design_of(path: Path) -> Design:
    """Read a manifest back into the design it came from.

    Raises
    ------
    MarketError
        If the file is no manifest, or an input file is gone or has changed since.
    """
    data = _read(path)
    try:
        parameters, scenario = data["parameters"], data["scenario"]
        study, inputs, known = data["study"], data["inputs"], data["scenario_hash"]
        loads, replications = tuple(parameters["loads"]), parameters["replications"]
        policies, baseline = dict(parameters["policies"]), parameters["baseline"]
    except (ValueError, KeyError, TypeError):
        raise MarketError(f"{path} is not a manifest of a tournament") from None
    if study != "tournament":
        raise MarketError(f"{path} is of the study {study!r}, not of a tournament")
    read = scenario_of(scenario, source=str(path), form=TrafficScenario)
    _check_hash(config_hash(read), known, path)
    _check_inputs(inputs, path)
    return Design(read, policies_of(policies, path), loads, replications, baseline)


def policies_of(described: Mapping[str, dict[str, Any]], path: Path) -> dict[str, Competitor]:
    """Return the competitors that a manifest describes, by label.

    Raises
    ------
    PolicyError
        If one was made by a script.
    """
    return {label: _choice(label, spec, path) for label, spec in described.items()}


def described(policies: Mapping[str, Competitor]) -> dict[str, dict[str, Any]]:
    """Return competitors as a manifest describes them, by label."""
    return {label: _competitor(competitor) for label, competitor in policies.items()}


def _check_hash(found: str, expected: str, path: Path) -> None:
    if found != expected:
        raise ScenarioError(f"{path}: the scenario does not match its hash {expected}; it was edited, "
                            "or this version has fields of which that one knew nothing")


def _competitor(competitor: PolicyChoice | BoundPolicy) -> dict[str, Any]:
    if isinstance(competitor, PolicyChoice):
        return competitor.model_dump(mode="json")
    return {"kind": competitor.policy.kind, "bound_in": competitor.policy.choose.__module__,
            **competitor.values.model_dump(mode="json")}


def _choice(label: str, spec: dict[str, Any], path: Path) -> PolicyChoice:
    if "bound_in" in spec:
        raise PolicyError(f"{path}: policy {label!r} was made by a script ({spec['bound_in']}); "
                          "run that script again instead")
    return PolicyChoice.model_validate(spec)


def input_files(scenario: Scenario) -> list[str]:
    """Return the paths of the files that a scenario reads."""
    if isinstance(scenario, MarketScenario):
        paths = (scenario.models.catalogue.path, scenario.supply.gpu_prices.path)
        return sorted({path for path in paths if path})
    arrivals = [demand.arrivals for demand in scenario.demand.values()]
    return sorted({spec.path for spec in arrivals if isinstance(spec, Trace)})


def digests(paths: Iterable[str]) -> dict[str, str]:
    """Return the digest of every input file by its path."""
    return {name: digest(Path(name)) for name in paths}


def _check_inputs(inputs: dict[str, str], manifest: Path) -> None:
    for name, known in inputs.items():
        path = Path(name)
        if not path.is_file():
            raise MarketError(f"{manifest} needs the input file {name}, which is not there")
        if digest(path) != known:
            raise MarketError(f"{manifest}: the input file {name} has changed since (BLAKE2b "
                              f"{digest(path)}, then {known})")


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
    tracked = _git(here, "ls-files", "--error-unmatch", Path(__file__).name)
    commit = _git(here, "rev-parse", "HEAD")
    if tracked is None or commit is None:
        return None
    changed = _git(here, "status", "--porcelain", "--untracked-files=no", "--", "..")
    return {"id": commit, "modified": bool(changed)}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
