"""The command ``tokenmarket paper``: every claim with its verdict in one document, resumable study by study."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.cli import studies
from experiments.cli.options import add_force, positive
from experiments.cli.parser import Parser
from experiments.studies.looks import LOOK
from experiments.studies.registry import studies as registered

if TYPE_CHECKING:
    from experiments.output.folder import Folder
    from experiments.verdicts.verdict_study import VerdictStudy

OUT: Final = Path("results") / "paper"
KEPT: Final = "studies that were done are kept, and runs of the one that was not; the same command goes on from there"


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    paper = commands.add_parser(
        "paper", help="run the study of every claim, and write one document with all verdicts",
        description="Run the study of every claim and write one document: a table of claims and verdicts, and a page a "
                    "study, as HTML and LaTeX, and as PDF where a Chromium is found. Folders of studies lie beside it "
                    "(DIR-studies); what is done there already is not done again.")
    paper.add_argument("--quick", action="store_true",
                       help="the quick form of every study: a look, and no verdict; its folder is "
                            f"{OUT}{LOOK} unless --out names another")
    paper.add_argument("--out", type=Path, metavar="DIR", default=OUT, help="folder (default: %(default)s)")
    paper.add_argument("--only", default="", metavar="A,B", help="these studies only (default: all of claims)")
    paper.add_argument("--jobs", type=positive, metavar="N", help="processes (default: one a processor)")
    add_force(paper)
    paper.set_defaults(command=_paper, usual_out=paper.get_default("out"), on_interrupt=lambda _: KEPT)


def _paper(arguments: argparse.Namespace) -> int:
    from experiments.paper.claims_page import PAGE, write
    from experiments.paper.claims_table import ClaimFolder

    if arguments.quick and arguments.out is arguments.usual_out:
        arguments.out = Path(f"{arguments.out}{LOOK}")
    claims = []
    for study in _asked(arguments.only):
        place = arguments.out.with_name(f"{arguments.out.name}-studies") / study.name
        claims.append(ClaimFolder(study, _done(place, study) or _perform(study, place, arguments)))
        arguments.check()
    unprinted = write(claims, arguments.out, arguments.quick, arguments.force)
    print(f"\nwrote {arguments.out / PAGE}: {len(claims)} claims" + (f"; no PDF: {unprinted}" if unprinted else ""))
    return 0


def _asked(only: str) -> list[VerdictStudy[Any, Any]]:
    """The studies of claims, all of them or those that are named.

    Raises
    ------
    MarketError
        If one is named that is none.
    """
    from experiments.verdicts.verdict_study import VerdictStudy
    from sim.errors import MarketError

    claims = {name: study for name, study in registered().items() if isinstance(study, VerdictStudy)}
    names = [name.strip() for name in only.split(",") if name.strip()] or list(claims)
    wrong = next((name for name in names if name not in claims), None)
    if wrong is not None:
        raise MarketError(f"--only names {wrong!r}, which is no study of a claim; these are {', '.join(claims)}")
    return [study for name, study in claims.items() if name in names]


def _done(place: Path, study: VerdictStudy[Any, Any]) -> Folder | None:
    """The folder of a study that this very code has done whole; None if it has to be done."""
    from experiments.output.folder import FolderError, read_folder
    from experiments.output.versions import code_digest
    from experiments.studies.perform import NOT_DRAWN

    try:
        folder = read_folder(place)
    except FolderError:
        return None
    same = folder.study == study.name and folder.manifest.get("code") == code_digest()
    if not same or NOT_DRAWN in folder.manifest or folder.changed():
        return None
    print(f"{place}/ holds {study.name} already", flush=True)
    return folder


def _perform(study: VerdictStudy[Any, Any], place: Path, arguments: argparse.Namespace) -> Folder:
    """Do a study as its own command does, with all that it has by default."""
    from experiments.output.folder import read_folder

    words = [] if study.verb else ["run"]
    words += [study.name, "--out", str(place)]
    words += ["--quick"] if arguments.quick and study.has_look else []
    words += ["--jobs", str(arguments.jobs)] if arguments.jobs and study.scenario is not None else []
    top = Parser(prog="tokenmarket")
    studies.add(top.add_subparsers())
    given = top.parse_args(words)
    given.check = arguments.check
    print(f"== {study.name} ==", flush=True)
    given.command(given)
    return read_folder(place)
