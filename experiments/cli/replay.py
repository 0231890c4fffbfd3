"""The command ``tokenmarket replay``, and running a folder's study again, which ``reproduce`` does, too."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.cli.options import add_out, add_where, how
from experiments.cli.studies import kept

if TYPE_CHECKING:
    from experiments.output.folder import Folder
    from experiments.studies.perform import How


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    replay = commands.add_parser("replay", help="run a manifest again, to the same bytes")
    replay.add_argument("manifest", type=Path, metavar="MANIFEST", help="a manifest.json, or the folder it lies in")
    add_where(replay)
    add_out(replay, "replay")
    replay.set_defaults(command=_replay, on_interrupt=kept)


def _replay(arguments: argparse.Namespace) -> int:
    from experiments.output.folder import read_folder

    again(read_folder(arguments.manifest), how(arguments))
    return 0


def again(folder: Folder, manner: How) -> None:
    """Perform the study of a folder again.

    Raises
    ------
    MarketError
        If its manifest is not of a study that is known here, was edited, needs a file that has changed, or a module of
        the user's that was not named with ``--use``: code is never imported because a file says so.
    """
    from experiments.output.folder import MANIFEST, FolderError
    from experiments.output.origins import Origin
    from experiments.studies.looks import look_in
    from experiments.studies.perform import perform
    from experiments.studies.registry import study_named

    _check_modules(folder)
    study = study_named(folder.study)
    scenario = None if study.scenario is None else folder.settings()
    try:
        design = study.read(scenario, folder.parameters)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise FolderError(f"{folder.path / MANIFEST} is not a manifest of the study {study.name!r} as this version "
                          "writes them") from None
    perform(study, design, replace(manner, origin=Origin(recorded=folder.manifest), look=look_in(folder.manifest)))


def _check_modules(folder: Folder) -> None:
    """Refuse unless the modules that the folder's runs used are in use now, as they were."""
    from experiments.extensions import OPTION, in_use
    from experiments.output.folder import MANIFEST, FolderError

    known = {module.digest for module in in_use()}
    for module in folder.manifest.get("use", ()):
        if module["digest"] not in known:
            raise FolderError(
                f"{folder.path / MANIFEST} was made with {OPTION} {module['path']} (BLAKE2b {module['digest']}), which "
                f"is not imported unasked: read its text there, and give {OPTION} {module['path']} if you trust it and "
                "it is unchanged")
