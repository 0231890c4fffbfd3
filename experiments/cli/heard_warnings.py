"""How a command tells what warns of a scenario or a result: a sentence on stderr, once, without a line of code."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from sim.errors import MarketWarning


@contextmanager
def warnings_told() -> Iterator[None]:
    """Print each `MarketWarning` once as a sentence; all other warnings stay as they are."""
    told: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("always", MarketWarning)
        usual = warnings.showwarning

        def tell(message: Warning | str, category: type[Warning], filename: str, lineno: int,
                 file: TextIO | None = None, line: str | None = None) -> None:
            if not issubclass(category, MarketWarning):
                usual(message, category, filename, lineno, file, line)
            elif str(message) not in told:
                told.add(str(message))
                print(f"tokenmarket: warning: {message}", file=sys.stderr)

        warnings.showwarning = tell
        yield
