"""Figures of a write-up: copies of the run's own, and a market's panels one by one, legible on a phone."""

import shutil
from pathlib import Path
from typing import Final

from experiments.report.folder import Folder

ENDINGS: Final = (".svg", ".pdf", ".png")
MONTHLY: Final = ("monthly_market", "monthly_models", "monthly_providers", "monthly_segments")


def gather(folder: Folder, into: Path) -> None:
    """Put SVG, PDF and PNG of every figure into a folder."""
    for name in folder.manifest.get("files", {}):
        if Path(name).suffix in ENDINGS and folder.has(name):
            shutil.copyfile(folder.path / name, into / Path(name).name)
    if folder.study == "market" and all(folder.has(f"{name}.csv") for name in MONTHLY):
        from experiments.studies.market.figures import panels

        panels({name: folder.table(f"{name}.csv") for name in MONTHLY}, into)
