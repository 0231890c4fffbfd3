"""Rows of trace files in chunks: which are kept, which are left out as asked, and which make a file be refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from sim.demand.trace_files.duck import cannot_read, connected
from sim.demand.trace_files.plain_text import readable
from sim.demand.trace_files.queries import MANNERS, MISSING, NO_DATE, Manner, in_order, select, with_unit
from sim.demand.trace_files.trace_table import Asked, Table
from sim.engines.requests import MAX_TOKENS
from sim.errors import TraceError

if TYPE_CHECKING:
    import duckdb

VECTORS: Final = 256  # of 2,048 rows: a chunk
BAD_ROWS_KEPT: Final = 5
PER_SECOND: Final = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9, "datetime": 1e6}
LATEST_S: Final = 1e11  # a number of seconds beyond is written in another unit
# what is wrong with a row, the first that applies
VACANT, BROKEN, TIME, PROMPT, OUTPUT, FAILED, LATE = range(1, 8)


class Sink(Protocol):
    """Where rows go."""

    def clear(self) -> None:
        """Forget all rows."""

    def add(self, t_s: np.ndarray, prompt: np.ndarray, output: np.ndarray) -> None:
        """Take rows: float64 seconds since the first row, int32 tokens."""


class BadRow(NamedTuple):
    """A row that makes a file be refused."""

    table: Table
    row: int  # of the file's rows that are not blank, from 0
    fault: int


@dataclass
class Counts:
    """What was read.

    Attributes
    ----------
    rows
        Kept.
    failed, unusable
        Left out as asked.
    vacant
        Rows of a CSV that hold nothing, which are passed over like blank lines.
    late
        Rows that stood after a later one.
    bad, bad_failed, bad_late
        Rows for which the file is refused; of those, without tokens, and out of order.
    first
        The first of them.
    unit
        Of the time, of all files.
    """

    rows: int = 0
    failed: int = 0
    unusable: int = 0
    vacant: int = 0
    late: int = 0
    bad: int = 0
    bad_failed: int = 0
    bad_late: int = 0
    first: list[BadRow] = field(default_factory=list)
    unit: str = ""


def read(tables: Sequence[Table], asked: Asked, sink: Sink, folder: Path) -> Counts:
    """Read files one after the other into a sink.

    Parameters
    ----------
    tables
        The files.
    asked
        What to do with rows that cannot be used or are out of order.
    sink
        Where the rows go; what it holds is of no use if rows are bad.
    folder
        Where a sort may put what does not fit into memory.

    Raises
    ------
    TraceError
        If a file cannot be read as what it seems to be, or files differ in their unit of time.
    """
    import duckdb

    for manner in MANNERS:
        sink.clear()
        if manner.repairs:
            tables = [_repaired(table, folder / f"repaired{place}") for place, table in enumerate(tables)]
        try:
            with connected(folder) as connection:
                return _read(connection, tables, _Pass(asked, sink, manner))
        except duckdb.Error as error:
            problem = error
            if all(table.kind == "parquet" for table in tables):
                break
    raise cannot_read(tables[0].path if len(tables) == 1 else tables[0].path.parent, problem)


def _repaired(table: Table, copy: Path) -> Table:
    return table if table.kind == "parquet" else replace(table, plain=readable(table.plain, copy))


class _Pass(NamedTuple):
    asked: Asked
    sink: Sink
    manner: Manner


def _read(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], how: _Pass) -> Counts:
    known = [with_unit(connection, table, how.manner) for table in tables]
    units = {table.chosen.unit: table for table in known}
    if len(units) > 1:
        told = " and ".join(f"{unit} ({table.path})" for unit, table in units.items())
        raise TraceError(f"trace {tables[0].path.parent}: its files write time in different units: {told}; one can be "
                         "given by unit")
    sorts = how.asked.sort if how.asked.sort is not None else all(table.sorts for table in known)
    reader = _Reader(known[0].chosen.unit, how.asked, how.sink, sorts)
    selects = [select(connection, table, how.manner) for table in known]
    for table, sql in zip(known, selects, strict=True):
        reader.file(table, _chunks(connection, sql))
    if sorts and reader.counts.late and not reader.counts.bad:
        late = reader.counts.late
        how.sink.clear()
        reader = _Reader(known[0].chosen.unit, how.asked, how.sink, sorts)
        reader.file(known[0], _chunks(connection, in_order(selects)))
        reader.counts.late = late
    return reader.counts


def _chunks(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[dict[str, np.ndarray]]:
    result: Any = connection.execute(sql)
    while len(frame := result.fetch_df_chunk(VECTORS)):
        yield {name: frame[name].to_numpy() for name in ("t", "p", "o", "failed", "broken", "vacant")}


class _Reader:
    """Sorts rows into those kept, left out and bad, file by file."""

    def __init__(self, unit: str, asked: Asked, sink: Sink, sorts: bool) -> None:
        self._skip = asked.skip
        self._sink = sink
        self._sorts = sorts
        self._unit = unit
        self._origin: Any = None
        self._last: Any = -np.inf if unit in ("s", "ms", "us") else NO_DATE
        self.counts = Counts(unit=unit)

    def file(self, table: Table, chunks: Iterator[dict[str, np.ndarray]]) -> None:
        """Read one file after those before it."""
        row = 0
        for chunk in chunks:
            self._chunk(table, chunk, row)
            row += len(chunk["t"])

    def _chunk(self, table: Table, chunk: dict[str, np.ndarray], begin: int) -> None:
        fault = self._faults(chunk)
        failed, vacant = fault == FAILED, fault == VACANT
        counts = self.counts
        counts.failed += int(failed.sum())
        counts.vacant += int(vacant.sum())
        counts.unusable += int(((fault != 0) & ~failed & ~vacant).sum())
        kept = np.flatnonzero(fault == 0)
        late = self._late(chunk["t"][kept])
        counts.late += int(late.sum())
        if not self._sorts:
            fault[kept[late]] = LATE
        self._note_bad(table, fault, begin)
        counts.rows += len(kept)
        if len(kept) and not counts.bad:
            self._sink.add(self._seconds(chunk["t"][kept]), chunk["p"][kept].astype(np.int32),
                           chunk["o"][kept].astype(np.int32))

    def _faults(self, chunk: dict[str, np.ndarray]) -> np.ndarray:
        """What is wrong with each row, 0 if nothing is; order does not count here."""
        t, prompt, output = chunk["t"], chunk["p"], chunk["o"]
        fault = np.zeros(len(t), np.int8)
        fault[chunk["failed"] | _no_tokens(prompt) | _no_tokens(output)] = FAILED
        fault[~(_are_tokens(output) | _no_tokens(output))] = OUTPUT
        fault[~(_are_tokens(prompt) | _no_tokens(prompt))] = PROMPT
        fault[~self._is_time(t)] = TIME
        fault[chunk["broken"]] = BROKEN
        fault[chunk["vacant"]] = VACANT
        return fault

    def _is_time(self, t: np.ndarray) -> np.ndarray:
        if self._unit == "datetime":
            return np.asarray(t != NO_DATE)
        return np.asarray((t >= 0) & (t <= LATEST_S * PER_SECOND[self._unit]))

    def _late(self, t: np.ndarray) -> np.ndarray:
        """Which rows stand after one that is later."""
        if not len(t):
            return np.zeros(0, bool)
        latest = np.maximum.accumulate(np.concatenate((np.array([self._last], t.dtype), t)))
        self._last = latest[-1]
        return np.asarray(t < latest[:-1])

    def _note_bad(self, table: Table, fault: np.ndarray, begin: int) -> None:
        allowed = {"none": (0, VACANT), "failed": (0, VACANT, FAILED),
                   "unusable": (0, VACANT, BROKEN, TIME, PROMPT, OUTPUT, FAILED)}
        bad = np.flatnonzero(~np.isin(fault, allowed[self._skip]))
        counts = self.counts
        counts.bad += len(bad)
        counts.bad_failed += int((fault[bad] == FAILED).sum())
        counts.bad_late += int((fault[bad] == LATE).sum())
        for row in bad[:BAD_ROWS_KEPT - len(counts.first)]:
            counts.first.append(BadRow(table, begin + int(row), int(fault[row])))

    def _seconds(self, t: np.ndarray) -> np.ndarray:
        """Seconds since the first row; subtracted first: whole numbers since 1970 lose their last digits as seconds."""
        if self._origin is None:
            self._origin = t[0]
        return np.asarray((t - self._origin) / PER_SECOND[self._unit])


def _are_tokens(number: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.asarray((number >= 1) & (number <= MAX_TOKENS) & (number == np.floor(number)))


def _no_tokens(number: np.ndarray) -> np.ndarray:
    return np.asarray((number == 0) | (number == MISSING) | np.isnan(number))
