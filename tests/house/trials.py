"""Copies of the tree in which a line is wrong, and what the tests say of them."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Final

PARTS: Final = ("sim", "providers", "policies", "experiments", "tests", "docs", "examples", "benchmarks",
                "pyproject.toml", "tokenmarket.py", "README.md", "CHANGELOG.md")
KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timed out"
CLOCK: Final = 20.0  # seconds by the clock for each of processor time


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


def verdict(tree: Path, trial: Trial, limit_s: float) -> str:
    """Put the change in, run its tests until the first failure or a time, take it out again."""
    path = tree / trial.file
    kept = path.read_text(encoding="utf-8")
    path.write_text(trial.text, encoding="utf-8")
    try:
        return SURVIVED if green(tree, trial.tests, limit_s) else KILLED
    except subprocess.TimeoutExpired:
        return TIMED_OUT
    finally:
        path.write_text(kept, encoding="utf-8")


def green(tree: Path, tests: tuple[str, ...], limit_s: float | None = None) -> bool:
    """Whether all the tests pass.

    Parameters
    ----------
    tree
        Where to run them.
    tests
        Files and folders.
    limit_s
        Seconds of processor time that the tests may take, and twenty times as many by the clock: an endless loop
        shows in the first also on a busy machine, an endless wait only in the second.

    Raises
    ------
    RuntimeError
        If they could not be run.
    TimeoutExpired
        If they took too long.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False,
                          timeout=None if limit_s is None else CLOCK * limit_s, preexec_fn=partial(_limit, limit_s),
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree)})
    if done.returncode in (4, 5):  # wrong arguments, or no test there
        raise RuntimeError(f"{' '.join(tests)} cannot be run: {(done.stdout + done.stderr).strip()[-500:]}")
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise subprocess.TimeoutExpired(command, limit_s or 0.0)
    return done.returncode == 0


def _limit(seconds: float | None) -> None:
    if seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (ceil(seconds), ceil(seconds) + 5))
