"""The option ``--version``: of the package, of Python, and of the code that results depend on."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn


class Version(argparse.Action):
    """Prints the versions and exits; found out only when asked, since it reads all of the code."""

    def __init__(self, option_strings: list[str], dest: str, **_: Any) -> None:  # noqa: ANN401 - argparse's own
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS,
                         help="print the versions of the package, of Python and of its code, and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:  # noqa: ANN401 - as above
        """Print and exit."""
        from experiments.output.versions import versions_of
        from experiments.runs.keys import code_version

        versions = versions_of()["versions"]
        print(f"tokenmarket {versions['tokenmarket']} (Python {versions['python']}, code {code_version()})")
        parser.exit()
