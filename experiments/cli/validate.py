"""The command ``tokenmarket validate``: what the simulator says of what was measured."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.cli.options import add_out, positive
from experiments.cli.telling import add_json, json_text, records

if TYPE_CHECKING:
    from pandas import DataFrame

TOLD: Final = ("split", "constants", "points", "tok_s_user_median", "tok_s_user_mdape", "tok_s_gpu_median",
               "tok_s_gpu_mdape", "ttft_s_median", "ttft_s_mdape")


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    parser = commands.add_parser(
        "validate", help="hold the simulator against measurements",
        description="Run every measured point of a file in the engine, as a closed loop of as many users, and write "
                    "errors by GPU, model, precision, framework, concurrency and lengths, apart for points to which "
                    "the constants were fitted and for others.")
    parser.add_argument("what", choices=("silicon",), help="silicon: step times of GPUs")
    parser.add_argument("data", type=Path, metavar="DATA", help="file of measurements (docs/validation-silicon.md)")
    parser.add_argument("--calibration", metavar="FILE", help="file of constants (default: the built-in one)")
    parser.add_argument("--left-out", action="store_true", dest="left_out",
                        help="also fit to all but one model, and to all but one GPU type, and test on that one")
    add_out(parser, "silicon")
    parser.add_argument("--jobs", type=positive, metavar="N", help="processes (default: one a processor)")
    parser.add_argument("--quiet", "-q", action="store_true", help="do not say what is being done")
    add_json(parser)
    parser.set_defaults(command=_validate)


def _validate(arguments: argparse.Namespace) -> int:
    from experiments.runs.workers import default_jobs
    from experiments.silicon.measured import read_measurements
    from experiments.silicon.validating import error_table, left_out, points_frame, predicted
    from experiments.silicon.validation_folder import write_validation
    from providers.hardware.calibration import calibration_of

    measured, calibration = read_measurements(arguments.data), calibration_of(arguments.calibration)
    tell = (lambda _: None) if arguments.quiet else lambda text: print(text, file=sys.stderr, flush=True)
    asked = (measured.points, calibration, arguments.jobs or default_jobs(), tell)
    found = predicted(*asked)
    if arguments.left_out:
        found += left_out(*asked)
    points = points_frame(found)
    errors = error_table(points)
    write_validation(points, errors, measured, arguments.out, arguments.force)
    whole = errors[errors["by"] == "all"][list(TOLD)]
    if arguments.as_json:
        print(json_text({"left_out": dict(measured.left_out), "errors": records(whole)}))
        return 0
    print(_table(whole))
    reasons = ", ".join(f"{reason} {count}" for reason, count in measured.left_out.items())
    print(f"{len(measured.points)} points; rows that cannot be said: {reasons or 'none'}\nwrote {arguments.out}")
    return 0


def _table(errors: "DataFrame") -> str:
    from experiments.output.text import listing

    rows = [tuple(name.replace("_", " ") for name in TOLD)]
    for row in errors.itertuples(index=False):
        rows.append(tuple(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row))
    return listing(rows)
