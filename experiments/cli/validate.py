"""The command ``tokenmarket validate``: what the simulator says of what was measured or published."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.cli.options import add_out, positive
from experiments.cli.telling import add_json, json_text, records
from experiments.cli.validate_market import add_market
from sim.errors import MarketError

if TYPE_CHECKING:
    from pandas import DataFrame

TOLD: Final = ("split", "constants", "points", "tok_s_user_median", "tok_s_user_mdape", "tok_s_gpu_median",
               "tok_s_gpu_mdape", "ttft_s_median", "ttft_s_mdape")


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command, with one for each thing to hold against, to the command line's."""
    parser = commands.add_parser("validate", help="hold the simulator against what was measured or published")
    parser.set_defaults(command=_refuse_none)
    below = parser.add_subparsers(title="against", metavar="WHAT")
    _add_silicon(below)
    _add_published(below, "deepseek-day", "a day of DeepSeek's service, as published: nodes, speed, cost and margin",
                   "Print the figures that DeepSeek published of 27 February 2025 beside those that step times and "
                   "unit costs give for the same demand (docs/validation.md).", _deepseek_day)
    _add_published(below, "mlperf", "published results of MLPerf Inference, Offline",
                   "Print published throughputs of MLPerf Inference, Offline, beside those of full batches "
                   "(docs/validation.md).", _mlperf)
    _add_flips(below)
    add_market(below)


def _refuse_none(_: argparse.Namespace) -> int:
    raise MarketError("`tokenmarket validate` needs what to hold against: silicon, deepseek-day, mlperf, flips "
                      "or market")


def _add_silicon(below: Any) -> None:  # noqa: ANN401 - as above
    parser = below.add_parser(
        "silicon", help="step times against measured GPUs",
        description="Run every measured point of a file in the engine, as a closed loop of as many users, and write "
                    "errors by GPU, model, precision, framework, concurrency and lengths, apart for points to which "
                    "the constants were fitted and for others.")
    parser.add_argument("data", type=Path, metavar="DATA", help="file of measurements (docs/validation-silicon.md)")
    parser.add_argument("--calibration", metavar="FILE", help="file of constants (default: the built-in one)")
    parser.add_argument("--left-out", action="store_true", dest="left_out",
                        help="also fit to all but one model, and to all but one GPU type, and test on that one")
    add_out(parser, "silicon")
    parser.add_argument("--jobs", type=positive, metavar="N", help="processes (default: one a processor)")
    parser.add_argument("--quiet", "-q", action="store_true", help="do not say what is being done")
    add_json(parser)
    parser.set_defaults(command=_silicon)


def _add_published(below: Any, name: str, summary: str, description: str, command: Any) -> None:  # noqa: ANN401 - as above
    parser = below.add_parser(name, help=summary, description=description)
    add_json(parser)
    parser.set_defaults(command=command)


def _add_flips(below: Any) -> None:  # noqa: ANN401 - as above
    parser = below.add_parser(
        "flips", help="verdicts of the tournament with step times off by the calibration's error",
        description="Run the default tournament's policies at load 1 with step times as calibrated and off by the "
                    "calibration's error in several ways, and tell which verdicts on pairs of policies flip "
                    "(docs/validation.md).")
    parser.add_argument("--quick", action="store_true", help="four policies, one draw, three replications")
    add_out(parser, "flips")
    parser.add_argument("--jobs", type=positive, metavar="N", help="processes (default: one a processor)")
    add_json(parser)
    parser.set_defaults(command=_flips)


def _flips(arguments: argparse.Namespace) -> int:
    from experiments.output.text import listing
    from experiments.runs.workers import default_jobs
    from experiments.validation.flip_folder import write_flips
    from experiments.validation.flip_tables import case_rows, policy_rows, summary, turned_rows
    from experiments.validation.flips import found_at_load_one

    values = found_at_load_one(arguments.quick, arguments.jobs or default_jobs())
    write_flips(values, arguments.out, arguments.force)
    tables = [case_rows(values), policy_rows(values), turned_rows(values)]
    if arguments.as_json:
        print(json_text({name: [dict(zip(head, row, strict=True)) for row in rows]
                         for name, (head, *rows) in zip(("cases", "policies", "turned"), tables, strict=True)}))
        return 0
    print("\n\n".join([summary(values), *(listing(rows) for rows in tables if len(rows) > 1)]))
    print(f"\nwrote {arguments.out}")
    return 0


def _silicon(arguments: argparse.Namespace) -> int:
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


def _deepseek_day(arguments: argparse.Namespace) -> int:
    from experiments.output.text import listing
    from experiments.validation.comparison import rows, told
    from experiments.validation.deepseek_day import ARITHMETIC, CASES, arithmetic, inputs, outcomes

    if arguments.as_json:
        print(json_text({"inputs": dict(inputs()), "arithmetic": told(arithmetic(), ARITHMETIC),
                         "outcomes": told(outcomes(), CASES)}))
        return 0
    print(f"inputs\n{listing(inputs())}\n\narithmetic of published figures, no model\n"
          f"{listing(rows(arithmetic(), ARITHMETIC))}\n\noutcomes\n{listing(rows(outcomes(), CASES))}")
    return 0


def _mlperf(arguments: argparse.Namespace) -> int:
    from experiments.output.text import listing
    from experiments.validation.comparison import rows, told
    from experiments.validation.mlperf_offline import CASES, figures, layouts

    if arguments.as_json:
        print(json_text({"results": told(figures(), CASES), "layouts": dict(layouts())}))
        return 0
    print(f"{listing(rows(figures(), CASES))}\n\nlaid out here\n{listing(layouts())}")
    return 0
