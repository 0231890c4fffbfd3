"""The command ``tokenmarket calibrate``: constants of step times from measured serving; a market from facts."""

import argparse
import sys
from pathlib import Path
from typing import Any

from experiments.cli.calibrate_market import add_market_calibration
from experiments.cli.options import positive
from sim.errors import MarketError


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    parser = commands.add_parser("calibrate", help="fit constants to measurements, or a market to facts")
    parser.set_defaults(command=_refuse_nothing)
    below = parser.add_subparsers(title="what", metavar="WHAT")
    _add_silicon(below)
    add_market_calibration(below)


def _refuse_nothing(_: argparse.Namespace) -> int:
    raise MarketError("`tokenmarket calibrate` needs what to calibrate: silicon or market")


def _add_silicon(below: Any) -> None:  # noqa: ANN401 - as above
    parser = below.add_parser(
        "silicon", help="constants of step times, as a file that scenarios may name",
        description="Fit the constants of step times to the even half of a file of measured serving, and write them "
                    "with their intervals and provenance; `calibration = \"FILE\"` in a scenario uses them.")
    parser.add_argument("data", type=Path, metavar="DATA", help="file of measurements (docs/validation-silicon.md)")
    parser.add_argument("--out", type=Path, default=Path("calibration.toml"), metavar="FILE",
                        help="file to write (default: %(default)s)")
    parser.add_argument("--jobs", type=positive, metavar="N", help="processes (default: one a processor)")
    parser.add_argument("--quiet", "-q", action="store_true", help="do not say what is being done")
    parser.set_defaults(command=_calibrate)


def _calibrate(arguments: argparse.Namespace) -> int:
    from experiments.runs.workers import default_jobs
    from experiments.silicon.calibrating import calibrate
    from experiments.silicon.calibration_text import calibration_text
    from experiments.silicon.measured import half, read_measurements
    from sim.errors import OutputError

    measured = read_measurements(arguments.data)
    tell = (lambda _: None) if arguments.quiet else lambda text: print(text, file=sys.stderr, flush=True)
    found = calibrate(half(measured.points, even=True), arguments.jobs or default_jobs(), tell)
    try:
        arguments.out.write_text(calibration_text(found, measured, arguments.data.name), encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"cannot write {arguments.out}: {error.strerror}") from None
    print(f"wrote {arguments.out}: constants for all, and for {len(found.groups)} GPUs and frameworks, from "
          f"{sum(found.counts)} points")
    return 0
