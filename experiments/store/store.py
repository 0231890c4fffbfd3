"""The store: one DuckDB file that holds designs and runs, whole after a kill at any moment."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from experiments.output.stages import clear, stage
from experiments.runs.specs import RunRecord, RunSpec, Value
from experiments.store.connection import (
    ADDED,
    StoreError,
    broken,
    connect,
    first_line,
    lay_out,
    open_store,
    query_failed,
    read_query,
)
from experiments.store.dictionary import DESIGN_TABLES, TABLES
from experiments.store.export import typed, write_table
from experiments.store.layout import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, Statement
    from pandas import DataFrame

_CHUNK: Final = 10  # of DuckDB's vectors of 2048 rows, in one part of an answer
_RESERVED: Final = {"row", "replication", *ADDED} | {name for table in TABLES.values() for name in table.names}


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
            self._connection = connect(":memory:", read_only=False)
            lay_out(self._connection)
            return
        if not Path(path).exists():
            _make(Path(path))
        self._connection = open_store(Path(path), read_only=False)
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
        store._connection = open_store(store.path, read_only=True)
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
                self._run(f"DELETE FROM {table} WHERE study = ?", [study])
            self._insert("studies", _rows(("study", "manifest"), [(study, json.dumps(manifest, ensure_ascii=False))]))
            self._insert("points", _rows(("study", "row", "factor", "place", "value"), (
                (study, row, factor, place, json.dumps(value))
                for row, point in points.items() for place, (factor, value) in enumerate(point.items()))))
            self._insert("plan", _rows(("study", "row", "replication", "kind", "run"), (
                (study, spec.row, spec.replication, spec.kind, spec.key) for spec in specs)))

    def done(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys whose runs are stored, failed ones included."""
        asked = list(keys)
        stored = self._run("SELECT run FROM runs WHERE run IN (SELECT unnest(?::VARCHAR[]))", [asked])
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
            self._run("DELETE FROM runs WHERE problem <> '' AND run IN (SELECT unnest(?::VARCHAR[]))",
                                     [list(keys)])

    def frame(self, sql: str, parameters: Sequence[Any] = ()) -> "DataFrame":
        """Return what a query gives: one SELECT, which can change nothing and reach nothing but the store.

        Raises
        ------
        StoreError
            If it is no such query, or DuckDB refuses it; the text is then its own.
        """
        import pandas as pd

        frames = list(self.frames(sql, parameters))
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    def frames(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator["DataFrame"]:
        """Read a query, and yield what a query gives in parts, at least one, so that an answer need not fit in memory.

        Raises
        ------
        StoreError
            As for `frame`.
        """
        return _parts(self._connection, read_query(self._connection, sql), parameters)

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
        found = self._run("SELECT manifest FROM studies WHERE study = ?", [study]).fetchone()
        if found is None:
            names = ", ".join(self.studies()["study"]) or "none"
            raise StoreError(f"the store has no study {study!r}; its studies: {names}")
        manifest = _json(found[0], f"the manifest of study {study!r}")
        if not isinstance(manifest, dict):
            raise StoreError(f"the manifest of study {study!r} is not a table: {found[0][:80]!r}")
        return manifest

    def points(self, study: str) -> "DataFrame":
        """Return the points of a study: one a row (the index), one column per factor, in the order of the design."""
        import pandas as pd

        rows = self._run("SELECT DISTINCT row FROM plan WHERE study = ? ORDER BY row", [study])
        index = pd.Index([row for row, in rows.fetchall()], name="row", dtype="int64")
        values: dict[str, dict[int, Value]] = {}
        for row, factor, value in self._run(
                "SELECT row, factor, value FROM points WHERE study = ? ORDER BY row, place", [study]).fetchall():
            values.setdefault(factor, {})[row] = _json(value, f"the value of {factor!r} in study {study!r}")
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
        paths = []
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot export to {folder}: {first_line(error)}") from None
        for name in [*DESIGN_TABLES, *TABLES]:
            path = Path(folder) / f"{name}.{form}"
            # how long a run took is no result, and no two times alike
            columns = "* EXCLUDE (wall_s)" if name == "runs" else "*"
            query = f"SELECT {columns} FROM \"{name}\" ORDER BY {_order(name)}"
            write_table(self._connection, query, _types(name), path, form)
            paths.append(path)
        return paths

    def _with_factors(self, frame: "DataFrame", study: str) -> "DataFrame":
        points = self.points(study)
        for place, factor in enumerate(points.columns):
            frame.insert(2 + place, factor, points[factor].loc[frame["row"]].to_numpy())
        return frame

    def _insert(self, table: str, frame: "DataFrame") -> None:
        """Append rows; whole numbers may be missing, and are then NULL."""
        self._connection.register("incoming", typed(frame, _types(table)))
        self._run(f'INSERT INTO "{table}" BY NAME SELECT * FROM incoming')
        self._connection.unregister("incoming")

    def _run(self, sql: str, parameters: Sequence[Any] = ()) -> "DuckDBPyConnection":
        """Execute a statement of our own; what goes wrong is then the file's or the disk's fault."""
        import duckdb

        try:
            return self._connection.execute(sql, list(parameters))
        except duckdb.Error as error:
            raise broken(error) from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN")
        # undone whatever is raised, an interrupt included, without catching it
        with ExitStack() as undo:
            undo.callback(self._connection.execute, "ROLLBACK")
            yield
            undo.pop_all()
        self._run("COMMIT")


def _parts(
    connection: "DuckDBPyConnection", statement: "Statement", parameters: Sequence[Any]
) -> Iterator["DataFrame"]:
    import duckdb

    try:
        found = connection.execute(statement, list(parameters))
        part = found.fetch_df_chunk(_CHUNK)
        yield part
        while len(part):
            part = found.fetch_df_chunk(_CHUNK)
            if len(part):
                yield part
    except duckdb.Error as error:
        raise query_failed(error) from None


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


def _types(table: str) -> dict[str, str]:
    """Return the types of a table's columns, those that the store adds included."""
    columns = {**TABLES, **DESIGN_TABLES}[table].columns
    return {**ADDED, **{column.name: column.dtype for column in columns}}


def _json(text: str, what: str) -> Any:  # noqa: ANN401 - what JSON may hold
    """Read a cell that holds JSON; a store of somebody else's may hold anything."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise StoreError(f"{what} is not JSON: {str(text)[:80]!r}") from None


def _order(table: str) -> str:
    """By what the rows of an exported table are ordered; that tells them all apart."""
    columns = ADDED if table in TABLES else DESIGN_TABLES[table].dimensions
    return ", ".join(columns) or "ALL"


def _make(path: Path) -> None:
    """Make an empty store beside its place and move it there whole; another process may have been faster."""
    import duckdb

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with stage(path) as folder:
            connection = connect(str(folder / path.name), read_only=False)
            lay_out(connection)
            connection.execute("CHECKPOINT")  # closing does so, too, but says nothing of a full disk
            connection.close()
            # a link and not a move, which would put this empty store in place of one that another process has just made
            with suppress(FileExistsError):
                os.link(folder / path.name, path)
    except OSError as error:
        raise StoreError(f"cannot make the store {path}: {error.strerror}") from None
    except duckdb.Error as error:
        raise StoreError(f"cannot make the store {path}: {first_line(error)}") from None
