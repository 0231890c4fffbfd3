"""The command ``tokenmarket bench``."""

import argparse
from pathlib import Path
from typing import Any, Final

from experiments.cli.telling import json_text

PRINTED: Final = Path("-")


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    bench = commands.add_parser("bench", help="measure requests per second on this machine")
    bench.add_argument("--json", type=Path, metavar="FILE", nargs="?", const=PRINTED,
                       help="also write the figures to FILE; without one, print JSON and nothing else")
    bench.set_defaults(command=_bench)


def _bench(arguments: argparse.Namespace) -> int:
    from experiments.bench.bench import bench, measure

    if arguments.json == PRINTED:
        print(json_text(measure()))
        return 0
    status: int = bench(arguments.json)
    return status
