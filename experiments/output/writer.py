"""Writing results: the files of a folder, together or not at all."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.output.folder import MANIFEST, files_below
from experiments.output.owners import UNFINISHED, check_own, files_listed, identity
from experiments.output.stages import clear_and_tell, stage
from sim.errors import OutputError

if TYPE_CHECKING:
    from pandas import DataFrame

FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
def output_folder(out: Path, owner: str, force: bool = False) -> Iterator[Path]:
    """Give a folder to write in, and move its files to ``out`` only if all went well.

    Parameters
    ----------
    out
        Where the files are to be in the end; those of an earlier run are replaced.
    owner, force
        As `experiments.output.owners.check_own` takes them.

    Raises
    ------
    OutputError
        Before anything is done, if ``out`` is another's or cannot be written; afterwards, if the disk is full.
    """
    check_own(out, owner, force)
    clear_and_tell(out)
    made = _make_parents(out)
    try:
        with stage(out) as folder:
            yield folder
            _move(folder, out)
    except OSError as error:
        raise OutputError(f"cannot write results to {out}: {why(error)}") from None
    finally:
        _remove_empty(made)


def check_writable(out: Path, owner: str, force: bool) -> None:
    """Make a folder, if it is not there, and make sure that results can be written to it.

    Raises
    ------
    OutputError
        If they cannot, or it is another's.
    """
    check_own(out, owner, force)
    _make_parents(out)
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write results to {out}: {why(error)}") from None


def why(error: OSError) -> str:
    """Say what the system said, and what to do about a full disk."""
    said = error.strerror or str(error)
    return f"{said}; make room and give the same command again" if error.errno in FULL else said


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
        raise OutputError(f"cannot write results to {out}: {why(error)}") from None
    return missing


def _move(folder: Path, out: Path) -> None:
    """Replace the files of an earlier run, the manifest last: where it lies, the rest is complete.

    In between a note says whose the files are, and which: after a kill the folder is still known as its owner's.
    """
    names = files_below(folder)
    _check_places(names, out)
    out.mkdir(exist_ok=True)
    earlier = {*files_listed(out / MANIFEST), *files_listed(out / UNFINISHED)}
    note = {**identity(folder / MANIFEST), "files": sorted({*earlier, *names})}
    (folder / UNFINISHED).write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
    os.replace(folder / UNFINISHED, out / UNFINISHED)
    # first to go and last to come: a folder that has a manifest is whole, whenever this process dies
    (out / MANIFEST).unlink(missing_ok=True)
    for name in earlier:
        (out / name).unlink(missing_ok=True)
    for name in sorted(names, key=lambda name: (name == MANIFEST, name)):
        (out / name).parent.mkdir(exist_ok=True)
        os.replace(folder / name, out / name)  # a symbolic link is replaced, not followed
    (out / UNFINISHED).unlink()


def _check_places(names: list[str], out: Path) -> None:
    """Refuse to write through a symbolic link below ``out``, or where a folder has the name of a file."""
    for name in names:
        place = out / name
        if place.parent != out and place.parent.is_symlink():
            raise OutputError(f"cannot write results to {out}: {place.parent} is a symbolic link")
        if place.is_dir() and not place.is_symlink():
            raise OutputError(f"cannot write results to {out}: {place} is a folder, and a file of that name is to come")


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return  # it holds something by now, or never came to be
