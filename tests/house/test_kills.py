"""A few of the kills of `kills.py`: whenever a command is killed, the same command brings it to the same bytes."""

import contextlib
import multiprocessing
import os
import random
import sys

import pytest

from house.kills import COMMANDS, QUICK, ROOT, kills

FEW = {
    "tournament": ("run", "tournament", "duel", *QUICK, "--set", "traffic.duration_s=4", "--policies", "random",
                   "--loads", "1", "--replications", "2", "--jobs", "1", "--out", "FOLDER"),
    "report": COMMANDS["report"],
}
# imported once, in the process that all others are forked from: a start takes no seconds
IMPORTED = ["experiments.cli.main", "experiments.studies.perform", "experiments.report.write_up", "matplotlib.pyplot",
            "duckdb", "pandas", "scipy.stats", "experiments.runs.runner", "sim.compiled", "house.test_kills"]


def perform(words, folder):
    """Run a command in a process of its own."""
    from experiments.cli.main import main

    os.chdir(folder)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        status = main(words)
    sys.exit(status)


class Forked:
    """A command in a process that is forked from one that has imported everything."""

    def __init__(self, words, scratch):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(IMPORTED)
        self._process = context.Process(target=perform, args=(words, str(scratch)))
        self._process.start()

    def is_running(self):
        return self._process.is_alive()

    def kill(self):
        self._process.kill()
        self._process.join()

    def end(self):
        self._process.join(60)
        return f"exit status {self._process.exitcode}" if self._process.exitcode else ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks")
def test_killed_commands_come_out_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))  # where the fork server imports
    found = list(kills(FEW, random.Random(20261128), 3, tmp_path, Forked))
    assert len(found) == 3
    assert any(kill.was_running for kill in found)
    assert not [str(kill) for kill in found if kill.problem]
