"""The page itself: template, style and scripts of this folder, filled with the story of a run."""

import html
import json
from pathlib import Path
from typing import Any, Final

from experiments.watch.folder import read
from experiments.watch.story import story
from sim.errors import OutputError

HERE: Final = Path(__file__).parent
SCRIPTS: Final = ("draw.js", "charts.js", "graph.js", "panels.js", "time.js")  # in the order they need each other


def write(run: Path, out: Path) -> int:
    """Write the page of a run's folder and return its size in bytes.

    Raises
    ------
    MarketError
        If the folder is not one of a market, or the page cannot be written.
    """
    text = page(story(read(run))).encode()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(text)
    except OSError as error:
        raise OutputError(f"cannot write the page to {out}: {error.strerror}") from None
    return len(text)


def page(told: dict[str, Any]) -> str:
    """Return the page as HTML that needs nothing else."""
    data = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    parts = {
        "@TITLE@": html.escape(told["title"]), "@STYLE@": (HERE / "page.css").read_text(encoding="utf-8"),
        "@SCRIPT@": "\n".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS),
        "@STORY@": data.replace("<", "\\u003c"),  # so that no name in it can end the script element
    }
    text = (HERE / "page.html").read_text(encoding="utf-8")
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return text
