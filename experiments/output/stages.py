"""Folders in which something is made beside its place, and what killed processes left of them.

A stage holds a lock file, locked for as long as its process lives: the system releases it whatever ends the process,
so that nobody takes a living process's stage for a dead one's, nor the other way round after a process number was used
again or on another machine of a shared disk.
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

LOCK: Final = "lock"
FILES: Final = "files"
SUFFIX: Final = ".partial"
LONGEST: Final = 200  # bytes of a place's name; file systems allow 255 with what is added here
_STAGE: Final = re.compile(r"\..*-[a-z0-9_]{8}\.partial")


@contextmanager
def stage(place: Path) -> Iterator[Path]:
    """Give an empty folder beside a place, on the same file system; it is removed in the end.

    Parameters
    ----------
    place
        What is made there: a file or a folder, whose parent exists.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    folder, lock = _made(place)
    try:
        (folder / FILES).mkdir()
        yield folder / FILES
    finally:
        _remove(folder)
        lock.close()


def clear(place: Path) -> list[str]:
    """Remove the stages of a place whose processes are dead, and return their names."""
    prefix, removed = _prefix(place), []
    with suppress(OSError):  # the parent is not there, or cannot be read
        names = [name for name in sorted(os.listdir(place.parent)) if is_stage(name)]
        # what mkdtemp adds is 8 characters long: the stages of `o` are not those of `o-x`
        own = [place.parent / name for name in names if name[:-len(SUFFIX) - 8] == prefix]
        removed = [folder.name for folder in own if not folder.is_symlink() and _is_cleared(folder)]
    return removed


def clear_and_tell(*places: Path) -> None:
    """Remove what killed processes left at some places, and say so on the standard error."""
    for place in places:
        names = clear(place)
        if names:
            print(f"removed what an interrupted run left in {place.parent}/: {', '.join(names)}", file=sys.stderr)


def is_stage(name: str) -> bool:
    """Whether a name is that of a stage, of whatever place."""
    return _STAGE.fullmatch(name) is not None


def _prefix(place: Path) -> str:
    name = os.fsencode(place.name)[:LONGEST]
    return f".{os.fsdecode(name)}-"


def _made(place: Path) -> tuple[Path, IO[bytes]]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_prefix(place), suffix=SUFFIX, dir=place.parent))
        try:
            lock = (folder / LOCK).open("xb")
        except FileNotFoundError:  # another process took the empty folder for a dead one's
            continue
        if _locked(lock) is not False and (folder / LOCK).exists():
            return folder, lock
        lock.close()


def _is_cleared(folder: Path) -> bool:
    """Remove a stage if its process is dead, and say whether it was."""
    try:
        lock = (folder / LOCK).open("r+b")
    except FileNotFoundError:
        with suppress(OSError):  # killed before there was a lock; one that is not empty is nobody's we know
            folder.rmdir()
        return not folder.exists()
    except OSError:  # somebody else's
        return False
    with lock:
        if not _locked(lock):
            return False
        _remove(folder)
        return True


def _remove(folder: Path) -> None:
    # the lock last: whoever is killed in between leaves a stage that can still be told from a living one
    shutil.rmtree(folder / FILES, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _locked(file: IO[Any]) -> bool | None:
    """Lock a file until it is closed: False if another process has, None where there are no locks to tell by."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True
