"""Copies of the tree in which a line is wrong, and what the tests say of them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PARTS: Final = ("sim", "providers", "policies", "experiments", "tests", "docs", "examples", "benchmarks",
                "pyproject.toml", "tokenmarket.py", "README.md", "CHANGELOG.md")
KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timed out"


@dataclass(frozen=True)
class Trial:
    """A file with a change in it, and the tests that ought to notice."""

    name: str
    file: str
    text: str
    tests: tuple[str, ...]


def copy_of(root: Path, place: Path) -> Path:
    """Copy what tests need, without compiled Python: a stale one would hide a change made within a second."""
    place.mkdir(parents=True)
    for part in PARTS:
        if (root / part).is_dir():
            shutil.copytree(root / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif (root / part).is_file():
            shutil.copy(root / part, place / part)
    return place


def verdict(tree: Path, trial: Trial, timeout_s: float) -> str:
    """Put the change in, run its tests until the first failure, take it out again."""
    path = tree / trial.file
    kept = path.read_text(encoding="utf-8")
    path.write_text(trial.text, encoding="utf-8")
    try:
        return SURVIVED if green(tree, trial.tests, timeout_s) else KILLED
    except subprocess.TimeoutExpired:
        return TIMED_OUT
    finally:
        path.write_text(kept, encoding="utf-8")


def green(tree: Path, tests: tuple[str, ...], timeout_s: float | None = None) -> bool:
    """Whether all the tests pass.

    Raises
    ------
    RuntimeError
        If they could not be run.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=timeout_s, check=False,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree)})
    if done.returncode in (4, 5):  # wrong arguments, or no test there
        raise RuntimeError(f"{' '.join(tests)} cannot be run: {(done.stdout + done.stderr).strip()[-500:]}")
    return done.returncode == 0
