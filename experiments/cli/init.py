"""The command ``tokenmarket init``: a scenario of one's own to begin with."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any, Final

from experiments.scenarios import DEFAULT, STUDY, load, names
from sim.errors import OutputError

FILE: Final = Path("scenario.toml")


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    init = commands.add_parser(
        "init", help="write a scenario of your own, which extends a built-in one",
        description="Write a TOML file that extends a built-in scenario: the fields that are changed most stand there "
                    "as comments, with their units and sources. No file is overwritten.")
    init.add_argument("file", nargs="?", type=Path, default=FILE, metavar="FILE",
                      help="the file (default: %(default)s)")
    init.add_argument("--from", dest="base", choices=names(), default=DEFAULT["market"], metavar="NAME",
                      help=f"what it extends: {', '.join(names())} (default: %(default)s)")
    init.set_defaults(command=_init)


def _init(arguments: argparse.Namespace) -> int:
    from experiments.scenarios.beginning import beginning

    file, scenario = arguments.file, load(arguments.base)
    if str(file) in names():
        raise OutputError(f"{file} is the name of a built-in scenario, which would be read in its place; choose "
                          f"another, such as my-{file}.toml")
    try:
        with file.open("x", encoding="utf-8", newline="\n") as opened:
            opened.write(beginning(arguments.base, scenario))
    except FileExistsError:
        raise OutputError(f"{file} is there already, and is left as it is; choose another name") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise OutputError(f"cannot write {file}: {reason}") from None
    print(f"wrote {file}; run it: tokenmarket run {STUDY[scenario.kind]} {shlex.quote(str(file))}")
    return 0
