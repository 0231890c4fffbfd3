"""Writing the page: the story of a run, the look and the script in one file that needs nothing else."""

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Final

from experiments.watch.reading import read
from experiments.watch.story import story
from sim.errors import MarketError

SCRIPTS: Final = ("charts.js", "graph.js", "watch.js")


def write(folder: Path, out: Path) -> int:
    """Write the page of a run, and return its size in bytes; the same folder gives the same bytes.

    Parameters
    ----------
    folder
        As `tokenmarket run market` wrote it.
    out
        The file to write; one that is there is replaced.

    Raises
    ------
    MarketError
        If the folder is not of a market, or ``out`` cannot be written.
    """
    page = page_of(story(read(folder))).encode("utf-8")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(page)
    except OSError as error:
        raise MarketError(f"cannot write the page {out}: {error.strerror}; give another file with --out") from None
    return len(page)


def page_of(told: Mapping[str, Any]) -> str:
    """Return the page of a story."""
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    runs = int(told["replications"])
    which = f"the first of {runs} replications, " if runs > 1 else ""
    return Template(_part("page.html")).substitute(
        title=escape(f"A market, week by week: {told['title']}" if told["weekly"] else
                     f"A market, day by day: {told['title']}"),
        subtitle=escape(str(told["description"])), css=_part("page.css").strip(),
        footer=f"Written by <code>tokenmarket watch</code> from the tables of {which}seed {escape(told['seed'])}, "
               f"configuration <code>{escape(told['hash'][:12])}</code>; the page holds all it needs.",
        js="\n".join(_part(name).strip() for name in SCRIPTS),
        # within a script element only "</" and "<!--" could end or change it
        story=text.replace("<", "\\u003c"))


def _part(name: str) -> str:
    return (files("experiments.watch") / name).read_text(encoding="utf-8")
