"""The folder of what flips: all values, and the page that is made of them."""

import json
from pathlib import Path
from typing import Final

from experiments.output.folder import MANIFEST
from experiments.output.owners import study_owner
from experiments.output.writer import output_folder
from experiments.validation.flip_tables import csv_text, page
from experiments.validation.flips import Values

NAME: Final = "validate-flips"


def write_flips(values: Values, out: Path, force: bool) -> None:
    """Write the values and the page, all of it or nothing.

    Raises
    ------
    OutputError
        If the folder is another's or cannot be written.
    """
    with output_folder(out, study_owner(NAME), force) as folder:
        files = {"flips.csv": csv_text(values), "flips.md": page(values) + "\n"}
        manifest = json.dumps({"study": NAME, "files": dict.fromkeys(sorted(files), "")}, indent=1) + "\n"
        for name, text in {**files, MANIFEST: manifest}.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
