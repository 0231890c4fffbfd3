"""How a command tells what it found: for people, or as JSON for programs."""

from __future__ import annotations

import argparse
import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pandas import DataFrame


FAILURES: Final = "failures.csv"


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON, and nothing else")


def json_text(data: Any) -> str:  # noqa: ANN401 - whatever is to be told
    """Return data as JSON: numbers that JSON lacks (NaN, infinities) as null, what it does not know as text."""
    import json

    return json.dumps(_plain(data), ensure_ascii=False, indent=1, allow_nan=False, default=str)


def records(frame: DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame, each as values by column."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


@contextmanager
def unheard(as_json: bool) -> Iterator[None]:
    """Swallow what is printed for people while JSON is wanted."""
    with redirect_stdout(io.StringIO()) if as_json else nullcontext():
        yield


def folder_told(out: Path) -> dict[str, Any]:
    """Return what the folder of a study says, for programs: what was done, its summary, and its files."""
    from experiments.output.folder import SUMMARY, read_folder

    folder = read_folder(out)
    failed = folder.has(FAILURES)
    return {
        "study": folder.study, "folder": str(out), "seed": folder.manifest.get("seed"),
        "scenario_hash": folder.manifest.get("scenario_hash"), "parameters": folder.parameters,
        "failed": len(folder.table(FAILURES)) if failed else 0,
        "summary": records(folder.table(SUMMARY)) if folder.has(SUMMARY) else [],
        "files": sorted(folder.files),
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    # of a pandas column, what is missing is a NaN among texts and days, too
    return None if isinstance(value, float) and not math.isfinite(value) else value
