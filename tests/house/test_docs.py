"""The documentation: it builds without a warning, and its examples run."""

import doctest
import importlib
import os
import subprocess
import sys

import pytest

from worlds.places import ROOT

ROOMS = ("sim", "providers", "policies", "experiments")
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for room in ROOMS for path in (ROOT / room).rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))


def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    pytest.importorskip("furo")
    command = [sys.executable, "-W", "ignore", "-m", "sphinx", "-q", "-W", "--keep-going", ROOT / "docs", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "tutorial.html").stat().st_size > 5000


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("page", ["lab/python.md"])
def test_examples_in_pages(page):
    found = doctest.testfile(str(ROOT / "docs" / page), module_relative=False)
    assert found.attempted > 0
    assert found.failed == 0


# two days with little traffic in place of sixty: what the scripts show is the same, and they take a tenth of the time
SHORTER = """
import runpy, sys
import experiments
load = experiments.load
few = ("horizon.days=2", "customers.requests_per_s=5")
short = lambda name: few if name == "openrouter-2026" else ()
experiments.load = lambda name, *sets, **fields: load(name, *sets, *short(name), **fields)
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_worked_examples_run(script, tmp_path):
    command = [sys.executable, "-c", SHORTER, ROOT / "examples" / script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0, done.stderr
    assert "±" in done.stdout or "half_width" in done.stdout  # no mean without its interval
