"""How the file of a store is opened: nothing in it may read other files, and it must be laid out as this code does."""

import re
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.store.dictionary import DESIGN_TABLES, SCHEMA_VERSION, TABLES
from sim.errors import MarketError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, Statement

ADDED: Final = {"run": "VARCHAR", "line": "BIGINT"}  # columns that the store adds to the tables of runs
# A store may come from a stranger: a view in it could read any file of whoever opens it, so no file and no Python
# variable is to be had, no extension comes in, and no query can change that.
# One thread: sums in the same order everywhere, and no competition with workers.
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    "lock_configuration": True,
}
# what else than tables a file may hold, each asked of DuckDB's own catalogue: a file may define a macro of that name
_OBJECTS: Final = """
    SELECT 'view' AS kind, view_name AS name FROM system.main.duckdb_views() WHERE NOT internal
    UNION ALL SELECT 'macro', function_name FROM system.main.duckdb_functions() WHERE NOT internal
    UNION ALL SELECT 'type', type_name FROM system.main.duckdb_types() WHERE NOT internal
    UNION ALL SELECT 'sequence', sequence_name FROM system.main.duckdb_sequences()
    UNION ALL SELECT 'index', index_name FROM system.main.duckdb_indexes()
    UNION ALL SELECT 'schema', schema_name FROM system.main.duckdb_schemas() WHERE NOT internal
    ORDER BY ALL"""
_TABLES: Final = """
    SELECT table_name, sql FROM system.main.duckdb_tables()
    WHERE NOT internal AND schema_name = 'main' AND NOT temporary ORDER BY table_name"""
LONGEST: Final = 100_000  # characters of a query
DEEPEST: Final = 100  # brackets in one another: the parser takes a second over a thousand, hours over ten thousand
_MOST: Final = 500  # characters of DuckDB's own text that are shown


class StoreError(MarketError):
    """A store cannot be opened, is not one, or is asked for something that it does not hold."""


def connect(name: str, read_only: bool) -> "DuckDBPyConnection":
    """Open a database that can reach nothing but itself.

    Parameters
    ----------
    name
        Path of its file, or ``:memory:``.
    read_only
        Whether it may only be read; a file that this process has open for writing is then opened like that.

    Raises
    ------
    duckdb.Error
        If DuckDB cannot open it.
    """
    import duckdb

    try:
        return duckdb.connect(name, read_only=read_only, config=_CONFIG)
    except duckdb.ConnectionException:
        if not read_only:
            raise
        return duckdb.connect(name, config=_CONFIG)  # this process has it open for writing


def lay_out(connection: "DuckDBPyConnection") -> None:
    """Make the tables of an empty store."""
    for name, table in {**DESIGN_TABLES, **TABLES}.items():
        columns = dict(ADDED) if name in TABLES else {}
        columns |= {column.name: column.dtype for column in table.columns}
        text = ", ".join(f'"{column}" {dtype}' for column, dtype in columns.items())
        key = f", PRIMARY KEY ({', '.join(table.dimensions)})" if name in ("studies", "runs") else ""
        connection.execute(f'CREATE TABLE "{name}" ({text}{key})')
    connection.execute("INSERT INTO schema_version VALUES (?)", [SCHEMA_VERSION])


def open_store(path: Path, read_only: bool) -> "DuckDBPyConnection":
    """Open a store that exists, and make sure that it is one and holds nothing else.

    Raises
    ------
    StoreError
        If it cannot be opened, is of another version, or holds anything that a store of this version does not.
    """
    import duckdb

    if not path.is_file():
        raise StoreError(f"{path} is not a store: it is no file")
    try:
        connection = connect(str(path), read_only)
    except duckdb.Error as error:
        raise StoreError(_why_not(path, error)) from None
    try:
        problem = _problem(connection)
    except duckdb.Error as error:
        problem = f"is damaged ({first_line(error)}); {AGAIN}"
    if problem:
        connection.close()
        raise StoreError(f"store {path} {problem}")
    return connection


AGAIN: Final = "use a copy of it, or another file, and run the study again"


def _problem(connection: "DuckDBPyConnection") -> str:
    """Say what tells a file from a store of this version, to follow its name; nothing if all is well."""
    found = dict(connection.execute(_TABLES).fetchall())
    wanted = _wanted()
    if found.get("schema_version") != wanted["schema_version"]:
        return "is a DuckDB file, but not a store of tokenmarket"
    versions = connection.execute("SELECT version FROM main.schema_version").fetchall()
    if versions != [(SCHEMA_VERSION,)]:
        told = ", ".join(str(version) for version, in versions) or "none"
        return (f"has schema version {told}, but this code reads and writes version {SCHEMA_VERSION}; use the version "
                "of tokenmarket that made it, or another file")
    strange = connection.execute(_OBJECTS).fetchall()
    strange += [("table", name) for name in found if name not in wanted]
    if strange:
        kind, name = strange[0]
        return f"holds a {kind} {name[:80]!r}, which no store has: somebody has changed it, and nothing in it was read"
    changed = [name for name, text in wanted.items() if found.get(name) != text]
    if changed:
        return (f"has a table {changed[0]!r} that is missing or not laid out as in version {SCHEMA_VERSION}: somebody "
                "has changed it, and nothing in it was read")
    return ""


def _wanted() -> Mapping[str, str]:
    """Return every table of an empty store with the statement that makes it, as this DuckDB words it."""
    with connect(":memory:", read_only=False) as connection:
        lay_out(connection)
        return dict(connection.execute(_TABLES).fetchall())


def read_query(connection: "DuckDBPyConnection", sql: str) -> "Statement":
    """Return a query as a statement; only one SELECT is allowed.

    Nothing interrupts DuckDB's parser, and it takes exponential time over some texts that are no SQL.

    Raises
    ------
    StoreError
        If it is empty, too long, more than one statement, a statement of another kind, or no SQL.
    """
    import duckdb

    if "\0" in sql or len(sql) > LONGEST or _depth(sql) > DEEPEST:
        raise StoreError(f"the query is too long, too deep or holds a NUL character: {sql[:40]!r} ...; at most "
                         f"{LONGEST} characters and {DEEPEST} brackets in one another are read")
    try:
        sql.encode()
        statements = connection.extract_statements(sql)
    except UnicodeEncodeError:
        raise StoreError(f"the query is not UTF-8 text: {sql[:40]!a}") from None
    except duckdb.Error as error:
        raise query_failed(error) from None
    if not statements:
        raise StoreError(f"the query is empty: {sql[:40]!r}; give one SELECT")
    kinds = [str(it.type).rpartition(".")[2] for it in statements]
    if kinds != [duckdb.StatementType.SELECT.name]:
        told = f"{len(kinds)} statements" if len(kinds) > 1 else f"a statement of kind {kinds[0]}"
        raise StoreError(f"the query is {told}, but queries are read-only: one SELECT at a time")
    return statements[0]


def _depth(text: str) -> int:
    """Return how deep brackets stand in one another, those in quotes counted like any other."""
    steps = (1 if sign in "([{" else -1 for sign in text if sign in "([{}])")
    return max(accumulate(steps), default=0)


def query_failed(error: Exception) -> StoreError:
    """Return an error that says what DuckDB says of a query."""
    text = str(error)
    return StoreError(f"the query failed: {text[:_MOST]}{' ...' if len(text) > _MOST else ''}")


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, or the error's name if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0][:_MOST]


def broken(error: Exception) -> StoreError:
    """Return an error that says what became of a store that could not be read or written, and what is kept."""
    text = first_line(error)
    if re.search(r"No space left|Disk quota|disk full", text, re.IGNORECASE):
        text = f"the disk is full ({text})"
    return StoreError(f"the store failed: {text}. What it had stored before is kept; free space or mend the file, and "
                      "start the same command again: runs that are stored are not done again")


def _why_not(path: Path, error: Exception) -> str:
    """Say in one sentence why DuckDB cannot open a file."""
    text = first_line(error)
    held = re.search(r"Conflicting lock is held in (.*?) ?\(PID (\d+)\)", text)
    if held:
        return (f"store {path} is in use by process {held[2]} ({Path(held[1]).name}); wait until it is done, or use "
                "another store")
    if "different configuration" in text:
        return f"store {path} is open for reading in this process; close that first"
    if "not a valid DuckDB" in text:
        return f"{path} is not a store: it is no DuckDB file"
    if "Could not read enough bytes" in text or "Corrupt database" in text:
        return f"store {path} is cut off or damaged ({text}); {AGAIN}"
    return f"cannot open the store {path}: {text}"


