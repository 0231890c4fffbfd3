"""The commands that perform studies: ``run NAME``, and studies with a command of their own."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.cli import completion
from experiments.cli.options import add_out, add_runs, add_scenario, how
from experiments.cli.telling import add_json, folder_told, json_text, unheard
from experiments.studies.looks import LOOK
from experiments.studies.registry import studies
from experiments.studies.study import Study
from sim.errors import MarketError

KEPT = "the runs done so far are kept; the same command goes on from there"


def below_run() -> dict[str, str]:
    """Return the command of each study that is performed by ``run``, by name."""
    return {name: f"tokenmarket run {name}" for name, study in studies().items() if not study.verb}


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add ``run`` with a command for each study, and the studies with a command of their own."""
    run = commands.add_parser("run", help="run a study")
    run.set_defaults(command=_refuse_none)
    below = run.add_subparsers(title="studies", metavar="STUDY")
    run.elsewhere = {study.name: f"tokenmarket {study.name}" for study in studies().values() if study.verb}
    for study in studies().values():
        _add(commands if study.verb else below, study)


def _add(commands: Any, study: Study[Any, Any]) -> None:  # noqa: ANN401 - as above
    parser = commands.add_parser(study.name, help=study.summary, description=type(study).__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    if study.scenario is not None:
        if not study.names_scenario:
            add_scenario(parser, study.scenario)
        add_runs(parser, study.replications)
        parser.set_defaults(on_interrupt=kept)
    study.add_options(parser)
    if study.has_look:
        parser.add_argument("--quick", action="store_true",
                            help="a look in half a minute, marked as one: no result to conclude from; its folder is "
                                 f"results/{study.name}{LOOK} unless --out names another")
    add_out(parser, study.name)
    add_json(parser)
    completion.complete(parser)
    parser.set_defaults(command=_perform, study_to_run=study, usual_out=parser.get_default("out"))


def _refuse_none(_: argparse.Namespace) -> int:
    raise MarketError(f"`tokenmarket run` needs the name of a study: {', '.join(below_run())}")


def kept(arguments: argparse.Namespace) -> str:
    """Say what is left when a study of many runs is interrupted."""
    from experiments.store import STORE_FILE

    file = arguments.store or arguments.out / STORE_FILE
    return KEPT if file.exists() else "nothing was written"


def _perform(arguments: argparse.Namespace) -> int:
    from experiments.studies.perform import perform

    study: Study[Any, Any] = arguments.study_to_run
    # the very object that argparse put there: a folder that was named stays, even if it is that of the whole study
    if vars(arguments).get("quick") and arguments.out is arguments.usual_out:
        arguments.out = Path(f"{arguments.out}{LOOK}")
    manner = how(arguments)  # what is wrong with the options shows before the scenario is read
    if not study.names_scenario and study.scenario is not None and arguments.replications is None:
        arguments.replications = study.replications
    design = study.design(arguments)
    look = study.quick(design) if vars(arguments).get("quick") else None
    if look is not None:
        design, manner = look.design, replace(manner, look=look.leaves_out)
    with unheard(arguments.as_json):
        perform(study, design, replace(manner, origin=study.origin(arguments)))
    if arguments.as_json:
        print(json_text(folder_told(arguments.out)))
    return 0
