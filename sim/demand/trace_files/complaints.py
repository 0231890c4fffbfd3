"""The sentence that refuses a trace: its first bad rows by line and value, their number, and what can be asked."""

import csv
import json
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sim.demand.trace_files.duck import connected
from sim.demand.trace_files.queries import NOTHING, raw_cells
from sim.demand.trace_files.row_reader import BROKEN, FAILED, LATE, PROMPT, TIME, BadRow, Counts
from sim.demand.trace_files.trace_table import Table, TraceField, records
from sim.engines.requests import MAX_TOKENS

TOKENS_ALLOWED: Final = f"a whole number from 1 to {MAX_TOKENS}"
TIME_ALLOWED: Final = {
    "s": "a number of seconds, 0 or more (at most 1e11; other units by unit)",
    "ms": "a number of milliseconds, 0 or more", "us": "a number of microseconds, 0 or more",
    "ns": "a number of nanoseconds, 0 or more",
    "datetime": "a date and time like 2023-11-16 18:17:03.97",
}


class Written(NamedTuple):
    """A row as it stands in the file: where, its three cells, and if those are not to be had, why."""

    place: str
    cells: Sequence[Any]
    broken: str = ""


def refusal(name: str, counts: Counts) -> str:
    """Return why a trace is refused.

    Parameters
    ----------
    name
        Path of the trace.
    counts
        What was read of it; some rows are bad.
    """
    pairs = zip(counts.first, _written(counts.first), strict=True)
    rows = "; ".join(_told(bad, written, name) for bad, written in pairs)
    more = f"; and {counts.bad - len(counts.first)} more" if counts.bad > len(counts.first) else ""
    choices = [f"sort = true puts {_rows(counts.bad_late)} in order"] if counts.bad_late else []
    if counts.bad_failed:
        choices.append(f'skip = "failed" leaves out {_rows(counts.bad_failed)} without tokens, as failed requests')
    ways = f" ({', '.join(choices)})" if choices else ""
    plural = "s" if counts.bad > 1 else ""
    return f"trace {name} has {counts.bad} bad row{plural}, and none may be skipped unasked{ways}: {rows}{more}"


def _rows(number: int) -> str:
    return "the row" if number == 1 else f"the {number} rows"


def _told(bad: BadRow, written: Written, name: str) -> str:
    file = "" if str(bad.table.path) == name else f"{bad.table.path.name} "
    return f"{file}{written.place}: {_complaint(bad, written)}"


def _complaint(bad: BadRow, written: Written) -> str:
    table = bad.table
    time, prompt, output = (it.name for it in (table.time, table.prompt, table.output))
    cells = dict(zip((time, prompt, output), written.cells, strict=False))
    if bad.fault == BROKEN or written.broken:
        return written.broken or "cannot be read"
    if bad.fault == TIME:
        return f"{time} is {_shown(cells[time])}, must be {TIME_ALLOWED[table.chosen.unit]}"
    if bad.fault == LATE:
        return f"{time} is {_shown(cells[time])}, must not be before the time of the row above"
    if bad.fault == FAILED:
        return _failed(table, cells)
    column = prompt if bad.fault == PROMPT else output
    return f"{column} is {_shown(cells[column])}, must be {TOKENS_ALLOWED}"


def _failed(table: Table, cells: dict[str, Any]) -> str:
    for name in (table.prompt.name, table.output.name):
        if _is_zero(cells[name]):
            return f"{name} is {_shown(cells[name])}, must be {TOKENS_ALLOWED} (a failed request of the trace)"
    return "its status says that the request failed"


def _is_zero(cell: Any) -> bool:  # noqa: ANN401 - as written
    try:
        return cell is None or bool(re.fullmatch(NOTHING, str(cell).strip(), re.IGNORECASE)) or float(cell) == 0
    except (TypeError, ValueError):
        return False


def _shown(value: Any) -> str:  # noqa: ANN401 - as written
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _written(rows: Sequence[BadRow]) -> list[Written]:
    return [_row_of_text(bad) if bad.table.kind in ("csv", "lines") else _row_of_table(bad) for bad in rows]


def _row_of_text(bad: BadRow) -> Written:
    """Find a row by reading the file again: only then is it known in which line it is."""
    table = bad.table
    quoted = table.kind == "csv"
    wanted = bad.row
    for record in records(table.plain.path, quoted):
        if quoted and record.last_line <= table.skipped:
            continue
        if wanted == 0:
            cells = _csv_cells(table, record.text) if quoted else _json_cells(table, record.text)
            return cells._replace(place=f"line {record.line}")
        wanted -= 1
    return Written(f"row {bad.row + 1}", (), "cannot be read")


def _csv_cells(table: Table, text: str) -> Written:
    try:
        cells = next(csv.reader([text], delimiter=table.delimiter))
    except csv.Error as error:
        return Written("", (), f"cannot be read: {error}")
    if len(cells) != table.width:
        number = f"{len(cells)} field{'s' if len(cells) != 1 else ''}"
        return Written("", (), f"has {number}, must have the header's {table.width}")
    return Written("", [cells[int(it.keys[0])] for it in (table.time, table.prompt, table.output)])


def _json_cells(table: Table, text: str) -> Written:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        names = f"{table.time.name}, {table.prompt.name} and {table.output.name}"
        return Written("", (), f"is {_shown(text)}, must be a JSON object with {names}")
    return Written("", [_inside(record, it) for it in (table.time, table.prompt, table.output)])


def _inside(record: Any, field: TraceField) -> Any:  # noqa: ANN401 - what JSON may hold
    for key in field.keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _row_of_table(bad: BadRow) -> Written:
    with connected() as connection:
        cells = connection.execute(raw_cells(bad.table, bad.row)).fetchone()
    return Written(f"row {bad.row + 1}", cells or (None, None, None))
