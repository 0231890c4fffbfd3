"""What a run's manifest and scenario say to the items of STRESS-DES; one small function an item."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from experiments.checklist import stream_table
from experiments.checklist.fields import ASSUMPTION, Leaf, cell, leaves
from experiments.output.folder import MANIFEST
from experiments.runs.specs import POLICY
from sim.scenario import Scenario, kind_of

TAKES_PART: Final = {  # tables of a scenario whose entries are things of the model
    "routers": "routers", "demand": "client classes", "providers": "providers", "customers.segments": "segments",
    "supply.firms": "firms", "network.regions": "regions",
}


class Study(NamedTuple):
    """A run as its folder tells of it.

    Attributes
    ----------
    manifest
        Its manifest.
    scenario
        Its scenario; None if the study has none.
    """

    manifest: dict[str, Any]
    scenario: Scenario | None

    @property
    def plain(self) -> dict[str, Any]:
        """The scenario as plain data, empty if there is none."""
        return dict(self.manifest.get("scenario") or {})

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the study."""
        return dict(self.manifest.get("parameters") or {})

    @property
    def is_market(self) -> bool:
        """Whether runs are of a whole market."""
        return kind_of(self.plain) == "market"

    def leaves(self) -> list[Leaf]:
        """Return all values of the scenario."""
        return list(leaves(self.scenario)) if self.scenario is not None else []


def study_in(path: Path) -> Study:
    """Read the folder of a study.

    Raises
    ------
    MarketError
        If it is none, or its scenario is not one that this version knows.
    """
    from experiments.output.folder import read_folder
    from sim.scenario.load import scenario_of

    folder = read_folder(path)
    if not folder.scenario:
        return Study(folder.manifest, None)
    return Study(folder.manifest, scenario_of(folder.scenario, source=str(folder.path / MANIFEST)))


def derived(study: Study) -> dict[str, str]:
    """Return what can be derived for each item, by its number; empty text where nothing can."""
    return {number: make(study) for number, make in MAKERS.items()}


def _purpose(study: Study) -> str:
    described = study.plain.get("description", "")
    return f"The scenario `{study.plain['name']}` says of itself: {described}" if described else ""


def _outputs(study: Study) -> str:
    rows = study.manifest.get("rows", {})
    files = [f"- `{name}`, {count} rows" for name, count in rows.items()]
    where = "docs/market/measures.md" if study.is_market else "experiments/measures/traffic_metrics.py"
    return "\n".join([f"Tables, columns and units as documented in `{where}`:", "", *files]) if files else ""


def _aims(study: Study) -> str:
    name, parameters = study.manifest["study"], study.parameters
    lines = [f"- {key}: {_value(value)}" for key, value in parameters.items()]
    return "\n".join([f"The study is `{name}`, with", "", *lines])


def _diagram(_: Study) -> str:
    return "Rooms, clocks and the way from a scenario to results: `docs/architecture.md`."


def _logic(study: Study) -> str:
    lines = ["- what happens to a request, in which order: `docs/semantics.md`"]
    if study.is_market:
        lines.append("- how the market runs and the order of its events: `docs/market/calendar.md`")
    return "\n".join([*lines, "- entities, processes, schedule and design concepts: `docs/odd.md`"])


def _scenarios(study: Study) -> str:
    changed = [leaf for leaf in study.leaves() if not leaf.is_default]
    return (f"{len(changed)} fields of the scenario are set, the others have their defaults; the input parameters "
            f"(3.3) mark them. What is varied between runs: {_varied(study)}.")


def _varied(study: Study) -> str:
    """What differs between the points of the study's own design."""
    from experiments.studies.registry import study_named

    design = study_named(study.manifest["study"]).read(study.scenario, study.parameters)
    values: dict[str, set[Any]] = {}
    for point in (*design.points(), *design.elsewhere()):
        for factor, value in point.items():
            values.setdefault(factor, set()).add(value)
    found = ["routing policies" if factor == POLICY else f"`{factor}`"
             for factor, seen in values.items() if len(seen) > 1]
    return ", ".join(found) or "nothing but the replication"


def _algorithms(study: Study) -> str:
    used = sorted({leaf.value for leaf in study.leaves() if leaf.path.endswith("policy.kind")})
    compared = study.parameters.get("policies") or ()
    names = list(dict.fromkeys([*used, *(compared if isinstance(compared, list | dict) else ())]))
    lines = [f"- routing policies ({', '.join(f'`{name}`' for name in names)}): `docs/policies.md`"] if names else []
    lines.append("- batching at a replica, and the leap over many steps: `docs/semantics.md`, `docs/theory.md`")
    if study.is_market:
        pricing = sorted({leaf.value for leaf in study.leaves() if leaf.path.endswith("pricing.kind")})
        lines.append(f"- pricing strategies ({', '.join(f'`{kind}`' for kind in pricing)}): `docs/market/pricing.md`")
        lines.append("- choice of models and volumes: `docs/market/customers.md`; supply: `docs/market/supply.md`")
    return "\n".join(lines)


def _components(study: Study) -> str:
    lines = [
        "- entities: requests, and their attempts" + ("; workloads and customers" if study.is_market else ""),
        "- activities: routing, queueing, prefill and decoding in steps, failing over, billing",
        "- resources: replicas of offers, their batch places and KV memory",
        "- queues: one first-in-first-out queue a replica, with a limit if the offer has one",
        "- entry and exit: a request is born at its class or workload; it ends completed, refused, failed, abandoned, "
        "timed out or in flight at the end",
    ]
    for path, words in TAKES_PART.items():
        table: Any = study.plain
        for part in path.split("."):
            table = table.get(part, {}) if isinstance(table, Mapping) else {}
        if table:
            lines.append(f"- {words} ({len(table)}): {', '.join(table)}")
    return "\n".join(lines)


def _sources(study: Study) -> str:
    inputs = study.manifest.get("inputs", {})
    files = [f"- `{name}` (BLAKE2b {digest})" for name, digest in inputs.items()] or ["- none but those built in"]
    sources = sorted({leaf.source for leaf in study.leaves()
                      if leaf.is_default and leaf.source and not leaf.source.startswith(ASSUMPTION)})
    lines = ["Input files:", "", *files, "", "Sources that the fields left at their defaults name for them:", ""]
    return "\n".join([*lines, *(f"- {source}" for source in sources)])


def _inputs(study: Study) -> str:
    found = study.leaves()
    groups = {"Set by the scenario": [leaf for leaf in found if not leaf.is_default],
              "Left at their defaults": [leaf for leaf in found if leaf.is_default]}
    return "\n\n".join(_folded(f"{words}: {len(part)} values", part) for words, part in groups.items() if part)


def _folded(title: str, part: list[Leaf]) -> str:
    rows = [f"| `{leaf.path}` | {cell(leaf.value)} | {cell(leaf.unit) or '-'} |" for leaf in part]
    return "\n".join([f"<details><summary>{title}</summary>", "", "| field | value | unit |", "| --- | --- | --- |",
                      *rows, "", "</details>"])


def _assumptions(study: Study) -> str:
    found = {leaf.meaning: leaf for leaf in study.leaves() if leaf.source.startswith(ASSUMPTION) and leaf.is_default}
    lines = [f"- {meaning}: {leaf.value} {'' if leaf.unit == '1' else leaf.unit}".rstrip() + f" (`{leaf.path}`)"
             for meaning, leaf in found.items()]
    return "\n".join(["Defaults without a source, as the fields themselves say:", "", *lines]) if lines else ""


def _start(study: Study) -> str:
    if study.is_market:
        start = study.plain["horizon"]["start"]
        kept = study.parameters.get("measured_days")
        measured = f"; of each run the last {kept} days are measured" if kept else "; every day is measured"
        return (f"A market starts at midnight of {start} without requests under way; customers and listed models are "
                f"there from the first moment (`docs/odd.md`, initialisation){measured}. A terminating study.")
    traffic = study.plain.get("traffic", {})
    return (f"Runs start empty; requests that arrive in the first {traffic['warmup_s']:g} s (warm-up) are served but "
            "not measured.") if traffic else ""


def _length(study: Study) -> str:
    if study.is_market:
        horizon = study.plain["horizon"]
        traffic = (f"on an average day {horizon['sampled_per_day']} requests are simulated, of models in turn, and "
                   "volumes are expected from what they teach" if horizon["resolution"] == "sampled"
                   else "every request is simulated")
        return f"{horizon['days']} days of market time; {traffic}."
    traffic = study.plain.get("traffic", {})
    return (f"{traffic['duration_s']:g} s of arrivals, then up to {traffic['drain_s']:g} s to let requests "
            "finish.") if traffic else ""


def _estimation(study: Study) -> str:
    count = study.parameters.get("replications")
    if count is None:
        return ""
    if count == 1:
        return "One replication: no intervals over replications can be given."
    return (f"{count} independent replications; means with Student's 95 % interval over replications. Scenarios are "
            "compared in pairs under common random numbers: all draws belong to requests and named parts, not to the "
            "order of events.")


def _software(study: Study) -> str:
    versions = study.manifest.get("versions", {})
    commit = study.manifest.get("commit")
    lines = [f"- {name} {version}" for name, version in versions.items()]
    if commit:
        changed = " with changes that were not committed" if commit["modified"] else ""
        lines.append(f"- commit {commit['id']}{changed}")
    return "\n".join(lines)


def _sampling(study: Study) -> str:
    text = (f"NumPy's PCG64DXSM, one generator a named stream, seeded by `SeedSequence(seed, spawn_key=(replication, "
            f"digest of the name))` with seed {study.manifest.get('seed')}; draws that belong to a request are "
            "counter-based (splitmix64). Streams:")
    return f"{text}\n\n{stream_table.table(stream_table.of_scenario(study.plain))}" if study.plain else ""


def _execution(study: Study) -> str:
    engine = study.plain.get("engine") or study.plain.get("traffic", {}).get("engine")
    checks = study.manifest.get("invariants", {})
    lines = ["- events: SimPy's calendar for what is rare, a traffic engine advanced between two of its events; ties "
             "in the order of scheduling (`docs/semantics.md`)"]
    if engine:
        lines.append(f"- traffic engine: {engine}")
    held = [f"{name} ({it['held_in_runs']} runs)" for name, it in checks.items()]
    lines.append(f"- invariants that held: {', '.join(held)}" if held else "- invariants: none recorded")
    return "\n".join([*lines, "- results do not depend on the number of processes"])


def _system(study: Study) -> str:
    python = study.manifest.get("versions", {}).get("python")
    return f"Python {python}; results do not depend on the machine's clock or name." if python else ""


def _sharing(study: Study) -> str:
    return (f"`manifest.json` of this folder holds the whole configuration (hash "
            f"{study.manifest.get('scenario_hash', 'none')}) and digests of {len(study.manifest.get('files', {}))} "
            "files; `tokenmarket replay manifest.json` runs it again. Citation: `CITATION.cff`; licence: `LICENSE`.")


def _nothing(_: Study) -> str:
    return ""


def _value(value: object) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`" if isinstance(value, dict | list) else str(value)


MAKERS: Final[Mapping[str, Callable[[Study], str]]] = {
    "1.1": _purpose, "1.2": _outputs, "1.3": _aims, "2.1": _diagram, "2.2": _logic, "2.3": _scenarios,
    "2.4": _algorithms, "2.5": _components, "3.1": _sources, "3.2": _nothing, "3.3": _inputs, "3.4": _assumptions,
    "4.1": _start, "4.2": _length, "4.3": _estimation, "5.1": _software, "5.2": _sampling, "5.3": _execution,
    "5.4": _system, "6.1": _sharing,
}
