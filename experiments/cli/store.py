"""Commands that read a store: ``query``, ``export`` and ``results``."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from experiments.cli.interrupts import at_once
from experiments.cli.telling import add_json, json_text, records

STORE: Final = Path("store.duckdb")
MOST: Final = 10_000  # rows of a table on the terminal; CSV has no such limit


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the commands to the command line.

    Parameters
    ----------
    commands
        What ``add_subparsers`` returned.
    """
    query = commands.add_parser("query", help="ask a store a question in SQL",
                                description="Run one SQL query on a store, read-only, and print what it gives.")
    query.add_argument("sql", metavar="SQL", help='such as "SELECT metric, avg(value) FROM metrics GROUP BY metric"')
    query.add_argument("--csv", action="store_true", help="print CSV rather than a table")
    add_json(query)
    _add_store(query)
    query.set_defaults(command=run_query)

    export = commands.add_parser("export", help="write the tables of a store as Parquet or CSV",
                                 description="Write every table of a store to a folder, rows in a fixed order.")
    export.add_argument("out", metavar="DIR", type=Path, help="folder for the files")
    export.add_argument("--format", choices=("csv", "parquet"), default="parquet", help="default: %(default)s")
    _add_store(export)
    export.set_defaults(command=run_export)

    results = commands.add_parser("results", help="list the studies in a store",
                                  description="List the studies in a store: points, runs wanted, done and failed.")
    add_json(results)
    _add_store(results)
    results.set_defaults(command=run_results)


def run_query(arguments: argparse.Namespace) -> int:
    """Print the answer to a query."""
    from experiments.store.store import Store

    with Store.open_for_reading(_file(arguments.store)) as store:
        with at_once():
            frames = store.frames(arguments.sql)
        if arguments.as_json:
            print(json_text([row for frame in frames for row in records(frame)]))
        elif arguments.csv:
            for place, frame in enumerate(frames):  # an answer may be larger than memory
                print(frame.to_csv(index=False, header=place == 0, lineterminator="\n"), end="")
        else:
            frame, whole = _first(frames)
            print(_text(frame))
            if not whole:
                print(f"tokenmarket: only the first {MOST} rows are shown; --csv prints them all", file=sys.stderr)
    return 0


def _first(frames: Iterator[Any]) -> tuple[Any, bool]:
    """Return the first rows of an answer, and whether they are all."""
    import pandas as pd

    parts = [next(frames)]
    for frame in frames:
        if sum(map(len, parts)) > MOST:
            break
        parts.append(frame)
    rows = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    return rows.head(MOST), len(rows) <= MOST


def run_export(arguments: argparse.Namespace) -> int:
    """Write every table of a store to a folder."""
    from experiments.store.store import Store

    with Store.open_for_reading(_file(arguments.store)) as store:
        paths = store.export(arguments.out, arguments.format)
    print(f"wrote {len(paths)} tables to {arguments.out}/")
    return 0


def run_results(arguments: argparse.Namespace) -> int:
    """List the studies in a store."""
    from experiments.store.store import Store

    with Store.open_for_reading(_file(arguments.store)) as store:
        frame = store.studies()
    print(json_text(records(frame)) if arguments.as_json else _text(frame))
    return 0


def _add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", type=Path, default=STORE,
                        help="a store, or the folder of a study (default: %(default)s here)")


def _file(path: Path) -> Path:
    return path / STORE.name if path.is_dir() else path


def _text(frame: Any) -> str:  # noqa: ANN401 - a DataFrame, imported late
    """Lay a frame out for the terminal."""
    return str(frame.to_string(index=False, na_rep="")) if len(frame) else "no rows"
