"""Figures of a write-up: copies of the run's own."""

import shutil
from pathlib import Path
from typing import Final

from experiments.output.folder import Folder

ENDINGS: Final = (".svg", ".pdf", ".png")


def gather(folder: Folder, into: Path) -> None:
    """Put SVG, PDF and PNG of every figure into a folder."""
    for name in folder.manifest.get("files", {}):
        if Path(name).suffix in ENDINGS and folder.has(name):
            shutil.copyfile(folder.path / name, into / Path(name).name)
