"""Files that the path of a trace names: one file, a folder, or a pattern; and what tells that one has changed."""

import glob
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from sim.errors import TraceError

SHOWN_PATH: Final = 300  # characters of a path that is too long for the system
SUFFIXES: Final = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")  # of what a folder is read for
PACKED: Final = (".gz", ".zst", ".bz2", ".xz")
BLOCK: Final = 1 << 20  # bytes


def found_files(path: str) -> list[Path]:
    """Return the files of a trace, in order of their names.

    Parameters
    ----------
    path
        A file; a folder, whose traces are told by their suffixes; or a pattern such as ``logs/2026-*.csv.gz``.

    Raises
    ------
    TraceError
        If there is none, or it cannot be read.
    """
    return _with_lengths(_named(path))


def _with_lengths(files: list[Path]) -> list[Path]:
    """Files, and beside a client of ServeGen that of its lengths."""
    bare = [file.with_name(file.name.removesuffix(".gz").replace("-trace.csv", "-dataset.json")) for file in files]
    beside = [it for file in bare for it in (file, file.with_name(f"{file.name}.gz"))]
    return files + [file for file in dict.fromkeys(beside) if file not in files and file.is_file()]


def _named(path: str) -> list[Path]:
    whole = Path(path)
    try:
        whole.stat()
    except OSError as error:
        matches = sorted(Path(match) for match in glob.glob(path)) if glob.has_magic(path) else []
        if matches:
            return [match for match in matches if match.is_file()]
        reason = "no file matches" if glob.has_magic(path) else error.strerror
        raise TraceError(f"trace {path[:SHOWN_PATH]} cannot be read: {reason}") from error
    except ValueError:
        raise TraceError(f"trace {path!r} cannot be read: its path holds a NUL character") from None
    if whole.is_dir():
        return _of_folder(whole)
    if not whole.is_file():
        raise TraceError(f"trace {path} cannot be read: it is a device and no file")
    return [whole]


def _of_folder(folder: Path) -> list[Path]:
    found = [file for file in sorted(folder.iterdir()) if file.is_file() and is_trace_name(file.name)]
    if not found:
        raise TraceError(f"trace {folder} cannot be read: it is a directory without a file named "
                         f"*{', *'.join(SUFFIXES)}, each also with {', '.join(PACKED)}")
    return found


def is_trace_name(name: str) -> bool:
    """Whether a folder's file of this name is part of the trace; hidden files never are."""
    bare = name.lower()
    for packed in PACKED:
        bare = bare.removesuffix(packed)
    return bare.endswith(SUFFIXES) and not name.startswith((".", "_"))


def content_digest(path: Path) -> str:
    """Return the BLAKE2b digest of a file, 32 hexadecimal digits; one that has not changed is read once.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    about = path.stat()
    return _digest(str(path.resolve()), about.st_mtime_ns, about.st_size, about.st_ino)


@lru_cache(maxsize=4096)
def _digest(path: str, _changed_ns: int, _bytes: int, _number: int) -> str:
    found = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()
