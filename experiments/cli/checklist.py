"""The command ``tokenmarket checklist``."""

import argparse
from pathlib import Path
from typing import Any

FILE = "stress-des.md"


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    checklist = commands.add_parser(
        "checklist", help="write a STRESS-DES checklist of a study, filled in as far as its manifest can",
        description="Write the STRESS-DES checklist of a study's folder: what follows from configuration, random "
                    "streams and manifest is filled in, what only the author can say is marked. Written again, it "
                    "keeps what the author has said.")
    checklist.add_argument("run", type=Path, metavar="RUN",
                           help="the folder of a study, or the checklist in it")
    checklist.add_argument("--out", type=Path, metavar="FILE", help=f"the checklist (default: RUN/{FILE})")
    checklist.add_argument("--check", action="store_true", dest="only_check",
                           help="write nothing; list what is left to fill in, exit with 1 if there is anything")
    checklist.set_defaults(command=_checklist)


def _checklist(arguments: argparse.Namespace) -> int:
    from experiments.checklist import document
    from experiments.checklist.derived import study_in

    folder, file = arguments.run, arguments.run / FILE
    if folder.is_file():
        folder, file = folder.parent, folder
    out = arguments.out or file
    study = study_in(folder)
    if arguments.only_check:
        left = document.gaps(study, document.read(out) or document.document(study, {}))
    else:
        left = document.write(study, out)
        print(f"wrote {out}")
    print("\n".join([f"left to fill in: {len(left)}", *left]) if left else "nothing is left to fill in")
    return 1 if arguments.only_check and left else 0
