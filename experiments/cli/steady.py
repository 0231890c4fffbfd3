"""The command ``tokenmarket steady``."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.studies.steady.design import SteadyDesign
    from sim.scenario import Scenario

EPILOG = """\
examples:
  tokenmarket steady duel --set traffic.duration_s=2000
  tokenmarket steady tournament --set traffic.duration_s=1200 --policies openrouter_classic,power_of_d
  tokenmarket steady duel --set traffic.duration_s=20000 --replications 1
"""


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add ``steady`` to the commands."""
    steady = commands.add_parser(
        "steady", help="measure traffic in steady state", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure traffic in steady state: MSER-5 finds one warm-up, which is deleted from the runs of all "
                    "policies; runs that are too short are refused. Intervals are over replications, or by batch means "
                    "of a single long run.")
    steady.add_argument("scenario", metavar="SCENARIO", help="a TOML file or the name of a built-in scenario")
    steady.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="overrides",
                        help="change a field, such as traffic.duration_s=2000; may be repeated")
    steady.add_argument("--policies", metavar="A,B", default=None,
                        help="policies to compare, the first with all others (default: that of the first router)")
    steady.add_argument("--metrics", metavar="A,B", default="e2e_mean_s,cost_usd_per_mtok,completed_per_s",
                        help="what to measure; also ttft_mean_s, completed_share, attempts_per_request "
                             "(default: %(default)s)")
    steady.add_argument("--replications", type=int, default=5, metavar="N",
                        help="runs of each policy; 1: batch means of a single run (default: %(default)s)")
    steady.add_argument("--windows", type=int, default=500, metavar="N",
                        help="windows in which the warm-up is looked for (default: %(default)s)")
    steady.add_argument("--jobs", type=int, metavar="N", help="processes (default: one a processor)")
    steady.add_argument("--out", type=Path, default=Path("results/steady"), metavar="DIR",
                        help="folder for the results (default: %(default)s)")
    steady.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the study that the command line asks for."""
    from experiments.cli.commands import parse_policies
    from experiments.runs.run_traffic import load_scenario
    from experiments.studies.steady.design import SteadyDesign

    scenario = load_scenario(arguments.scenario, arguments.overrides)
    policies = _own(scenario) if arguments.policies is None else parse_policies(arguments.policies)
    metrics = tuple(dict.fromkeys(arguments.metrics.split(",")))
    return play(SteadyDesign(scenario, policies, metrics, arguments.replications, arguments.windows), arguments)


def replay(arguments: argparse.Namespace) -> int:
    """Run the manifest of this study again."""
    from experiments.output.manifest import policies_of, traffic_of
    from experiments.studies.steady.design import SteadyDesign

    scenario, parameters = traffic_of(arguments.manifest)
    policies = policies_of(parameters["policies"], arguments.manifest)
    return play(SteadyDesign(scenario, policies, tuple(parameters["metrics"]), parameters["replications"],
                             parameters["windows"], parameters["baseline"]), arguments)


def play(design: SteadyDesign, arguments: argparse.Namespace) -> int:
    """Run a design, write its folder and print its table."""
    from experiments.cli.commands import compile_first
    from experiments.cli.market import Bar
    from experiments.output.manifest import described, digests, input_files, provenance
    from experiments.output.writer import output_folder, write_manifest
    from experiments.runs.run_traffic import assemble
    from experiments.runs.workers import default_jobs
    from experiments.studies.steady.design import steady
    from experiments.studies.steady.files import table, write
    from sim.engines.invariants import INVARIANTS

    started = time.monotonic()
    jobs = default_jobs() if arguments.jobs is None else arguments.jobs
    world = assemble(design.scenario)  # hardware that does not fit should show before anything is compiled
    with output_folder(arguments.out) as folder:
        compile_first(world)
        with Bar("runs", arguments.check) as bar:
            result = steady(design, jobs, bar.tick)
        rows = write(result, folder)
        parameters = {"policies": described(design.policies), "metrics": list(design.metrics),
                      "replications": design.replications, "windows": design.windows, "baseline": design.baseline}
        manifest = provenance(("steady", parameters), design.scenario, digests(input_files(design.scenario)),
                              dict.fromkeys(sorted(INVARIANTS), len(design.tasks())))
        write_manifest({**manifest, "rows": rows}, folder)
        arguments.check()
    print(table(result))
    print(f"\nwrote {arguments.out}/ ({time.monotonic() - started:.1f} s)")
    return 0


def _own(scenario: Scenario) -> dict[str, Any]:
    """The policy of the scenario's first router, by its name."""
    choice = next(iter(scenario.routers.values())).policy
    return {choice.kind: choice}
