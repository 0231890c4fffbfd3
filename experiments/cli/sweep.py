"""The command ``tokenmarket sweep``."""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.designs import Factor
    from experiments.stats.sequential import Stopping
    from experiments.store.results import Results
    from experiments.store.store import Store
    from experiments.studies.sweep.design import Study
    from sim.scenario import Scenario

KEPT = "the runs done so far are kept; the same command goes on from there"
EPILOG = """\
examples:
  tokenmarket sweep tournament --grid traffic.load=0.6,1,1.4 --policies cheapest,power_of_d --out results/load
  tokenmarket sweep tournament --design morris --samples 10 --vary traffic.load --vary routers.main.fee_share
  tokenmarket sweep market --set horizon.days=90 --grid price_factor=0.5,1,2 --replications 3
  tokenmarket sweep study.toml --dask tcp://scheduler:8786
"""


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add ``sweep`` to the commands."""
    sweep = commands.add_parser(
        "sweep", help="run a scenario at every point of a design", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Run a scenario at every point of a design over its fields. A sweep that is interrupted, or "
                    "killed, goes on where it was when the same command is given again.")
    sweep.add_argument("study", metavar="STUDY", help="tournament, market, or a design file (TOML)")
    sweep.add_argument("scenario", metavar="SCENARIO", nargs="?", default="",
                       help="a built-in scenario or a TOML file (default: the study's own)")
    sweep.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="overrides",
                       help="change a field at all points; may be repeated")
    sweep.add_argument("--grid", action="append", default=[], metavar="FIELD=A,B,C", help="levels of a field")
    sweep.add_argument("--vary", action="append", default=[], metavar="FIELD[=LOW..HIGH[:SCALE]]",
                       help="range of a field, on a linear, log or integer scale (default: the field's own range)")
    sweep.add_argument("--design", metavar="KIND", default=None,
                       help="grid, one-at-a-time, latin-hypercube, sobol-sequence, random, morris, sobol, "
                            "sobol-pairs or morris+sobol (default: grid)")
    sweep.add_argument("--samples", type=int, metavar="N", default=None, help="samples of a design that draws points")
    sweep.add_argument("--design-seed", type=int, metavar="N", default=None, help="seed of what is drawn (default: 1)")
    sweep.add_argument("--policies", metavar="A,B", default=None,
                       help="policies at every point (default: the scenario's)")
    sweep.add_argument("--replications", type=int, metavar="N", default=None, help="runs of every point (default: 5)")
    sweep.add_argument("--until", action="append", default=[], metavar="METRIC=HALF_WIDTH",
                       help="add replications until every point has this half-width, or with %% relative to its mean; "
                            "--replications is then where looking begins; may be repeated")
    sweep.add_argument("--most", type=int, metavar="N", default=None,
                       help="replications at which --until ends in any case (default: 100)")
    sweep.add_argument("--metrics", metavar="A,B", default=None, help="metrics of figures and indices")
    sweep.add_argument("--jobs", type=int, metavar="N", help="processes (default: one a processor)")
    sweep.add_argument("--dask", metavar="ADDRESS", help="address of a Dask scheduler, such as tcp://host:8786")
    sweep.add_argument("--retry", action="store_true", help="do the runs again that failed, too")
    sweep.add_argument("--store", type=Path, metavar="FILE",
                       help="file of the runs (default: store.duckdb in the folder)")
    sweep.add_argument("--out", type=Path, default=Path("results/sweep"), metavar="DIR",
                       help="folder for the results (default: %(default)s)")
    sweep.set_defaults(command=run, on_interrupt=KEPT)


def run(arguments: argparse.Namespace) -> int:
    """Run the sweep that the command line asks for."""
    study = _study(arguments)
    return play(study, arguments, _stopping(study, arguments) if arguments.until else None)


def replay(arguments: argparse.Namespace) -> int:
    """Run the manifest of a sweep again."""
    from experiments.output.manifest import sweep_of
    from experiments.studies.sweep.design import study_of

    arguments.dask = arguments.store = arguments.retry = None
    return play(study_of(*sweep_of(arguments.manifest)), arguments)


def play(study: Study, arguments: argparse.Namespace, stopping: Stopping | None = None) -> int:
    """Run a sweep, or go on with it, and write its folder."""
    from experiments.output.writer import check_writable
    from experiments.store.store import STORE_FILE, Store
    from experiments.studies.sweep import files as sweep_files

    started = time.monotonic()
    check_writable(arguments.out)
    path = arguments.store or arguments.out / STORE_FILE
    with Store(path) as store:
        if arguments.retry:
            store.forget_failures(_keys(study))
        if sweep_files.is_finished(study, arguments.out) and store.has_all(_keys(study)):
            print(f"{arguments.out}/ holds this sweep already, all {study.runs} runs; nothing was done")
            return 0
        study, results, told = _swept(study, store, arguments, stopping)
        arguments.check()
        frames = sweep_files.write(study, results, arguments.out)
    print("\n".join([_told(study, frames), *told]))
    failed = len(frames["failures"]) if "failures" in frames else 0
    if failed:
        print(f"\nwhy runs failed is in {arguments.out}/failures.csv; --retry does them again")
    print(f"\nwrote {arguments.out}/ ({study.runs} runs, {failed} failed; {time.monotonic() - started:.1f} s)")
    return 0


def _keys(study: Study) -> set[str]:
    return {spec.key for spec in study.specs()}


def _swept(
    study: Study, store: Store, arguments: argparse.Namespace, stopping: Stopping | None
) -> tuple[Study, Results, list[str]]:
    """Do the runs; return what was run in the end, its results, and what is to be said of the stopping."""
    from experiments.runs.until import replicate_until
    from experiments.runs.workers import default_jobs
    from experiments.studies.sweep.design import sweep

    jobs = default_jobs() if arguments.jobs is None else arguments.jobs
    run_missing = partial(sweep, store=store, jobs=jobs, dask=arguments.dask, check=arguments.check)
    if stopping is None:
        return study, run_missing(study), []
    study, results, met = replicate_until(study, stopping, run_missing)
    return study, results, [f"\n{', '.join(study.until)}: met at {met} of {len(study.points())} points after "
                            f"{study.replications} replications"]


def _stopping(study: Study, arguments: argparse.Namespace) -> Stopping:
    from experiments.runs.until import parse_targets
    from experiments.stats.errors import StatisticsError
    from experiments.stats.sequential import FIRST, Stopping
    from sim.errors import ScenarioError

    first = _chosen(arguments.replications, FIRST)
    try:
        return Stopping(parse_targets(arguments.until), first=first, most=study.replications)
    except StatisticsError as error:
        raise ScenarioError(f"--until, from --replications (first) to --most: {error}") from None


def _told(study: Study, frames: dict[str, DataFrame]) -> str:
    """The summary of the shown metrics, or their indices, as text."""
    frame = frames["sensitivity"] if "sensitivity" in frames else frames["summary"]
    shown = frame[frame["metric"].isin(study.shown)]
    text: str = shown.to_string(index=False, float_format=lambda value: f"{value:.4g}", na_rep="")
    return text


def _study(arguments: argparse.Namespace) -> Study:
    from experiments.designs.design_file import DesignFile, DesignPart, StudyPart, read_design
    from experiments.scenarios import load
    from experiments.studies.sweep.design import DEFAULT_SCENARIO, KINDS, Study, planned
    from sim.errors import ScenarioError

    factors = _factors(arguments)
    if arguments.study in KINDS:
        given = DesignFile.model_construct(study=StudyPart(kind=arguments.study), design=DesignPart(), factors={})
    elif arguments.study.endswith(".toml"):
        given = read_design(Path(arguments.study))
        factors = [*given.listed(), *factors]
    else:
        raise ScenarioError(f"the study is {arguments.study!r}, but must be {', '.join(KINDS)} or a design file "
                            "(.toml)")
    part, design = given.study, given.design
    scenario = load(arguments.scenario or part.scenario or DEFAULT_SCENARIO[part.kind], *part.set, *arguments.overrides)
    _check_kind(part.kind, scenario)
    plan = planned(_chosen(arguments.design, design.kind), tuple(factors), scenario,
                   _chosen(arguments.samples, design.samples), _chosen(arguments.design_seed, design.seed))
    return Study(part.kind, scenario, plan, _listed(arguments.policies, part.policies),
                 _replications(arguments, part.replications), _listed(arguments.metrics, part.metrics),
                 tuple(arguments.until))


def _replications(arguments: argparse.Namespace, given: int) -> int:
    """Replications of every point; of a sweep with targets the most that it may take."""
    from experiments.stats.sequential import MOST
    from sim.errors import ScenarioError

    if arguments.until:
        return int(_chosen(arguments.most, MOST))
    if arguments.most is not None:
        raise ScenarioError(f"--most is {arguments.most}, but there is no --until that it could end")
    return int(_chosen(arguments.replications, given))


def _check_kind(study: str, scenario: Scenario) -> None:
    from experiments.scenarios import DESCRIBES, STUDY
    from sim.errors import ScenarioError

    if study != STUDY[scenario.kind]:
        raise ScenarioError(f"{scenario.name} describes {DESCRIBES[scenario.kind]}, whose study is "
                            f"{STUDY[scenario.kind]}, not {study}")


def _factors(arguments: argparse.Namespace) -> list[Factor]:
    from experiments.designs import parse_grid, parse_vary

    return [*(parse_grid(text) for text in arguments.grid), *(parse_vary(text) for text in arguments.vary)]


def _chosen(asked: Any, given: Any) -> Any:  # noqa: ANN401 - any option
    return given if asked is None else asked


def _listed(asked: str | None, given: tuple[str, ...]) -> tuple[str, ...]:
    return given if asked is None else tuple(part.strip() for part in asked.split(","))
