"""The folder of a market's gates: a row a gate, and the certificate."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from experiments.output.folder import MANIFEST
from experiments.output.owners import study_owner
from experiments.output.writer import output_folder
from experiments.validation.gates.gate import GateFinding, rows

NAME: Final = "validate-market"


def write_gates(findings: Sequence[GateFinding], certificate: str, out: Path, force: bool) -> None:
    """Write the gates and the certificate, all of it or nothing.

    Raises
    ------
    OutputError
        If the folder is another's or cannot be written.
    """
    write_texts({"gates.csv": csv_of(rows(findings)), "certificate.json": certificate}, out, force)


def write_texts(files: dict[str, str], out: Path, force: bool) -> None:
    """Write some texts and their list, all of it or nothing."""
    with output_folder(out, study_owner(NAME), force) as folder:
        manifest = json.dumps({"study": NAME, "files": dict.fromkeys(sorted(files), "")}, indent=1) + "\n"
        for name, text in {**files, MANIFEST: manifest}.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")


def csv_of(table: Sequence[Sequence[str]]) -> str:
    """Return rows of text as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue()
