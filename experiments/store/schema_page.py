"""Bring ``docs/lab/results.md`` up to date with the data dictionary: ``python -m experiments.store.schema_page``."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from experiments.store import dictionary, statistics

PAGE: Final = Path(__file__).parents[2] / "docs" / "lab" / "results.md"
PARTS: Final[Mapping[str, Callable[[], str]]] = {"dictionary": dictionary.page, "statistics": statistics.page}


def refreshed(text: str) -> str:
    """Return the page with its generated parts made anew.

    Raises
    ------
    ValueError
        If a part is not marked in the page.
    """
    for name, make in PARTS.items():
        begin, end = f"<!-- {name}: generated -->", f"<!-- {name}: end -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"the page has no part {name!r}")
        whole = f"{begin}\n\n{make().strip()}\n\n{end}"
        text = whole.join(pattern.split(text, maxsplit=1))
    return text


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
