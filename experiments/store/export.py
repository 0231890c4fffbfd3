"""Tables of a store as files of their own: Parquet or CSV."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from experiments.store.connection import StoreError, first_line

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

_PANDAS: Final = {"VARCHAR": "object", "BIGINT": "Int64", "DOUBLE": "float64", "BOOLEAN": "boolean"}
_OPTIONS: Final = {"csv": "(FORMAT csv, HEADER)", "parquet": "(FORMAT parquet)"}


def typed(frame: "DataFrame", types: dict[str, str]) -> "DataFrame":
    """Return a frame whose columns DuckDB reads as the types of the store; whole numbers may be missing."""
    return frame.astype({name: _PANDAS[types[name]] for name in frame.columns})


def write_table(
    connection: "DuckDBPyConnection", query: str, types: dict[str, str], path: Path, form: Literal["csv", "parquet"]
) -> None:
    """Write what a query gives to a file.

    The connection of a store may write no file; the rows go through memory to one of its own, which holds nothing
    but them.

    Parameters
    ----------
    connection
        Of the store.
    query, types
        What to write, and the store's types of its columns.
    path, form
        Where to, and as what.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    import duckdb

    columns: dict[str, Any] = connection.execute(query).fetchnumpy()  # whole numbers stay whole where some are missing
    rows = typed(_frame(columns), types)
    target = str(path).replace("'", "''")
    # a column that holds nothing has no type of its own in pandas
    columns_as = ", ".join(f'"{name}"::{types[name]} AS "{name}"' for name in rows.columns)
    try:
        with duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False}) as writer:
            writer.register("rows", rows)
            writer.execute(f"COPY (SELECT {columns_as} FROM rows) TO '{target}' {_OPTIONS[form]}")
    except duckdb.Error as error:
        raise StoreError(f"cannot export to {path}: {first_line(error)}") from None


def _frame(columns: dict[str, Any]) -> "DataFrame":
    import numpy as np
    import pandas as pd

    def plain(values: Any) -> Any:  # noqa: ANN401 - an array, masked or not
        """None where a value is missing: under the mask stands anything."""
        if not isinstance(values, np.ma.MaskedArray):
            return values
        objects = values.data.astype(object)
        objects[np.ma.getmaskarray(values)] = None
        return objects

    return pd.DataFrame({name: plain(values) for name, values in columns.items()})
