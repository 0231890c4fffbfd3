"""The folder of what a market was asked: tables as text, and the certificate."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from experiments.output.folder import MANIFEST
from experiments.output.owners import study_owner
from experiments.output.writer import output_folder

NAME: Final = "validate-market"


def write_texts(files: dict[str, str], out: Path, force: bool, name: str = NAME) -> None:
    """Write some texts by the name of their file, and the list of them, all of it or nothing; ``name`` is whose.

    Raises
    ------
    OutputError
        If the folder is another's or cannot be written.
    """
    with output_folder(out, study_owner(name), force) as folder:
        manifest = json.dumps({"study": name, "files": dict.fromkeys(sorted(files), "")}, indent=1) + "\n"
        for file, text in {**files, MANIFEST: manifest}.items():
            (folder / file).write_text(text, encoding="utf-8", newline="\n")


def csv_of(table: Sequence[Sequence[str]]) -> str:
    """Return rows of text as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue()
