"""Sections that every write-up has: the scenario, invariants, limitations, versions, how to reproduce, how to cite."""

from collections.abc import Mapping
from shlex import quote
from typing import Any, Final

from experiments.output.folder import Folder
from experiments.report import bibtex
from experiments.report.blocks import Block, Code, Column, Items, Section, Table, Text
from experiments.report.difference import against_built_in
from experiments.studies.looks import look_in

FEW: Final = 5  # replications below which a Student interval is wide and leans on normality
LONG: Final = 24  # rows from which a table is folded


def scenario(folder: Folder) -> list[Section]:
    """Return what was simulated, and in what it differs from the built-in scenario; nothing without a scenario."""
    if not folder.scenario:
        return []
    other, changes = against_built_in(folder.scenario)
    about = Text(f"`{folder.scenario.get('name')}`: {folder.scenario.get('description') or 'no description'}. "
                 f"Configuration hash `{folder.manifest.get('scenario_hash')}`; every field stands in `manifest.json`.")
    if not changes:
        blocks: tuple[Block, ...] = (about, Text(f"No field differs from the built-in scenario `{other}`."))
    else:
        heads = (Column("field", words=True), Column(f"built-in {other}", words=True), Column("this run", words=True))
        caption = f"Fields that differ from the built-in scenario `{other}`: {len(changes)}."
        blocks = (about, Table("scenario", caption, heads, tuple(changes), folded=len(changes) > LONG))
    return [Section("scenario", "Scenario", blocks)]


def design(folder: Folder) -> Table:
    """Return the parameters of the study as a table."""
    from experiments.report.difference import flat

    rows = tuple(flat(folder.parameters))
    return Table("design", f"Parameters of the study `{folder.study}`.",
                 (Column("parameter", words=True), Column("value", words=True)), rows, folded=len(rows) > LONG)


def failures(folder: Folder) -> list[Section]:
    """Return the runs that failed, with their reasons; nothing if none did."""
    if not folder.has("failures.csv"):
        return []
    frame = folder.table("failures.csv").astype(object)
    frame = frame.where(frame.notna(), "")
    heads = tuple(Column(str(name).replace("_", " "), words=True) for name in frame.columns)
    rows = tuple(tuple(str(value) for value in row) for row in frame.itertuples(index=False))
    caption = f"Runs that failed: {len(rows)}. They are left out of every mean; n says how many are in it."
    return [Section("failures", "Failed runs", (Table("failures", caption, heads, rows, folded=len(rows) > LONG),))]


def invariants(folder: Folder) -> list[Section]:
    """Return which invariants were checked and in how many runs they held."""
    checks: dict[str, Any] = folder.manifest.get("invariants") or {}
    if not checks:
        return []
    rows = tuple((name.replace("_", " "), str(verdict.get("held_in_runs", verdict) if isinstance(verdict, dict)
                                              else verdict)) for name, verdict in checks.items())
    caption = "Checked after every run; a run that breaks one fails by its name, and nothing of it is kept."
    heads = (Column("invariant", words=True), Column("held in", "runs"))
    return [Section("invariants", "Invariants", (Table("invariants", caption, heads, rows),))]


def limitations(folder: Folder, points: list[str]) -> Section:
    """Return what a reader should hold against the results: the study's own points, and those of every study."""
    look = look_in(folder.manifest)
    first = [f"A look, not a result: {look}. Run the study without `--quick` before you conclude."] if look else []
    return Section("limitations", "Limitations", (Items((*first, *points, *_of_runs(folder))),))


def _of_runs(folder: Folder) -> list[str]:
    points = []
    count = folder.parameters.get("replications")
    if isinstance(count, int) and count == 1:
        points.append("One replication: how far the numbers would differ with other random draws is not known. "
                      "Run again with `--replications 5` for intervals.")
    elif isinstance(count, int) and count < FEW:
        points.append(f"Only {count} replications: the 95 % Student intervals are wide and lean on the assumption "
                      "that means over replications are normal.")
    traffic = folder.scenario.get("traffic") or {}
    if {"duration_s", "warmup_s"} <= set(traffic):
        points.append(f"A terminating study: the first {traffic['warmup_s']:g} s are served but not measured, the "
                      f"requests born in the following {traffic['duration_s'] - traffic['warmup_s']:g} s are. "
                      "No claim on a steady state is made.")
    horizon = folder.scenario.get("horizon") or {}
    if horizon.get("resolution") == "windows":
        points.append(f"Sampled traffic: of every {horizon.get('slice_s', 86400):g} s of the market one window of "
                      f"{horizon.get('window_s'):g} s is simulated request by request, and volumes are scaled up.")
    points.append("Results hold for the simulated market. Which defaults have a source and which are assumptions, "
                  "the scenario's schema says field by field (`tokenmarket schema`).")
    return [*points, *_of_files(folder)]


def _of_files(folder: Folder) -> list[str]:
    points = []
    commit = folder.manifest.get("commit")
    if not commit:
        code = folder.manifest.get("code")
        points.append("The run did not come from a git work tree: " + (
            f"no commit names its code, but the digest of its sources does, `{code}`." if code
            else "no commit names its code."))
    elif commit.get("modified"):
        points.append("The source tree had changes that were not committed: the commit alone does not name the code.")
    changed = folder.changed()
    if changed:
        points.append("Files that are gone or have changed since the manifest was written: "
                      + ", ".join(f"`{name}`" for name in changed) + ".")
    return points


def versions(folder: Folder) -> Section:
    """Return the versions and the commit that ran."""
    commit = folder.manifest.get("commit") or {}
    rows = [(name, str(version)) for name, version in (folder.manifest.get("versions") or {}).items()]
    rows.append(("commit", str(commit.get("id", "unknown")) + (", modified" if commit.get("modified") else "")))
    rows.append(("code (BLAKE2b of all sources)", str(folder.manifest.get("code", "unknown"))))
    rows += [(f"project: {label}", str(url)) for label, url in (folder.manifest.get("urls") or {}).items()]
    heads = (Column("package", words=True), Column("version", words=True))
    return Section("versions", "Versions", (Table("versions", "What ran.", heads, tuple(rows)),))


def reproduce(folder: Folder) -> Section:
    """Return the commands that run it again to the same bytes, and the digests to compare with."""
    manifest = folder.manifest
    found = manifest.get("versions") or {}
    # a reader copies these lines into a shell: a stranger's words stay words
    pins = " ".join(quote(f"{name}=={version}") for name, version in found.items()
                    if name not in ("python", "tokenmarket") and version != "not installed")
    commit = (manifest.get("commit") or {}).get("id")
    lines = [f"# Python {' '.join(str(found.get('python', '')).split())}, in a clone of tokenmarket's repository"]
    lines += [f"git checkout {quote(str(commit))}"] if commit else []
    lines += [f"python -m pip install -e . {pins}", "", "# in the folder that holds this run's manifest.json",
              "tokenmarket reproduce .", ""]
    text = Text("The first commands install what ran; the last one runs the manifest again and compares every file "
                "with the digests below. Results do not depend on the number of processes.")
    inputs = manifest.get("inputs") or {}
    tables: tuple[Block, ...] = (_digests("files", "Files of the run.", manifest.get("files") or {}),)
    if inputs:
        tables = (_digests("inputs", "Input files that the run has read; they are needed again.", inputs), *tables)
    return Section("reproduce", "How to reproduce", (text, Code("\n".join(lines)), *tables))


def cite(folder: Folder) -> Section:
    """Return the BibTeX entry."""
    return Section("cite", "How to cite", (Code(bibtex.entry(folder.manifest)),))


def _digests(name: str, what: str, by_file: Mapping[str, str]) -> Table:
    rows = tuple((file, str(found)) for file, found in by_file.items())
    return Table(name, f"{what} Digest: BLAKE2b, 16 bytes.",
                 (Column("file", words=True), Column("digest", words=True)), rows, folded=True)
