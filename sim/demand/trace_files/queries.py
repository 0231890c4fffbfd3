"""The query that reads a trace file: time, prompt and output of every row as numbers, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from sim.demand.trace_files.column_sets import FAILURE
from sim.demand.trace_files.duck import LONGEST_LINE, identifier, json_source, literal
from sim.demand.trace_files.trace_table import Table, TraceField

if TYPE_CHECKING:
    import duckdb

NO_DATE: Final = -(2**63)  # in place of a time that is no date
NO_TIME: Final = -1  # in place of one that is no number
MISSING: Final = -1e300  # in place of tokens that are not given
NO_TOKENS: Final = -1  # in place of tokens that are no number
NOTHING: Final = r"|nan|null|none|na|n/a|\\n"  # how programs write that nothing is there, whatever the case
_OTHER_DATES: Final = (  # how dates are also written, and how DuckDB reads them
    (r"(:[0-9]{2}),([0-9])", r"\1.\2"),  # a comma before the fraction: ISO 8601 allows it, Python's logging writes it
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})([T ])([0-9]{2})([0-9]{2})([0-9]{2})", r"\1-\2-\3\4\5:\6:\7"),  # ISO's basic form
    (r"(Z|[+-][0-9]{2}:?[0-9]{2})\[[^]]*\]$", r"\1"),  # Java adds the name of the zone to its offset
)
_UNREAD: Final = "\x01\x02"  # stands for NULL in no file: an empty field is not a missing one
_WHOLE: Final = ("INTEGER", "BIGINT", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT", "HUGEINT")


class Manner(NamedTuple):
    """How texts are read."""

    parallel: bool
    longest: int  # bytes of a line; 0 for DuckDB's own limit
    repairs: bool = False  # whether bytes that are no text are replaced first


# most files are read in the first; quoted fields with lines inside, and texts beside the columns, need the others
MANNERS: Final = (Manner(True, 0), Manner(False, 0), Manner(False, LONGEST_LINE), Manner(False, LONGEST_LINE, True))


class Typed(NamedTuple):
    """The SQL of a cell, and whether that is a text, date, number or other."""

    sql: str
    kind: str


def with_unit(connection: duckdb.DuckDBPyConnection, table: Table, manner: Manner) -> Table:
    """Return a table whose unit of time is known: a column of dates says so, else the first value does."""
    time = _typed(connection, table, table.time)
    unit = table.chosen.unit
    if time.kind == "date":
        unit = "datetime"
    elif unit == "auto":
        sql = (f"SELECT {_number(time)} IS NOT NULL FROM {_source(table, manner)} WHERE {time.sql} IS NOT NULL AND "
               f"trim(CAST({time.sql} AS VARCHAR)) <> '' LIMIT 1")
        first = connection.execute(sql).fetchone()
        unit = "s" if first is None or first[0] else "datetime"
    return replace(table, chosen=replace(table.chosen, unit=unit))


def select(connection: duckdb.DuckDBPyConnection, table: Table, manner: Manner) -> str:
    """Return the query of a file whose unit is known.

    Its rows are those of the file, in order: ``t`` in the unit of the file, or whole microseconds of a date;
    ``p`` and ``o``, tokens; ``failed``, whether a status says so; ``broken``, whether fields are too few or too many;
    ``vacant``, whether a row of a CSV has delimiters and nothing else, as spreadsheets write blank ones.
    """
    time, prompt, output = (_typed(connection, table, it) for it in (table.time, table.prompt, table.output))
    failed = "false"
    if table.status is not None:
        cell = _typed(connection, table, table.status).sql
        failed = f"coalesce(lower(trim(CAST({cell} AS VARCHAR))) = '{FAILURE}', false)"
    return (f"SELECT {_time(time, table)} AS t, {_tokens(prompt, table)} AS p, {_tokens(output, table)} AS o, "
            f"{failed} AS failed, {_broken(table)} AS broken, {_vacant(table)} AS vacant FROM {_source(table, manner)}")


def in_order(selects: list[str]) -> str:
    """Return the query of several files' rows in order of time, those of equal time as they stand."""
    numbered = [f"SELECT {place} AS f, row_number() OVER () AS n, * FROM ({sql})" for place, sql in enumerate(selects)]
    return f"SELECT t, p, o, failed, broken, vacant FROM ({' UNION ALL '.join(numbered)}) ORDER BY t, f, n"


def raw_cells(table: Table, row: int) -> str:
    """Return the query of one row of a file without lines, as text: time, prompt and output."""
    cells = ", ".join(f"CAST({_cell(table, it)} AS VARCHAR)" for it in (table.time, table.prompt, table.output))
    return f"SELECT {cells} FROM {_source(table, MANNERS[0])} LIMIT 1 OFFSET {row}"


def _cell(table: Table, field: TraceField) -> str:
    if table.kind == "csv":
        return f"c{field.keys[0]}"
    if table.kind == "parquet":
        return ".".join(identifier(str(key)) for key in field.keys)
    return f"v[{_json_fields(table).index(field) + 1}]"


def _json_fields(table: Table) -> list[TraceField]:
    return [it for it in (table.time, table.prompt, table.output, table.status) if it is not None]


def _source(table: Table, manner: Manner) -> str:
    name = literal(str(table.plain.path))
    if table.kind == "parquet":
        return f"read_parquet({name})"
    if table.kind == "csv":
        return _csv_source(table, name, manner)
    paths = ", ".join(literal("$" + "".join(f".{identifier(str(key))}" for key in field.keys))
                      for field in _json_fields(table))
    # a line that is no JSON gives NULL
    return f"(SELECT TRY(json_extract_string(line, [{paths}])) AS v FROM {json_source(table.plain.path, table.kind)})"


def _csv_source(table: Table, name: str, manner: Manner) -> str:
    # one column more than the header has: what is in it, no row should have
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(table.width + 1))
    longest = f", max_line_size = {manner.longest}" if manner.longest else ""
    return (f"(SELECT * FROM read_csv({name}, auto_detect = false, header = false, skip = {table.skipped}, "
            f"delim = {literal(table.delimiter)}, quote = '\"', escape = '\"', null_padding = true, "
            f"strict_mode = false, nullstr = '{_UNREAD}', columns = {{{columns}}}, "
            f"parallel = {str(manner.parallel).lower()}{longest}) WHERE c1 IS NOT NULL OR trim(c0, ' \t') <> '')")


def _broken(table: Table) -> str:
    if table.kind == "csv":
        return f"(c{table.width - 1} IS NULL OR c{table.width} IS NOT NULL)"
    return "false" if table.kind == "parquet" else "(v IS NULL)"


def _vacant(table: Table) -> str:
    if table.kind != "csv":
        return "false"
    cells = [f"coalesce(trim({_cell(table, it)}, ' \t'), '') = ''" for it in (table.time, table.prompt, table.output)]
    every = ", ".join(f"c{place}" for place in range(table.width + 1))  # looked at where those three are empty only
    return f"(CASE WHEN {' AND '.join(cells)} THEN trim(concat({every}), ' \t') = '' ELSE false END)"


def _typed(connection: duckdb.DuckDBPyConnection, table: Table, field: TraceField) -> Typed:
    sql = _cell(table, field)
    if table.kind != "parquet":
        return Typed(sql, "text")
    kind = str(connection.sql(f"SELECT {sql} FROM {_source(table, MANNERS[0])} LIMIT 0").types[0])
    if kind.startswith(("TIMESTAMP", "DATE")):
        return Typed(sql, "date")
    if kind == "VARCHAR":
        return Typed(sql, "text")
    return Typed(sql, "number" if kind in _WHOLE or kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")) else "other")


def _number(cell: Typed) -> str:
    if cell.kind == "text":  # DuckDB reads 1_000 as a number, no trace writes it
        return f"(CASE WHEN contains({cell.sql}, '_') THEN NULL ELSE TRY_CAST({cell.sql} AS DOUBLE) END)"
    return f"TRY_CAST({cell.sql} AS DOUBLE)" if cell.kind == "number" else "CAST(NULL AS DOUBLE)"


def _time(cell: Typed, table: Table) -> str:
    unit = table.chosen.unit
    if unit == "datetime":
        return f"coalesce({_microseconds(cell)}, {NO_DATE})"
    if unit == "ns":  # counted since 1970 they are more than a float64 holds exactly
        whole = "CAST(NULL AS BIGINT)" if cell.kind == "other" else f"TRY_CAST({cell.sql} AS BIGINT)"
        return f"coalesce(CASE WHEN {_number(cell)} IS NULL THEN NULL ELSE {whole} END, {NO_TIME})"
    if table.delimiter == ";" and cell.kind == "text":  # where a semicolon parts fields, a comma may part decimals
        cell = Typed(f"replace({cell.sql}, ',', '.')", "text")
    return f"coalesce({_number(cell)}, {NO_TIME})"


def _microseconds(cell: Typed) -> str:
    """Microseconds of a date since 1970, as ISO 8601 writes it, loggers (`_OTHER_DATES`) or web servers."""
    if cell.kind == "number":
        return "CAST(NULL AS BIGINT)"
    iso = f"epoch_us(TRY_CAST({cell.sql} AS TIMESTAMPTZ))"
    if cell.kind != "text":
        return iso
    other = f"upper({cell.sql})"  # 2026-11-02t09:00:00z
    for written, meant in _OTHER_DATES:
        other = f"regexp_replace({other}, {literal(written)}, {literal(meant)})"
    servers = f"epoch_us(try_strptime(trim({cell.sql}, ' []'), '%d/%b/%Y:%H:%M:%S %z'))"
    return f"{iso}, epoch_us(TRY_CAST({other} AS TIMESTAMPTZ)), {servers}"


def _tokens(cell: Typed, table: Table) -> str:
    """Tokens; `MISSING` or NaN where none are given (tables of pandas have NaN), `NO_TOKENS` where no number is."""
    parts = [_number(cell), f"CASE WHEN {cell.sql} IS NULL THEN {MISSING} END"]
    if cell.kind == "text":
        # a list of words after IN would become a join, and that would mix up the order of rows
        nothing = f"regexp_full_match(trim({cell.sql}), {literal(f'({NOTHING})')}, 'i')"
        parts.append(f"CASE WHEN {nothing} THEN {MISSING} END")
        if table.delimiter != ";":  # 1,234: thousands, since tokens are whole
            grouped = f"regexp_full_match({cell.sql}, '\\s*[0-9]{{1,3}}(,[0-9]{{3}})+\\s*')"
            parts.append(f"CASE WHEN {grouped} THEN TRY_CAST(replace({cell.sql}, ',', '') AS DOUBLE) END")
    return f"coalesce({', '.join(parts)}, {NO_TOKENS})"
