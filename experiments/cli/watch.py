"""The command ``tokenmarket watch``."""

import argparse
from pathlib import Path
from typing import Any

PAGE = "watch.html"


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    watch = commands.add_parser(
        "watch", help="write a page on which to move through a market's time",
        description="Write one HTML file, to be opened offline, on which to move through the weeks of a folder of "
                    "`tokenmarket run market`: prices, market shares, moves between models, load of the providers.")
    watch.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    watch.add_argument("--out", type=Path, metavar="FILE", help=f"the page (default: RUN/{PAGE})")
    watch.set_defaults(command=_watch)


def _watch(arguments: argparse.Namespace) -> int:
    from experiments.watch.page import write

    out = arguments.out or arguments.run / PAGE
    size = write(arguments.run, out)
    print(f"wrote {out} ({size / 1e6:.1f} MB); open it in a browser, no network needed")
    return 0
