"""Check a folder against its manifest, and its manifest against a new run."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.cli.options import add_where

if TYPE_CHECKING:
    from experiments.output.folder import Folder
    from experiments.output.verification import Verdict

EXIT_DIFFERENT: Final = 1


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add ``reproduce`` to the commands."""
    reproduce = commands.add_parser(
        "reproduce", help="check a folder's files, run its manifest again and compare the bytes",
        description="Compare the files of a results folder with its manifest, run the manifest again, all of it, and "
                    "compare the new files with it, too. Exit status 0 if the folder is as its manifest says and every "
                    "file came out with the same bytes, 1 if not. Versions and code are told: same, or then and now.")
    reproduce.add_argument("folder", type=Path, metavar="FOLDER", help="a folder that holds a manifest.json")
    add_where(reproduce)
    reproduce.add_argument("--out", type=Path, metavar="DIR", help="keep the new results in DIR, a new folder")
    reproduce.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Check a folder, run its manifest again, and tell what is the same."""
    from experiments.output import verification
    from experiments.output.folder import read_folder
    from experiments.output.versions import versions_of

    folder = read_folder(arguments.folder)
    _refuse_what_is_there(arguments)
    listed = verification.of_folder(folder)
    print(_told(f"{folder.path}/ against its manifest", listed), flush=True)
    code = verification.of_code(folder.manifest, versions_of())
    new = verification.of_new_run(folder, _run_again(folder, arguments))
    print(_told("the new run against the manifest", new))
    same = sum(verdict.holds for verdict in code)
    others = [verdict for verdict in code if not verdict.holds]
    print(_told(f"versions and code: {same} of {len(code)} the same", others))
    print(f"\n{_follows(folder, listed, new, bool(others))}")
    return 0 if all(verdict.holds for verdict in (*listed, *new)) else EXIT_DIFFERENT


def _run_again(folder: Folder, arguments: argparse.Namespace) -> Folder:
    from experiments.cli.options import how
    from experiments.cli.replay import again
    from experiments.output.folder import read_folder

    with tempfile.TemporaryDirectory(prefix="tokenmarket-") as scratch:
        arguments.out = arguments.out or Path(scratch) / "again"
        again(folder, how(arguments))
        return read_folder(arguments.out)


def _refuse_what_is_there(arguments: argparse.Namespace) -> None:
    """Refuse a folder or a store with something in it: what is done already would not be done again."""
    from sim.errors import OutputError

    out, store = arguments.out, arguments.store
    if out is not None and out.is_dir() and any(out.iterdir()):
        raise OutputError(f"--out {out} is not empty; everything is run again, so name a new folder")
    if store is not None and store.exists():
        raise OutputError(f"--store {store} is there already; everything is run again, so name a new file")


def _told(title: str, verdicts: Sequence[Verdict]) -> str:
    lines = (f"{verdict.word:>10}  {verdict.name} {verdict.detail}".rstrip() for verdict in verdicts)
    return "\n".join([f"\n{title}", *lines])


def _follows(folder: Folder, listed: Sequence[Verdict], new: Sequence[Verdict], other_code: bool) -> str:
    """Say what follows from both comparisons."""
    held, came = all(verdict.holds for verdict in listed), all(verdict.holds for verdict in new)
    unlisted = [verdict.name for verdict in listed if verdict.word == "not listed"]
    rest = f" The manifest says nothing of {', '.join(unlisted)}." if unlisted else ""
    if held and came:
        although = ", although versions or code differ" if other_code else ""
        return (f"Verified: all {len(folder.files)} files of {folder.path}/ are as its manifest says, and in a new run "
                f"all came out with the same bytes{although}.{rest}")
    if came:
        return (f"Not verified: the manifest holds, a new run gives what it lists, but {folder.path}/ was changed "
                f"since: {_broken(listed)}.{rest}")
    reason = ("versions or code differ, which may be why" if other_code else "versions and code are the same, so the "
              "manifest was edited, or a result depends on more than it should")
    before = (f"{folder.path}/ is as its manifest says" if held
              else f"{folder.path}/ is not as its manifest says ({_broken(listed)})")
    return f"Not reproduced: {before}, and a new run gives something else: {_broken(new)}; {reason}.{rest}"


def _broken(verdicts: Sequence[Verdict]) -> str:
    return ", ".join(verdict.name for verdict in verdicts if not verdict.holds)
