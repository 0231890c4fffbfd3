"""Writing results: the files of a folder, together or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.output.folder import MANIFEST
from sim.errors import OutputError

if TYPE_CHECKING:
    from pandas import DataFrame


def write_tables(frames: "Mapping[str, DataFrame]", folder: Path, digits: str | None) -> dict[str, int]:
    """Write each frame as ``NAME.csv``, lines ended as on Unix everywhere, and return the number of rows by file.

    Parameters
    ----------
    frames
        Tables by name.
    folder
        Where to write.
    digits
        Format of numbers with a fraction, such as ``%.9g``; None for the shortest exact decimals.
    """
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False, float_format=digits, lineterminator="\n")
    return {f"{name}.csv": len(frame) for name, frame in frames.items()}


@contextmanager
def output_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write in, and move its files to ``out`` only if all went well.

    Raises
    ------
    OutputError
        Before anything is done, if ``out`` cannot be written.
    """
    made = _make_parents(out)
    try:
        # beside `out`: from another file system files could not be moved in one step each
        stage = Path(tempfile.mkdtemp(prefix=f".{out.name}-", suffix=".partial", dir=out.parent))
    except OSError as error:
        _remove_empty(made)
        raise OutputError(f"cannot write results to {out}: {error.strerror}") from None
    try:
        yield stage
        _move(stage, out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        _remove_empty(made)


def check_writable(out: Path) -> None:
    """Make a folder, if it is not there, and make sure that results can be written to it.

    Raises
    ------
    OutputError
        If they cannot.
    """
    _make_parents(out)
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write results to {out}: {error.strerror}") from None


def _make_parents(out: Path) -> list[Path]:
    """Create the folder that ``out`` lies in, and return the folders that were missing, innermost first."""
    if out.exists() and not out.is_dir():
        raise OutputError(f"cannot write results to {out}: it is a file, not a folder")
    if out.exists() and not os.access(out, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write results to {out}: permission denied")
    missing = [folder for folder in (out.parent, *out.parent.parents) if not folder.exists()]
    found = (missing[-1] if missing else out).parent
    if not found.is_dir():
        raise OutputError(f"cannot write results to {out}: {found} is a file, not a folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _remove_empty(missing)
        raise OutputError(f"cannot write results to {out}: {error.strerror}") from None
    return missing


def _move(stage: Path, out: Path) -> None:
    """Replace the files of an earlier run, the manifest last: where it lies, the rest is complete."""
    try:
        out.mkdir(exist_ok=True)
        earlier = _files_listed(out / MANIFEST)
        # first to go and last to come: a folder that has a manifest is whole, whenever this process dies
        (out / MANIFEST).unlink(missing_ok=True)
        for name in earlier:
            (out / name).unlink(missing_ok=True)
        for name in sorted(os.listdir(stage), key=lambda name: (name == MANIFEST, name)):
            os.replace(stage / name, out / name)
    except OSError as error:
        raise OutputError(f"cannot write results to {out}: {error.strerror}") from None


def _files_listed(manifest: Path) -> list[str]:
    """Names that a manifest lists as its own; none if there is no manifest, or another program's."""
    try:
        listed = list(dict(json.loads(manifest.read_text(encoding="utf-8"))["files"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []
    # names only: a manifest from elsewhere must not have files deleted outside its folder
    return [name for name in listed if Path(name).name == name]


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return  # it holds something by now, or never came to be
