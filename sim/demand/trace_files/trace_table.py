"""Where in a trace file its three columns are: the header, the column set, the unit, and what DuckDB has to read."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final, Literal, NamedTuple

from sim.demand.trace_files.column_sets import COLUMN_SETS, ColumnSet, Unit, same_name
from sim.demand.trace_files.duck import first_of_array, parquet_columns
from sim.demand.trace_files.plain_text import Plain
from sim.errors import TraceError
from sim.spelling import near

Kind = Literal["csv", "lines", "array", "parquet"]
DELIMITERS: Final = (",", "\t", ";", "|")
SAMPLE: Final = 20  # records of a JSON file in which its names are looked for
LONGEST_HEADER: Final = 1 << 20  # characters
SHOWN: Final = 200  # characters of a header in an error
_OPENED: Final = re.compile(r'(?:^|[,;|\t])\s*"')  # within a field a quotation mark is one, as in 5" screen


@dataclass(frozen=True)
class Asked:
    """What a scenario says of a trace file beside its path (the fields of `sim.scenario.Trace` of these names).

    Attributes
    ----------
    layout
        Name of the column set, or ``auto``.
    time, prompt, output
        Names of columns; empty for those of the column set.
    unit
        Of the time; ``auto`` for that of the column set.
    skip
        Which rows are left out: ``none``, ``failed`` or ``unusable``.
    sort
        Whether rows are put in order; None for gateways' logs only.
    """

    layout: str = "auto"
    time: str = ""
    prompt: str = ""
    output: str = ""
    unit: Unit = "auto"
    skip: str = "none"
    sort: bool | None = None

    @property
    def named(self) -> dict[str, str]:
        """Columns that are named, by what they hold."""
        names = {"time": self.time, "prompt": self.prompt, "output": self.output}
        return {what: name for what, name in names.items() if name}


class TraceField(NamedTuple):
    """A column of a file: its name, and the keys or the place by which it is found."""

    name: str
    keys: tuple[str | int, ...]


@dataclass(frozen=True)
class Table:
    """A file, and where its columns are.

    Attributes
    ----------
    path
        The file as the user knows it.
    plain
        What is read in its place.
    kind
        CSV, JSON lines, a JSON array, or Parquet.
    chosen
        Its column set; ``unit`` is as asked.
    time, prompt, output, status
        Its columns; no status if the file says none.
    width
        Columns of a CSV.
    skipped
        Lines before the first row of a CSV, header included.
    delimiter
        Of a CSV.
    """

    path: Path
    plain: Plain
    kind: Kind
    chosen: ColumnSet
    time: TraceField
    prompt: TraceField
    output: TraceField
    status: TraceField | None
    width: int = 0
    skipped: int = 0
    delimiter: str = ","

    @property
    def sorts(self) -> bool:
        """Whether the order of the file's rows means nothing."""
        return self.chosen.log


class _Header(NamedTuple):
    names: list[str]
    lines: int  # of the file, down to its own last
    delimiter: str
    text: str


def table_of(path: Path, plain: Plain, asked: Asked) -> Table:
    """Find the columns of a file.

    Parameters
    ----------
    path
        The file as the user knows it.
    plain
        The same as `sim.demand.trace_files.plain_text.as_plain` gives it.
    asked
        What the scenario says of it.

    Raises
    ------
    TraceError
        If the file is empty, a column is missing, or one of those that count stands twice.
    """
    if plain.parquet:
        fields = [TraceField(".".join(keys), keys) for keys in parquet_columns(path, plain.path)]
        return _table(path, plain, "parquet", _chosen(path, fields, asked, "its header"))
    begin = _begin(plain.path)
    if not begin:
        raise TraceError(f"trace {path} is empty")
    if begin in "{[":
        kind: Kind = "lines" if begin == "{" else "array"
        return _table(path, plain, kind, _chosen(path, _json_fields(path, plain, kind), asked, "its first record"))
    header, found = _csv_header(path, plain, asked)
    table = _table(path, plain, "csv", found)
    return replace(table, width=len(header.names), skipped=header.lines, delimiter=header.delimiter)


class _Found(NamedTuple):
    chosen: ColumnSet
    time: TraceField
    prompt: TraceField
    output: TraceField
    status: TraceField | None


def _table(path: Path, plain: Plain, kind: Kind, found: _Found) -> Table:
    return Table(path, plain, kind, *found)


def _begin(path: Path) -> str:
    """First character that is no space, empty if there is none."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        while block := file.read(4096):
            if block.strip(" \t\r\n\0"):
                return block.strip(" \t\r\n\0")[0]
    return ""


def _chosen(path: Path, fields: Sequence[TraceField], asked: Asked, where: str) -> _Found:
    """Return the first column set whose columns are all there, and those columns."""
    places: dict[str, list[TraceField]] = {}
    for field in fields:
        places.setdefault(same_name(field.name), []).append(field)
    for candidate in candidates(asked):
        if all(same_name(name) in places for name in candidate.needed):
            unit = candidate.unit if asked.unit == "auto" else asked.unit
            names = (candidate.time, candidate.prompt, candidate.output)
            time, prompt, output = (_one(path, places, name, where) for name in names)
            status = next(iter(places.get(same_name(candidate.status), ())), None)
            return _Found(replace(candidate, unit=unit), time, prompt, output, status)
    raise TraceError(_no_columns(path, fields, asked, where))


def candidates(asked: Asked) -> list[ColumnSet]:
    """Return the column sets that a file may have, the first to be tried first."""
    named = asked.named
    if len(named) == 3 and asked.layout == "auto":
        return [ColumnSet("columns", asked.time, asked.prompt, asked.output, "auto")]
    # those of published traces may have been written anew with our own names
    sets = [it for it in COLUMN_SETS if asked.layout in ("auto", it.name)]
    sets += [it for it in COLUMN_SETS if it.name == "csv" and it not in sets and not named]
    return [_renamed(it, asked) if named else it for it in sets]


def _renamed(it: ColumnSet, asked: Asked) -> ColumnSet:
    """A column set with names of the user's own, whose unit only the file can tell if the time is among them."""
    return replace(it, time=asked.time or it.time, prompt=asked.prompt or it.prompt, output=asked.output or it.output,
                   beside="", unit="auto" if asked.time and asked.layout == "auto" else it.unit)


def _one(path: Path, places: dict[str, list[TraceField]], name: str, where: str) -> TraceField:
    found = places[same_name(name)]
    if len(found) > 1:
        told = " and ".join(repr(field.name) for field in found)
        raise TraceError(f"trace {path}: the column {name} stands {_times(len(found))} in {where} ({told}), so it is "
                         "not clear which is meant; rename all but one, or name another by columns")
    return found[0]


def _times(number: int) -> str:
    return "twice" if number == 2 else f"{number} times"


def _no_columns(path: Path, fields: Sequence[TraceField], asked: Asked, where: str) -> str:
    names = [field.name for field in fields]
    shown = repr(",".join(names))
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]} ..."
    known = {same_name(name) for name in names}
    for what, name in asked.named.items():
        if same_name(name) not in known:
            return f"trace {path}: columns.{what} is {name!r}, which is no column of {where}{near(name, names)}"
    wanted = " or ".join(",".join(candidate.needed) for candidate in candidates(asked))
    return (f"trace {path}: {where} is {shown}, which is no known header; allowed are columns {wanted}; any others can "
            "be named by columns = { time = ..., prompt = ..., output = ... }")


def _csv_header(path: Path, plain: Plain, asked: Asked) -> tuple[_Header, _Found]:
    """Header of a CSV by the first delimiter that gives it known columns."""
    text, lines = _first_record(plain.path)
    headers = [_Header(_split(text, delimiter), lines, delimiter, text) for delimiter in DELIMITERS]
    where = f"line {lines}"
    for header in headers:
        fields = [TraceField(name, (place,)) for place, name in enumerate(header.names)]
        known = {same_name(name) for name in header.names}
        if any(all(same_name(name) in known for name in it.needed) for it in candidates(asked)):
            return header, _chosen(path, fields, asked, where)
    widest = max(headers, key=lambda header: len(header.names))
    raise TraceError(_no_columns(path, [TraceField(name, ()) for name in widest.names], asked, where))


def _split(text: str, delimiter: str) -> list[str]:
    try:
        return [name.strip().strip("\"'").strip() for name in next(csv.reader([text], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []


def _first_record(path: Path) -> tuple[str, int]:
    """Header of a CSV and the number of its last line; a spreadsheet's line ``sep=;`` is passed over."""
    for record in records(path, quoted=True):
        if not record.text.lower().startswith("sep="):
            return record.text[:LONGEST_HEADER], record.last_line
    return "", 1


class LineRecord(NamedTuple):
    """A row of a text file as written."""

    line: int  # its first, from 1
    last_line: int
    text: str


def records(path: Path, quoted: bool) -> Iterator[LineRecord]:
    """Yield the rows of a text file that are not blank, with their lines.

    Parameters
    ----------
    path
        Plain UTF-8 text.
    quoted
        Whether a quotation mark opens a field in which lines may end, as in a CSV.
    """
    begin, parts, is_open = 1, list[str](), False
    number = 0
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not parts:
                begin = number
            parts.append(line)
            is_open ^= quoted and line.count('"') % 2 == 1 and (is_open or _OPENED.search(line) is not None)
            if not is_open:
                text = "".join(parts).rstrip("\n")
                parts.clear()
                if text.strip(" \t"):
                    yield LineRecord(begin, number, text)
    if parts:
        yield LineRecord(begin, number, "".join(parts).rstrip("\n"))


def _json_fields(path: Path, plain: Plain, kind: Kind) -> list[TraceField]:
    """Names in the first records; one that stands twice in a record is there twice."""
    fields: dict[TraceField, int] = {}
    read = 0
    first = ""
    lines = (record.text for record in islice(records(plain.path, quoted=False), SAMPLE))
    for text in lines if kind == "lines" else first_of_array(path, plain.path, SAMPLE):
        first = first or text
        try:
            pairs = json.loads(text, object_pairs_hook=list)
        except (ValueError, RecursionError):
            continue
        read += 1
        found = list(_flat(pairs))
        for field in found:
            fields[field] = max(fields.get(field, 0), found.count(field))
    if not read or not fields:
        shown = repr(first) if len(first) <= 60 else f"{first[:57]!r}..."
        raise TraceError(f"trace {path}: line 1 is {shown}, must be a JSON object that has its columns, such as "
                         "timestamp, input_length and output_length")
    return [field for field, times in fields.items() for _ in range(times)]


def _flat(pairs: object, above: tuple[str, ...] = ()) -> Iterator[TraceField]:
    """Fields of an object, those of objects inside it by names with dots."""
    if not isinstance(pairs, list):
        return
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2):
            return
        keys = (*above, str(pair[0]))
        yield TraceField(".".join(keys), keys)
        if len(keys) < 4:
            yield from _flat(pair[1], keys)
