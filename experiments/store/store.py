"""The store: one DuckDB file that holds designs and runs, whole after a kill at any moment."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from experiments.output.stages import clear, stage
from experiments.runs.specs import RunRecord, RunSpec, Value
from experiments.store.dictionary import DESIGN_TABLES, SCHEMA_VERSION, TABLES
from experiments.store.layout import Table
from sim.errors import MarketError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

STORE_FILE: Final = "store.duckdb"
# one thread: sums in the same order everywhere, and no competition with workers; nothing is fetched from the network
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {"threads": 1, "autoinstall_known_extensions": False}
_ADDED: Final = {"run": "VARCHAR", "line": "BIGINT"}  # columns that the store adds to the tables of runs
_RESERVED: Final = {"row", "replication", *_ADDED} | {name for table in TABLES.values() for name in table.names}
_PANDAS: Final = {"VARCHAR": "object", "BIGINT": "Int64", "DOUBLE": "float64", "BOOLEAN": "boolean"}


class StoreError(MarketError):
    """A store cannot be opened, is not one, or is asked for something that it does not hold."""


class Store:
    """Designs and runs in one DuckDB file, open for writing; a context manager.

    Each change is one transaction: a process that dies leaves what it had committed, and nothing else. One process
    at a time writes; others may read when nobody writes.

    Parameters
    ----------
    path
        The file, made if it is not there; None keeps everything in memory.

    Raises
    ------
    StoreError
        If the file is no store, is of another version, or is in use by another process.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = None if path is None else Path(path)
        if path is None:
            self._connection = _connect(":memory:", read_only=False)
            _lay_out(self._connection)
            return
        if not Path(path).exists():
            _make(Path(path))
        self._connection = _opened(Path(path), read_only=False)
        clear(Path(path))

    @classmethod
    def open_for_reading(cls, path: str | Path) -> Self:
        """Open a store that is there already, without the right to change it.

        Raises
        ------
        StoreError
            As for writing, or if there is no such file.
        """
        if not Path(path).exists():
            raise StoreError(f"there is no store {path}")
        store = cls.__new__(cls)
        store.path = Path(path)
        store._connection = _opened(store.path, read_only=True)
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was added is on disk already."""
        self._connection.close()

    def begin(self, study: str, manifest: Mapping[str, Any], specs: Sequence[RunSpec]) -> None:
        """Write down what a study wants: its manifest, points and runs. The same again changes nothing.

        A study of that name that wanted something else is replaced; runs that are done stay.

        Raises
        ------
        StoreError
            If a factor has the name of a column.
        """
        taken = sorted({name for spec in specs for name in spec.point} & _RESERVED)
        if taken:
            raise StoreError(f"study {study!r} has a factor {taken[0]!r}, but that is the name of a column")
        points = {spec.row: spec.point for spec in specs}
        with self._transaction():
            # what the study wants is replaced; runs stay, since another study may want them, or this one again
            for table in ("studies", "points", "plan"):
                self._connection.execute(f"DELETE FROM {table} WHERE study = ?", [study])
            self._insert("studies", _rows(("study", "manifest"), [(study, json.dumps(manifest, ensure_ascii=False))]))
            self._insert("points", _rows(("study", "row", "factor", "place", "value"), (
                (study, row, factor, place, json.dumps(value))
                for row, point in points.items() for place, (factor, value) in enumerate(point.items()))))
            self._insert("plan", _rows(("study", "row", "replication", "kind", "run"), (
                (study, spec.row, spec.replication, spec.kind, spec.key) for spec in specs)))

    def done(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys whose runs are stored, failed ones included."""
        asked = list(keys)
        stored = self._connection.execute("SELECT run FROM runs WHERE run IN (SELECT unnest(?::VARCHAR[]))", [asked])
        return {key for key, in stored.fetchall()}

    def has_all(self, keys: set[str]) -> bool:
        """Return whether the runs of all keys are stored, failed ones included."""
        return self.done(keys) == keys

    def add(self, records: Sequence[RunRecord]) -> None:
        """Add runs in one transaction; runs that are stored already are left as they are.

        Raises
        ------
        ValueError
            If a table is not in the data dictionary or its columns are not those listed there.
        """
        # runs of one key are equal: whoever comes second, from another worker or study, adds nothing
        known = self.done(record.key for record in records)
        fresh = {record.key: record for record in reversed(records) if record.key not in known}
        parts: dict[str, dict[str, DataFrame]] = {name: {} for name in TABLES}  # frames by run
        for record in fresh.values():
            for name, frame in record.tables.items():
                _check_columns(name, frame)
                if len(frame):
                    parts[name][record.key] = frame
        with self._transaction():
            self._insert("runs", _rows(("run", "problem", "wall_s"), (
                (record.key, record.problem, record.wall_s) for record in fresh.values())))
            for name, frames in parts.items():
                if frames:
                    self._insert(name, _whole(frames))

    def forget_failures(self, keys: Iterable[str]) -> None:
        """Forget those of the runs that failed, so that they are done again."""
        with self._transaction():
            # runs that failed have no rows in other tables
            self._connection.execute("DELETE FROM runs WHERE problem <> '' AND run IN (SELECT unnest(?::VARCHAR[]))",
                                     [list(keys)])

    def frame(self, sql: str, parameters: Sequence[Any] = ()) -> "DataFrame":
        """Return what a query gives.

        Raises
        ------
        StoreError
            If DuckDB refuses the query; the text is its own.
        """
        import duckdb

        try:
            return self._connection.execute(sql, list(parameters)).df()
        except duckdb.Error as error:
            raise StoreError(f"the query failed: {error}") from None

    def studies(self) -> "DataFrame":
        """Return every study with its numbers of points and of runs wanted, done and failed."""
        return self.frame("""
            SELECT study, count(DISTINCT row) AS points, count(row) AS runs, count(runs.run) AS done,
                   count(*) FILTER (problem <> '') AS failed
            FROM studies LEFT JOIN plan USING (study) LEFT JOIN runs USING (run) GROUP BY study ORDER BY study""")

    def manifest(self, study: str) -> dict[str, Any]:
        """Return the manifest that a study was begun with.

        Raises
        ------
        StoreError
            If there is no such study.
        """
        found = self._connection.execute("SELECT manifest FROM studies WHERE study = ?", [study]).fetchone()
        if found is None:
            names = ", ".join(self.studies()["study"]) or "none"
            raise StoreError(f"the store has no study {study!r}; its studies: {names}")
        manifest: dict[str, Any] = json.loads(found[0])
        return manifest

    def points(self, study: str) -> "DataFrame":
        """Return the points of a study: one a row (the index), one column per factor, in the order of the design."""
        import pandas as pd

        rows = self._connection.execute("SELECT DISTINCT row FROM plan WHERE study = ? ORDER BY row", [study])
        index = pd.Index([row for row, in rows.fetchall()], name="row", dtype="int64")
        values: dict[str, dict[int, Value]] = {}
        for row, factor, value in self._connection.execute(
                "SELECT row, factor, value FROM points WHERE study = ? ORDER BY row, place", [study]).fetchall():
            values.setdefault(factor, {})[row] = json.loads(value)
        columns = {factor: pd.Series([column.get(row) for row in index], index) for factor, column in values.items()}
        return pd.DataFrame(columns, index=index)

    def table(self, name: str, study: str) -> "DataFrame":
        """Return a table of the runs of a study, by row of the design, replication and the run's own order.

        Parameters
        ----------
        name
            A table of the data dictionary.
        study
            Name of the study.

        Returns
        -------
        DataFrame
            The columns ``row`` and ``replication``, one per factor, and those of the table.

        Raises
        ------
        StoreError
            If there is no such table or study.
        """
        if name not in TABLES:
            raise StoreError(f"there is no table {name!r}; tables are {', '.join(TABLES)}")
        self.manifest(study)
        columns = ", ".join(f't."{column}"' for column in TABLES[name].names)
        frame = self.frame(f'SELECT plan.row, plan.replication, {columns} FROM plan JOIN "{name}" t USING (run) '
                           "WHERE study = ? ORDER BY row, replication, line", [study])
        return self._with_factors(_plain_numbers(frame, TABLES[name]), study)

    def replications(self, study: str) -> "DataFrame":
        """Return the runs of a study that are done and did not fail: row, replication and factors."""
        frame = self.frame("SELECT plan.row, plan.replication FROM plan JOIN runs USING (run) "
                           "WHERE study = ? AND problem = '' ORDER BY ALL", [study])
        return self._with_factors(frame, study)

    def runs(self, study: str) -> "DataFrame":
        """Return every run that a study wants: row, replication, factors and ``state`` (done, failed or missing)."""
        frame = self.frame("SELECT plan.row, plan.replication, CASE WHEN problem IS NULL THEN 'missing' "
                           "WHEN problem = '' THEN 'done' ELSE 'failed' END AS state "
                           "FROM plan LEFT JOIN runs USING (run) WHERE study = ? ORDER BY row, replication", [study])
        return self._with_factors(frame, study)

    def failures(self, study: str) -> "DataFrame":
        """Return the runs of a study that failed: row, replication, factors and why (``problem``)."""
        frame = self.frame("SELECT plan.row, plan.replication, problem FROM plan JOIN runs USING (run) "
                           "WHERE study = ? AND problem <> '' ORDER BY ALL", [study])
        return self._with_factors(frame, study)

    def export(self, folder: str | Path, form: Literal["csv", "parquet"]) -> list[Path]:
        """Write each table as a file of its own, rows in a fixed order, and return the paths.

        Raises
        ------
        StoreError
            If the folder cannot be written.
        """
        import duckdb

        options = "(FORMAT csv, HEADER)" if form == "csv" else "(FORMAT parquet)"
        paths = []
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            for name in [*DESIGN_TABLES, *TABLES]:
                path = Path(folder) / f"{name}.{form}"
                # how long a run took is no result, and no two times alike
                columns = "* EXCLUDE (wall_s)" if name == "runs" else "*"
                target = str(path).replace("'", "''")
                self._connection.execute(f"COPY (SELECT {columns} FROM \"{name}\" ORDER BY {_order(name)}) "
                                         f"TO '{target}' {options}")
                paths.append(path)
        except (OSError, duckdb.IOException) as error:
            raise StoreError(f"cannot export to {folder}: {_first_line(error)}") from None
        return paths

    def _with_factors(self, frame: "DataFrame", study: str) -> "DataFrame":
        points = self.points(study)
        for place, factor in enumerate(points.columns):
            frame.insert(2 + place, factor, points[factor].loc[frame["row"]].to_numpy())
        return frame

    def _insert(self, table: str, frame: "DataFrame") -> None:
        """Append rows; whole numbers may be missing, and are then NULL."""
        types = {column.name: column.dtype for column in {**TABLES, **DESIGN_TABLES}[table].columns}
        typed = frame.astype({name: _PANDAS[types.get(name, _ADDED.get(name, ""))] for name in frame.columns})
        self._connection.register("incoming", typed)
        self._connection.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM incoming')
        self._connection.unregister("incoming")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        import duckdb

        try:
            self._connection.execute("BEGIN")
            # undone whatever is raised, an interrupt included, without catching it
            with ExitStack() as undo:
                undo.callback(self._connection.execute, "ROLLBACK")
                yield
                undo.pop_all()
            self._connection.execute("COMMIT")
        except duckdb.Error as error:  # a full disk, above all
            raise StoreError(f"cannot write to the store: {_first_line(error)}; what it held is kept: when that is "
                             "mended, the same command goes on from there") from None


def _rows(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> "DataFrame":
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))


def _whole(frames: "Mapping[str, DataFrame]") -> "DataFrame":
    """Frames of runs as one, with the columns ``run`` and ``line``."""
    import numpy as np
    import pandas as pd

    lengths = [len(frame) for frame in frames.values()]
    whole = pd.concat(frames.values(), ignore_index=True)
    whole["run"] = np.repeat(np.array(list(frames), object), lengths)
    whole["line"] = np.concatenate([np.arange(length) for length in lengths])
    return whole


def _plain_numbers(frame: "DataFrame", table: Table) -> "DataFrame":
    """Whole numbers as int64, or float64 with NaN where some are missing; missing texts as empty ones."""
    for column in table.columns:
        values = frame[column.name]
        if column.dtype == "BIGINT":
            frame[column.name] = values.astype("float64" if values.isna().any() else "int64")
        elif column.dtype == "VARCHAR":
            frame[column.name] = values.fillna("")
    return frame


def _check_columns(name: str, frame: "DataFrame") -> None:
    if name not in TABLES:
        raise ValueError(f"table {name!r} is not in the data dictionary")
    if tuple(frame.columns) != TABLES[name].names:
        raise ValueError(f"table {name!r} has the columns {list(frame.columns)}, not {list(TABLES[name].names)}")


def _order(table: str) -> str:
    """By what the rows of an exported table are ordered; that tells them all apart."""
    columns = _ADDED if table in TABLES else DESIGN_TABLES[table].dimensions
    return ", ".join(columns) or "ALL"


def _lay_out(connection: "DuckDBPyConnection") -> None:
    """Make the tables of an empty store."""
    for name, table in {**DESIGN_TABLES, **TABLES}.items():
        columns = dict(_ADDED) if name in TABLES else {}
        columns |= {column.name: column.dtype for column in table.columns}
        text = ", ".join(f'"{column}" {dtype}' for column, dtype in columns.items())
        key = f", PRIMARY KEY ({', '.join(table.dimensions)})" if name in ("studies", "runs") else ""
        connection.execute(f'CREATE TABLE "{name}" ({text}{key})')
    connection.execute("INSERT INTO schema_version VALUES (?)", [SCHEMA_VERSION])


def _make(path: Path) -> None:
    """Make an empty store beside its place and move it there whole; another process may have been faster."""
    import duckdb

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with stage(path) as folder:
            connection = _connect(str(folder / path.name), read_only=False)
            _lay_out(connection)
            connection.execute("CHECKPOINT")  # closing does so, too, but says nothing of a full disk
            connection.close()
            # a link and not a move, which would put this empty store in place of one that another process has just made
            with suppress(FileExistsError):
                os.link(folder / path.name, path)
    except OSError as error:
        raise StoreError(f"cannot make the store {path}: {error.strerror}") from None
    except duckdb.Error as error:
        raise StoreError(f"cannot make the store {path}: {_first_line(error)}") from None


def _opened(path: Path, read_only: bool) -> "DuckDBPyConnection":
    """Open a store that exists, and make sure that it is one."""
    import duckdb

    try:
        connection = _connect(str(path), read_only)
    except duckdb.Error as error:
        raise StoreError(_why_not(path, error)) from None
    try:
        found = connection.execute("SELECT version FROM schema_version").fetchone()
    except duckdb.CatalogException:
        found = None
    if found != (SCHEMA_VERSION,):
        connection.close()
        raise StoreError(f"{path} is a DuckDB file, but not a store of tokenmarket" if found is None else
                         f"store {path} has schema version {found[0]}, but this code reads and writes version "
                         f"{SCHEMA_VERSION}; use the version of tokenmarket that made it, or another file")
    return connection


def _connect(name: str, read_only: bool) -> "DuckDBPyConnection":
    import duckdb

    try:
        return duckdb.connect(name, read_only=read_only, config=_CONFIG)
    except duckdb.ConnectionException:
        if not read_only:
            raise
        return duckdb.connect(name, config=_CONFIG)  # this process has it open for writing


def _why_not(path: Path, error: Exception) -> str:
    """Say in one sentence why DuckDB cannot open a file."""
    text = _first_line(error)
    held = re.search(r"Conflicting lock is held in (.*?) ?\(PID (\d+)\)", text)
    if held:
        return (f"store {path} is in use by process {held[2]} ({Path(held[1]).name}); wait until it is done, or use "
                "another store")
    if "different configuration" in text:
        return f"store {path} is open for reading in this process; close that first"
    if "not a valid DuckDB" in text:
        return f"{path} is not a store: it is no DuckDB file"
    return f"cannot open the store {path}: {text}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
