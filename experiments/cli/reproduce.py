"""Run a folder's manifest again and compare every file, byte by byte through its digest."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any, Final

from experiments.cli.options import add_where

EXIT_DIFFERENT: Final = 1


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add ``reproduce`` to the commands."""
    reproduce = commands.add_parser(
        "reproduce", help="run a folder's manifest again and compare the bytes",
        description="Run the manifest in a results folder again and compare every file that it lists. Exit status 0 if "
                    "all files have the same bytes, 1 if not; then it says which files, and which versions differ.")
    reproduce.add_argument("folder", type=Path, metavar="FOLDER", help="a folder that holds a manifest.json")
    add_where(reproduce)
    reproduce.add_argument("--out", type=Path, metavar="DIR", help="keep the new results in DIR")
    reproduce.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run a manifest again and tell which files came out the same."""
    from experiments.cli.options import how
    from experiments.cli.replay import again
    from experiments.output.folder import read_folder
    from experiments.output.manifest import versions_of

    folder = read_folder(arguments.folder)
    with tempfile.TemporaryDirectory(prefix="tokenmarket-") as scratch:
        arguments.out = arguments.out or Path(scratch) / "again"
        again(folder, how(arguments))
        found = read_folder(arguments.out).files
    lines, same = compared(folder.files, found)
    print("\n".join(["", *lines]))
    different = differing(folder.manifest, versions_of())
    if same:
        print(f"all {len(folder.files)} files of {arguments.folder}/ came out with the same bytes")
        if different:
            print("although versions differ: " + "; ".join(different))
        return 0
    print("versions differ: " + "; ".join(different) if different else
          "all versions are those of the manifest, so the files were edited or a result depends on more than it should")
    return EXIT_DIFFERENT


def compared(known: dict[str, str], found: dict[str, str]) -> tuple[list[str], bool]:
    """Return a line for each file, and whether all are the same."""
    lines, same = [], True
    for name in sorted({*known, *found}):
        if name not in found:
            verdict = "missing"
        elif name not in known:
            verdict = "new"
        else:
            verdict = "same bytes" if known[name] == found[name] else "DIFFERENT"
        same = same and verdict == "same bytes"
        lines.append(f"{verdict:>10}  {name}")
    return lines, same


def differing(recorded: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what differs between the versions of a manifest and those of this process."""
    then_versions, now_versions = recorded.get("versions", {}), now["versions"]
    told = [f"{name} {then_versions.get(name, 'unknown')} then, {now_versions.get(name, 'unknown')} now"
            for name in sorted({*then_versions, *now_versions}) if then_versions.get(name) != now_versions.get(name)]
    if recorded.get("commit") != now["commit"]:
        told.append(f"commit {_commit(recorded.get('commit'))} then, {_commit(now['commit'])} now")
    return told


def _commit(commit: dict[str, Any] | None) -> str:
    if not commit:
        return "unknown"
    return f"{commit['id'][:10]}{' with changes' if commit['modified'] else ''}"
