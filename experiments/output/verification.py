"""Comparing a folder with its manifest, a new run with it, and what ran then with what runs now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from experiments.output.folder import MANIFEST, Folder
from experiments.output.inputs import digest
from experiments.output.owners import UNFINISHED
from experiments.output.stages import is_stage
from experiments.store import STORE_FILE
from experiments.store.connection import StoreError
from experiments.store.store import Store

CODE: Final = ("versions", "code", "commit", "urls")  # what a manifest says of the code, which may differ
APART: Final = (*CODE, "files", "store", "use",  # compared one by one, or before
                "until")  # how the number of runs was found: a new run takes the number as it is


class Verdict(NamedTuple):
    """What was found of a file, or of another thing that is compared.

    Attributes
    ----------
    name
        What it is called.
    word
        What was found, in a word or two.
    holds
        Whether that is all right.
    detail
        More of it.
    """

    name: str
    word: str
    holds: bool
    detail: str = ""


def of_folder(folder: Folder) -> list[Verdict]:
    """Compare the files of a folder, as they are now, with what its manifest says of them.

    What no manifest lists is told, and breaks nothing: a report, notes, or the user's own files.
    """
    found = [Verdict(name, *_as_listed(folder.path / name, known)) for name, known in sorted(folder.files.items())]
    known = {MANIFEST, UNFINISHED, STORE_FILE, f"{STORE_FILE}.wal", *(Path(name).parts[0] for name in folder.files)}
    others = (path.name for path in sorted(folder.path.iterdir()) if path.name not in known)
    return [*found, *_of_store(folder), *(Verdict(name, "not listed", True) for name in others if not is_stage(name))]


def of_new_run(folder: Folder, again: Folder) -> list[Verdict]:
    """Compare the files of a new run with what the manifest of a folder says; and the manifests, line by line."""
    found = [Verdict(name, *_same(folder.files, again.files, name)) for name in sorted({*folder.files, *again.files})]
    for name in sorted({*_tables(folder), *_tables(again)}) if _tables(folder) else ():
        found.append(Verdict(f"{STORE_FILE}: {name}", *_same(_tables(folder), _tables(again), name)))
    keys = {*folder.manifest, *again.manifest}.difference(APART)
    other = sorted(key for key in keys if folder.manifest.get(key) != again.manifest.get(key))
    found.append(Verdict(MANIFEST, "DIFFERENT" if other else "same", not other, ", ".join(other)))
    return found


def of_code(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[Verdict]:
    """Compare versions, digest of the code and commit of a manifest with those of this process."""
    before, after = dict(recorded.get("versions") or {}), dict(now["versions"])
    pairs = {name: (before.get(name, "not there"), after.get(name, "not there")) for name in {**before, **after}}
    pairs["code"] = (str(recorded.get("code", "unknown")), str(now["code"]))
    pairs["commit"] = (_commit(recorded.get("commit")), _commit(now["commit"]))
    return [Verdict(name, "same", True, then) if then == here else
            Verdict(name, "OTHER", False, f"{then} then, {here} now") for name, (then, here) in pairs.items()]


def _as_listed(path: Path, known: str) -> tuple[str, bool]:
    if not path.is_file():
        return "missing", False
    return ("as listed", True) if digest(path) == known else ("CHANGED", False)


def _of_store(folder: Folder) -> list[Verdict]:
    """Compare the tables of the runs; the bytes of the file itself are never twice the same."""
    from experiments.store.fingerprints import fingerprints

    path, known = folder.path / STORE_FILE, _tables(folder)
    if not known:
        return [Verdict(STORE_FILE, "not listed", True, "none of its tables")] if path.exists() else []
    if not path.exists():
        return [Verdict(STORE_FILE, "not here", True, "so its tables are not compared")]
    try:
        with Store.open_for_reading(path) as store:
            found = fingerprints(store, folder.study)
    except StoreError as error:
        return [Verdict(STORE_FILE, "CHANGED", False, str(error))]
    other = sorted(name for name in {*known, *found} if known.get(name) != found.get(name))
    if other:
        return [Verdict(STORE_FILE, "CHANGED", False, f"tables {', '.join(other)}")]
    return [Verdict(STORE_FILE, "as listed", True, f"all {len(known)} tables")]


def _same(known: Mapping[str, str], found: Mapping[str, str], name: str) -> tuple[str, bool]:
    if name not in found:
        return "missing", False
    if name not in known:
        return "new", False
    return ("same bytes", True) if known[name] == found[name] else ("DIFFERENT", False)


def _tables(folder: Folder) -> dict[str, str]:
    return dict(folder.manifest.get("store") or {})


def _commit(commit: Any) -> str:  # noqa: ANN401 - what a manifest holds
    if not isinstance(commit, dict) or "id" not in commit:
        return "unknown"
    return f"{str(commit['id'])[:10]}{' with changes' if commit.get('modified') else ''}"
