"""Rows of a trace, read once: files in the cache that every process maps into its memory instead of a copy."""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from sim.demand.trace_files.complaints import refusal
from sim.demand.trace_files.found_files import content_digest
from sim.demand.trace_files.plain_text import Plain, as_plain
from sim.demand.trace_files.row_reader import Counts, read
from sim.demand.trace_files.trace_table import Asked, Table, records, table_of
from sim.errors import TraceError

COLUMNS: Final = {"t_s": np.float64, "prompt": np.int32, "output": np.int32}
NOTES: Final = "notes.json"
_BLANKS: Final = {b"\n": b"\n\r \t", b"\r": b"\r \t"}  # an end of a line and what must follow it in a blank one
_BLOCK: Final = 1 << 22


@dataclass(frozen=True)
class TraceNotes:
    """What was read of a trace, for the record.

    Attributes
    ----------
    columns
        Its column set.
    unit
        Of its time.
    files, rows
        How many; rows are those that are replayed.
    failed_rows, unusable_rows
        Left out, as asked.
    blank_lines
        Passed over, rows of a CSV with nothing in their fields included.
    sorted_rows
        Rows that stood after a later one and were put in order.
    span_s
        From the first row to the last.
    prompt_tokens, output_tokens
        Of all rows.
    """

    columns: str
    unit: str
    files: int
    rows: int
    failed_rows: int
    unusable_rows: int
    blank_lines: int
    sorted_rows: int
    span_s: float
    prompt_tokens: int
    output_tokens: int


class SharedRows(NamedTuple):
    """A trace in memory that all processes share: float64 seconds, int32 tokens, and what was read."""

    t_s: np.ndarray
    prompt: np.ndarray
    output: np.ndarray
    notes: TraceNotes


def shared_rows(name: str, files: Sequence[Path], asked: Asked) -> SharedRows:
    """Return the rows of a trace; what was read before, by whatever process, is not read again.

    Parameters
    ----------
    name
        Path of the trace, for errors.
    files
        Its files.
    asked
        What the scenario says of it.

    Raises
    ------
    TraceError
        If it cannot be read, or a row is bad.
    """
    from sim.compiled import cache_root

    try:
        folder = cache_root() / f"trace-{_key(files, asked)}"
    except OSError as error:
        raise TraceError(f"trace {name} cannot be read: {error.strerror}") from error
    if not (folder / NOTES).is_file():
        with _alone(folder.parent):
            if not (folder / NOTES).is_file():
                _read_into(folder, name, files, asked)
    os.utime(folder)  # marks it as used
    return _mapped(folder)


def _read_into(folder: Path, name: str, files: Sequence[Path], asked: Asked) -> None:
    part = folder.with_name(f"trace.part-{uuid.uuid4().hex}")
    part.mkdir()
    try:
        _convert(name, files, asked, part)
        part.rename(folder)
    except OSError:
        if not (folder / NOTES).is_file():  # another process may have been first, with the same content
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep other processes from reading traces: they wait for the copy that this one makes, and find it.

    A lock on the folder itself leaves no file behind, and goes when its process dies. Where there are none, several
    processes make the same copy.
    """
    try:
        import fcntl

        handle = os.open(root, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _key(files: Sequence[Path], asked: Asked) -> str:
    """Digest of all that the rows depend on: content, what is asked, and the code that reads."""
    digests = [content_digest(file) for file in files]
    return hashlib.blake2b(json.dumps([digests, astuple(asked), _code()]).encode(), digest_size=16).hexdigest()


@cache
def _code() -> str:
    import duckdb

    found = hashlib.blake2b(duckdb.__version__.encode(), digest_size=16)
    for file in sorted(Path(__file__).parent.glob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()


def _mapped(folder: Path) -> SharedRows:
    notes = TraceNotes(**json.loads((folder / NOTES).read_text(encoding="utf-8")))
    t_s, prompt, output = (np.memmap(folder / name, dtype, "r", shape=(notes.rows,)).view(np.ndarray)
                           for name, dtype in COLUMNS.items())
    return SharedRows(t_s, prompt, output, notes)


def _convert(name: str, files: Sequence[Path], asked: Asked, part: Path) -> None:
    tables = [table_of(file, as_plain(file, part / f"plain{place}"), asked) for place, file in enumerate(files)]
    sink = _Written(part)
    try:
        counts = read(tables, asked, sink, part)
    finally:
        sink.close()
    if counts.bad:
        raise TraceError(refusal(name, counts))
    if not counts.rows:
        left = counts.failed + counts.unusable
        raise TraceError(f"trace {name} has a header but no rows" if not left else
                         f"trace {name} has no rows but {left} that skip = \"{asked.skip}\" leaves out")
    notes = _notes(tables, counts, sink)
    for extra in part.iterdir():
        if extra.name not in COLUMNS:
            extra.unlink() if extra.is_file() or extra.is_symlink() else shutil.rmtree(extra)
    (part / NOTES).write_text(json.dumps(asdict(notes), indent=1), encoding="utf-8")


def _notes(tables: Sequence[Table], counts: Counts, sink: "_Written") -> TraceNotes:
    names = list(dict.fromkeys(table.chosen.name for table in tables))
    texts = [table for table in tables if table.kind in ("csv", "lines")]
    blank = counts.vacant + sum(blank_lines(table.plain, quoted=table.kind == "csv") for table in texts)
    return TraceNotes(" and ".join(names), counts.unit, len(tables), counts.rows, counts.failed, counts.unusable, blank,
                      counts.late, sink.span_s, sink.prompt_tokens, sink.output_tokens)


class _Written:
    """Columns on disk, written in chunks."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: (folder / name).open("wb") for name in COLUMNS}
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        for file in self._files.values():
            file.seek(0)
            file.truncate()
        self.span_s = 0.0
        self.prompt_tokens = self.output_tokens = 0

    def add(self, t_s: np.ndarray, prompt: np.ndarray, output: np.ndarray) -> None:
        """Write rows behind those before."""
        for name, column in zip(COLUMNS, (t_s, prompt, output), strict=True):
            self._files[name].write(np.ascontiguousarray(column).tobytes())
        self.span_s = float(t_s[-1])
        self.prompt_tokens += int(prompt.sum(dtype=np.int64))
        self.output_tokens += int(output.sum(dtype=np.int64))

    def close(self) -> None:
        """Write what is left, and close."""
        for file in self._files.values():
            file.close()


def blank_lines(plain: Plain, quoted: bool) -> int:
    """Return how many lines of a text file hold nothing, outside of quoted fields.

    Parameters
    ----------
    plain
        The file.
    quoted
        Whether a quotation mark opens a field in which lines may end.
    """
    if not _may_have_blanks(plain.path):
        return 0
    total = last = 0
    for record in records(plain.path, quoted):
        total += record.line - last - 1
        last = record.last_line
    with plain.path.open(encoding="utf-8-sig", errors="replace") as file:
        return total + sum(1 for _ in file) - last


def _may_have_blanks(path: Path) -> bool:
    """Whether a file may have blank lines; most have none, and their lines need not be looked at one by one."""
    before = b"\n"
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            block, before = before + block, block[-1:]
            letters = np.frombuffer(block, np.uint8)
            for end, blanks in _BLANKS.items():
                after = letters[1:][letters[:-1] == ord(end)]
                if np.isin(after, np.frombuffer(blanks, np.uint8)).any():
                    return True
    return False
