"""Whose folder it is: nothing is written where another study, or anything else, has its files."""

import json
import os
from pathlib import Path
from typing import Any, Final

from experiments.output.folder import MANIFEST
from experiments.output.stages import is_stage
from experiments.store import STORE_FILE
from experiments.store.store import Store
from sim.errors import OutputError

UNFINISHED: Final = ".manifest.json.partial"  # lies there while files are moved: whose they are, and which
REPORT: Final = "a report"
SHOWN: Final = 3  # names of files in an error


def study_owner(name: str) -> str:
    """Return how the owner of a folder is told that holds a study."""
    return f"the study {name!r}"


def check_own(out: Path, owner: str, force: bool = False) -> None:
    """Refuse a folder that is not there for ``owner``.

    Parameters
    ----------
    out
        The folder. Its own: one that is not there or empty, that has a manifest of the same owner, or the runs of the
        study and no manifest yet.
    owner
        What is to be written: `study_owner` or `REPORT`.
    force
        Whether another's folder is taken all the same.

    Raises
    ------
    OutputError
        If it is another's, a symbolic link, or no path at all.
    """
    try:
        _check_path(out)
        if out.is_symlink() or (out / STORE_FILE).is_symlink():
            link = out if out.is_symlink() else out / STORE_FILE
            raise OutputError(f"cannot write results to {out}: {link} is a symbolic link; name the place that it "
                              "leads to")
        held = "" if force or not out.is_dir() else _held(out, owner)
    except OSError as error:
        raise OutputError(f"cannot write results to {out}: {error.strerror}") from None
    if held:
        raise OutputError(f"cannot write {owner} to {out}: it holds {held}; choose another folder with --out, or give "
                          "--force to write there all the same (files that no manifest of ours lists stay)")


def files_listed(manifest: Path) -> list[str]:
    """Return the names that a manifest of ours lists, as paths below its folder; none of another program's."""
    data = _read(manifest)
    if not _owner_in(data):
        return []
    listed = data.get("files")
    names = [str(name) for name in listed] if isinstance(listed, dict | list) else []
    # below the folder only: a manifest from elsewhere must not have files deleted outside of it
    return [name for name in names if not Path(name).is_absolute() and ".." not in Path(name).parts
            and not any((manifest.parent / part).is_symlink() for part in list(Path(name).parents)[:-1])]


def identity(manifest: Path) -> dict[str, Any]:
    """Return what a manifest says of its owner, as it says it; nothing if it is none of ours."""
    return {key: value for key, value in _read(manifest).items() if key in ("study", "report")}


def _check_path(out: Path) -> None:
    text = str(out)
    if "\0" in text:
        raise OutputError(f"cannot write results to {text!r}: a path cannot hold a NUL character")
    try:
        os.fsencode(text)
        text.encode()
    except UnicodeEncodeError:
        raise OutputError(f"cannot write results to {text!a}: the name holds characters that file names cannot "
                          "have here; give one in ASCII") from None
    try:
        out.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return


def _held(out: Path, owner: str) -> str:
    """Say what a folder holds that is not ``owner``'s; empty if all is well."""
    names = [name for name in sorted(os.listdir(out)) if not is_stage(name)]
    for manifest in (MANIFEST, UNFINISHED):
        found = _owner_in(_read(out / manifest))
        if found:
            return "" if found == owner else f"the results of {found}"
    if STORE_FILE in names:
        with Store.open_for_reading(out / STORE_FILE) as store:
            studies = [study_owner(name) for name in store.studies()["study"]]
        # without a study: its process was killed between making it and the first words in it
        return "" if owner in studies or not studies else f"runs of {' and '.join(studies)}"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"other files ({', '.join(names[:SHOWN])}{more})" if names else ""


def _owner_in(data: dict[str, Any]) -> str:
    if isinstance(data.get("study"), str):
        return study_owner(data["study"])
    return REPORT if isinstance(data.get("report"), str) else ""


def _read(manifest: Path) -> dict[str, Any]:
    try:
        data = json.loads(manifest.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
