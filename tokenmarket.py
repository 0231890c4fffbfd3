"""The command ``tokenmarket``: an interrupt ends it quietly, even while the rest is being imported."""

from __future__ import annotations

import io
import os
import signal
import sys

TYPE_CHECKING = False  # typing itself takes longer to import than all of the above
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

EXIT_INTERRUPT = 130  # as shells report Ctrl-C


def main() -> int:
    """Run the command line."""
    signal.signal(signal.SIGINT, _leave)
    for stream in (sys.stdout, sys.stderr):  # a terminal that has no ± prints it as \xb1, and nothing fails
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from experiments.cli.main import main as command

    return command()


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"\ntokenmarket: interrupted; nothing was written\n")
    os._exit(EXIT_INTERRUPT)  # an exception could be caught, or printed, by whatever is being imported


if __name__ == "__main__":
    sys.exit(main())
