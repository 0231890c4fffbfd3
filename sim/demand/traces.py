"""Request traces as people hold them: which files, read how, as arrays that all processes share."""

import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.demand.trace_files.client_pool import ClientPool, is_pool, load_pool
from sim.demand.trace_files.found_files import content_digest, found_files
from sim.demand.trace_files.shared_rows import TraceNotes, shared_rows
from sim.demand.trace_files.trace_table import Asked
from sim.errors import TraceError
from sim.scenario import Trace


@dataclass(frozen=True)
class TraceRows:
    """The requests of a trace, in order of arrival.

    Attributes
    ----------
    path
        File they come from.
    t_s
        float64, seconds since the first request; starts at 0 and never decreases.
    prompt, output
        int32, tokens, at least 1.
    notes
        What was read, and what was left out.
    """

    path: str
    t_s: np.ndarray
    prompt: np.ndarray
    output: np.ndarray
    notes: TraceNotes

    def __len__(self) -> int:
        return len(self.t_s)

    @property
    def mean_gap_s(self) -> float:
        """Mean time between requests: the file's span over its number of gaps.

        Raises
        ------
        TraceError
            If all requests arrive at one time, so that the file has no rate.
        """
        if not self.notes.span_s > 0:
            raise TraceError(f"trace {self.path}: all {len(self)} rows have the same time, so it has no "
                             "rate to scale, loop or resample; it needs at least two rows at different times")
        return self.notes.span_s / (len(self) - 1)

    @property
    def period_s(self) -> float:
        """The file's span and a mean gap, after which it would start again; ``inf`` if it has no rate."""
        return self.mean_gap_s * len(self) if self.notes.span_s > 0 else math.inf

    def record(self) -> dict[str, Any]:
        """Return what was read, for the record."""
        return asdict(self.notes)

    @property
    def mean_prompt(self) -> float:
        """Mean tokens of a prompt."""
        return self.notes.prompt_tokens / len(self)

    @property
    def mean_output(self) -> float:
        """Mean tokens of an answer."""
        return self.notes.output_tokens / len(self)


def trace_of(spec: Trace) -> TraceRows | ClientPool:
    """Read the trace that a scenario names: requests, or clients of ServeGen, from which they are drawn.

    Raises
    ------
    TraceError
        As `load_trace`.
    """
    files = tuple(found_files(spec.path))
    digests = _digests(spec.path, files)
    if is_pool(files, digests):
        return load_pool(spec.path, files, spec.skip, digests)
    columns = spec.columns
    return load_trace(spec.path, Asked(
        spec.format, columns.time or "", columns.prompt or "", columns.output or "", spec.unit, spec.skip, spec.sort))


def load_trace(path: str, asked: Asked | str = "auto") -> TraceRows:
    """Read a trace; one that has not changed is read once, by one process for all.

    Parameters
    ----------
    path
        A file, a folder of files, or a pattern such as ``logs/*.csv``: CSV with any usual delimiter, JSON lines, a
        JSON array or Parquet; plain, gzip, zstd, bzip2 or xz; UTF-8, 16 or 32. All this is told by content.
    asked
        Column set, names of columns, unit, what to leave out and whether to sort; a text is the name of a column set
        (`sim.demand.trace_files.column_sets`). Further columns are ignored.

    Returns
    -------
    TraceRows
        All rows, times from the first request. The arrays are read-only, and mapped from files in the cache.

    Raises
    ------
    TraceError
        If the file cannot be read, its header is unknown, it holds no rows, or any row is bad: not numbers,
        negative or zero tokens, or a time before the row above. The text lists the first bad lines, how
        many there are, and what may be asked of them.
    """
    files = tuple(found_files(path))
    return _load(path, Asked(asked) if isinstance(asked, str) else asked, files, _digests(path, files))


def _digests(path: str, files: tuple[Path, ...]) -> tuple[str, ...]:
    try:
        return tuple(content_digest(file) for file in files)
    except OSError as error:
        raise TraceError(f"trace {path} cannot be read: {error.strerror}") from error


@lru_cache(maxsize=16)
def _load(path: str, asked: Asked, files: tuple[Path, ...], _digests: tuple[str, ...]) -> TraceRows:
    rows = shared_rows(path, files, asked)
    return TraceRows(path, rows.t_s, rows.prompt, rows.output, rows.notes)
