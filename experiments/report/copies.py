"""Figures of a write-up: copies of the run's own."""

import re
import shutil
from pathlib import Path
from typing import Final

from experiments.output.folder import Folder, FolderError

ENDINGS: Final = (".svg", ".pdf", ".png")
# what a drawing has no need of, and could run or fetch something with when it is opened by itself
ACTIVE: Final = re.compile(
    r"<\s*(?:[\w-]+:)?(?:script|foreignObject|iframe|object|embed|animate\w*|set|handler)\b"
    r"|[\s\"'/]on\w+\s*=|<!ENTITY|<\?xml-"
    r"|@import|url\(\s*[\"']?(?!#)"
    r"|\bhref\s*=\s*[\"'](?!#|data:image/(?:png|jpeg);)|\bhref\s*=\s*[^\"'\s]", re.IGNORECASE)


def gather(folder: Folder, into: Path) -> None:
    """Put SVG, PDF and PNG of every figure into a folder.

    Raises
    ------
    FolderError
        If a drawing is not one that only draws.
    """
    for name in folder.files:
        if Path(name).suffix in ENDINGS and folder.has(name):
            path = folder.path / name
            if path.suffix == ".svg":
                _check_drawing(path)
            shutil.copyfile(path, into / name)


def _check_drawing(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FolderError(f"{path} is not a drawing of this package: it is not UTF-8 text") from None
    found = ACTIVE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise FolderError(f"{path}, line {line}, holds {found[0].strip()!r}, which no drawing of this package does: it "
                          "may run or fetch something, and is not copied into a report")
