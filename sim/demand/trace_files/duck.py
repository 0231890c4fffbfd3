"""DuckDB as a reader of files: connections that behave alike everywhere, and what they say of a file's columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.errors import TraceError

if TYPE_CHECKING:
    import duckdb

MEMORY: Final = "768MB"  # of a sort; what does not fit goes to the folder
LONGEST_LINE: Final = 1 << 28  # bytes, of texts beside the columns


@contextmanager
def connected(folder: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to a database in memory that reads the same on every machine.

    Parameters
    ----------
    folder
        Where it may put what does not fit into memory.
    """
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")  # a time without a zone would else be the machine's
        connection.execute("SET preserve_insertion_order = true")
        connection.execute("SET enable_progress_bar = false")
        # a result is handed on in pieces; in ever so small ones its maker and its reader would wait for each other
        connection.execute("SET streaming_buffer_size = '32MB'")
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        if folder is not None:
            connection.execute(f"SET temp_directory = {literal(str(folder))}")
        yield connection


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def cannot_read(path: Path, error: Exception) -> TraceError:
    """Return the error of a file at which DuckDB gave up, in one sentence."""
    if "unexpected end of data" in str(error):
        return TraceError(f"trace {path} cannot be read: it is truncated, for its last record is not whole")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return TraceError(f"trace {path} cannot be read: {' '.join(lines[:2])[:300]}")


def parquet_columns(path: Path, plain: Path) -> list[tuple[str, ...]]:
    """Return the columns of a Parquet file, each as the names that lead to it: one, or more inside structures.

    Raises
    ------
    TraceError
        If it cannot be read.
    """
    import duckdb

    with connected() as connection:
        try:
            found = connection.sql(f"SELECT * FROM read_parquet({literal(str(plain))})")
            types = dict(zip(found.columns, found.types, strict=True))
            return [keys for name, kind in types.items() for keys in _inside((name,), kind)]
        except duckdb.Error as error:
            said = " ".join(str(error).split())[:200]
            raise TraceError(f"trace {path} cannot be read: it is truncated or damaged, for what describes its columns "
                             f"is not whole ({said})") from None


def _inside(keys: tuple[str, ...], kind: Any) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - DuckDB's type of a column
    if kind.id != "struct":
        yield keys
        return
    for name, inner in kind.children:
        yield from _inside((*keys, name), inner)


def first_of_array(path: Path, plain: Path, number: int) -> list[str]:
    """Return the first records of a JSON array as text.

    Raises
    ------
    TraceError
        If it cannot be read.
    """
    import duckdb

    with connected() as connection:
        try:
            rows = connection.execute(f"SELECT line FROM {json_source(plain, 'array')} LIMIT {number}").fetchall()
        except duckdb.Error as error:
            raise cannot_read(path, error) from None
    return [str(row[0]) for row in rows]


def json_source(plain: Path, kind: str) -> str:
    """Return the SQL of a JSON file's records, a text ``line`` each, blank lines left out."""
    name = literal(str(plain))
    if kind == "array":
        return (f"(SELECT CAST(json AS VARCHAR) AS line FROM read_json({name}, format = 'array', records = false, "
                f"columns = {{'json': 'JSON'}}, maximum_object_size = {LONGEST_LINE}))")
    # lines are no CSV, but are cut as one whose delimiter and quotation mark never occur
    return (f"(SELECT line FROM read_csv({name}, auto_detect = false, header = false, delim = '\x1f', quote = '', "
            f"escape = '', strict_mode = false, columns = {{'line': 'VARCHAR'}}, nullstr = '\x01\x02', "
            f"max_line_size = {LONGEST_LINE // 8}) WHERE trim(line, ' \t') <> '')")
