"""The folder of a validation: errors, points, what was left out, and figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.output.folder import MANIFEST
from experiments.output.owners import study_owner
from experiments.output.writer import output_folder, write_tables
from experiments.silicon.pictures import draw

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.silicon.measured import Measurements

NAME: Final = "validate-silicon"
DIGITS: Final = "%.6g"


def write_validation(points: DataFrame, errors: DataFrame, measured: Measurements, out: Path, force: bool) -> None:
    """Write a validation, all of it or nothing.

    Raises
    ------
    OutputError
        If the folder is another's or cannot be written.
    """
    from pandas import DataFrame

    with output_folder(out, study_owner(NAME), force) as folder:
        reasons = DataFrame(list(measured.left_out.items()), columns=["reason", "rows"])
        write_tables({"errors": errors, "points": points, "left_out": reasons}, folder, DIGITS)
        draw(points, folder)
        names = sorted(path.name for path in folder.iterdir())
        manifest = {"study": NAME, "data_sha256": measured.digest, "newest_measurement": measured.newest,
                    "files": dict.fromkeys(names, "")}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8", newline="\n")
