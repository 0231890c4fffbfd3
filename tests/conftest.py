"""Settings of the whole test run: reproducible property tests, figures without a display, nothing compiled twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")

# Examples follow from the test itself, so a run that passed passes again; there is no deadline because the
# first call of a compiled function compiles it.
settings.register_profile("reproducible", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("reproducible")

ROOT = Path(__file__).resolve().parent.parent
ENGINE = """
from sim.compiled import is_compiled
if not is_compiled():
    from experiments.runs.run_traffic import assemble
    from experiments.scenarios import load_traffic
    from sim.engines.compiled import CompiledEngine
    CompiledEngine(assemble(load_traffic("duel")), iter(())).tally()
"""
POLICIES = """
from sim.compiled import is_compiled
if not is_compiled():
    from policies import POLICIES
    from sim.engines.policy_abi import compile_choose, compile_observe
    for policy in POLICIES.values():
        compile_choose(policy), compile_observe(policy)
"""


@pytest.hookimpl(optionalhook=True)  # there is no such hook without pytest-xdist
def pytest_xdist_setupnodes() -> None:
    """Compile the engine and the policies, side by side, before several processes each do all of it.

    What fails here fails again in the tests that need it.
    """
    parts = [subprocess.Popen([sys.executable, "-W", "ignore", "-c", part], cwd=ROOT) for part in (ENGINE, POLICIES)]
    for part in parts:
        part.wait()
