"""What git holds: sources and data, nothing that a run or a compiler leaves behind."""

import re
import subprocess
from pathlib import Path

import pytest

from worlds.places import ROOT

STRAY = re.compile(r"(^|/)(__pycache__|results|\.[a-z]+_cache|[^/]+\.egg-info)/|\.(nb[ic]|py[cod])$")


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", [
    "sim/__pycache__/compiled.traffic-1.py311.nbi", "policies/load.1.nbc", "a.pyc", "results/tournament/summary.csv",
    "docs/results/x.csv", ".mypy_cache/x", "tokenmarket.egg-info/PKG-INFO"])
def test_leavings_are_strays_and_are_ignored(path: str) -> None:
    assert STRAY.search(path)
    if (ROOT / ".git").exists():
        assert git("check-ignore", "--no-index", "--quiet", path).returncode == 0


@pytest.mark.parametrize("path", ["experiments/store/results.py", "sim/compiled.py", "docs/lab/results.md", ".ci/run"])
def test_sources_are_no_strays(path: str) -> None:
    assert (ROOT / path).is_file()
    assert not STRAY.search(path)


def test_git_tracks_no_strays() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    tracked = git("ls-files", "-z").stdout.split("\0")
    assert Path(__file__).relative_to(ROOT).as_posix() in tracked
    assert not [path for path in tracked if STRAY.search(path)]
