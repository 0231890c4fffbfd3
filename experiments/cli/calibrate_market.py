"""The command ``tokenmarket calibrate market``: which parameters the facts do not rule out, by history matching."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from experiments.cli.options import add_out, add_scenario, add_where, positive
from experiments.cli.telling import add_json, json_text
from sim.errors import ScenarioError

SCENARIO: Final = "openrouter-2026"
NAME: Final = "calibrate-market"


def add_market_calibration(below: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to those of ``tokenmarket calibrate``."""
    parser = below.add_parser(
        "market", help="parameters of a market that facts do not rule out",
        description="Run a market at some hundred places of its parameters' priors, rule out those that are far from "
                    "two facts of a ledger or more, and write the vectors that are left with their provenance; killed, "
                    "it goes on with the runs of its file (docs/market/calibration.md).")
    add_scenario(parser, SCENARIO)
    parser.add_argument("--facts", type=Path, metavar="FILE", help="ledger of facts and parameters (default: the "
                        "built-in one)")
    parser.add_argument("--runs", type=Path, default=Path("calibration-runs.csv"), metavar="FILE",
                        help="file of the runs done so far, read before and appended to (default: %(default)s)")
    parser.add_argument("--other-code", action="store_true", dest="other_code",
                        help="also take runs of that file that other code did, by their parameters")
    parser.add_argument("--fine", action="store_true", help="runs as the scenario has them, not coarse ones")
    parser.add_argument("--most", type=positive, metavar="N", help="runs to do now; the rest another time")
    for name, default, what in (("centre", 10, "replications at the scenario's own parameters"),
                                ("cover", 90, "places over the priors"),
                                ("final", 30, "places of the final check"),
                                ("replications", 2, "runs of each place of the final check")):
        parser.add_argument(f"--{name}", type=positive, default=default, metavar="N",
                            help=f"{what} (default: %(default)s)")
    parser.add_argument("--waves", default="24", metavar="N,M", help="places inside of what is left, wave by wave "
                        "(default: %(default)s)")
    parser.add_argument("--pseudo-truths", type=int, default=3, metavar="N", dest="truths",
                        help="runs to hide, and see whether the others find them (default: %(default)s)")
    parser.add_argument("--seed", type=int, metavar="N", help="seed, in place of the scenario's")
    add_where(parser)
    add_out(parser, NAME)
    add_json(parser)
    parser.set_defaults(command=_calibrate, on_interrupt=_kept)


def _kept(arguments: argparse.Namespace) -> str:
    """Say what is left when a calibration is interrupted."""
    if arguments.runs.exists():
        return f"the runs that were done are in {arguments.runs}; the same command goes on with them"
    return "no run was done"


def _calibrate(arguments: argparse.Namespace) -> int:
    from experiments.cli.options import market_scenario
    from experiments.runs.runner import announce_compiling
    from experiments.runs.workers import default_jobs
    from experiments.validation.facts.fact_ledger import BUILT_IN, read_ledger
    from experiments.validation.gates.gate_folder import write_texts
    from experiments.validation.gates.gate_runs import HowToRun
    from experiments.validation.history.calibrated_market import (
        COARSE,
        CalibrationRequest,
        calibrated,
        progress_of,
        refuse_few,
    )
    from experiments.validation.history.market_trials import OutOfRuns
    from experiments.validation.history.matching import MatchingPlan

    if arguments.dask:
        raise ScenarioError("--dask is not allowed here; use --jobs")
    refuse_few(arguments.centre)
    plan = MatchingPlan(arguments.centre, arguments.cover, _waves(arguments.waves), arguments.final,
                        arguments.replications)
    coarse = () if arguments.fine else COARSE
    scenario = market_scenario(arguments, *coarse)
    facts = arguments.facts or BUILT_IN
    asked = CalibrationRequest(str(arguments.scenario), scenario, coarse, facts, arguments.runs, arguments.other_code,
                  arguments.most)
    how = HowToRun(1, arguments.jobs or default_jobs(), arguments.store, arguments.quiet)
    if not how.quiet:
        announce_compiling("market", scenario)
    try:
        answer = calibrated(asked, plan, how, arguments.truths)
    except OutOfRuns as end:
        print("\n".join([f"{end}; the same command goes on with {arguments.runs}",
                         *progress_of(arguments.runs, read_ledger(facts), plan)]))
        return 0
    write_texts(answer.files, arguments.out, arguments.force, NAME)
    print(json_text(answer.data) if arguments.as_json else f"{answer.told}\n\nwrote {arguments.out}")
    return 0


def _waves(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise ScenarioError(f"--waves is {text!r}, but must be whole numbers from 1 such as 120,90, or empty")
    return tuple(int(part) for part in parts)
