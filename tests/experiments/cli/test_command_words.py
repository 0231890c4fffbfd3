"""The words of the command line: help, versions, near misses, completion, JSON, and a scenario to begin with."""

import json
import os
import re
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pytest

from experiments.cli.main import main
from experiments.runs.progress import CLEAR, Progress
from experiments.scenarios import load, names
from experiments.scenarios.beginning import FIELDS
from worlds.places import ROOT

RUN = ["run", "tournament", "duel", "--loads", "1", "--replications", "2", "--jobs", "1", "--policies",
       "cheapest,fastest", "--set", "traffic.engine=reference", "--set", "traffic.duration_s=3",
       "--set", "traffic.warmup_s=1"]


def refused(capsys, *words):
    """Run a command with a wrong word; return its one sentence."""
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    assert stop.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tokenmarket: error: ")
    assert captured.err.count("\n") == 1
    return captured.err


def completed(line):
    """What a shell is told after TAB at the end of a line."""
    code = ("import os; os.environ.update(_ARGCOMPLETE='1', _ARGCOMPLETE_IFS='\\n', _ARGCOMPLETE_SHELL='bash', "
            f"_ARGCOMPLETE_STDOUT_FILENAME='/dev/stdout', COMP_LINE={line!r}, COMP_POINT=str(len({line!r}))); "
            "import tokenmarket; tokenmarket.main()")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "examples", capture_output=True, text=True,
                          check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return [word.strip() for word in done.stdout.splitlines()]


def test_without_a_word_there_is_help(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("usage: tokenmarket")


def test_versions(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert re.fullmatch(r"tokenmarket \S+ \(Python 3\.\S+, code [0-9a-f]{32}\)\n", capsys.readouterr().out)


@pytest.mark.parametrize(("words", "sentence"), [
    (["rum"], "'rum' is not known; did you mean run? (see `tokenmarket --help`)"),
    (["xyzzy"], "'xyzzy' is not known; known are run, "),
    (["tournament"], "for 'tournament' the command is `tokenmarket run tournament`"),
    (["run", "steady", "duel"], "for 'steady' the command is `tokenmarket steady`"),
    (["run", "tournment"], "'tournment' is not known; did you mean tournament? (see `tokenmarket run --help`)"),
    (["run", "tournament", "--polices", "a"], "unknown option --polices; did you mean --policies?"),
    (["run", "tournament", "duel", "--polices=a"], "unknown option --polices; did you mean --policies?"),
    (["run", "market", "--xyz"], "unknown option --xyz (see `tokenmarket run market --help`)"),
    (["--verison"], "unknown option --verison; did you mean --version?"),
    (["show", "duel", "more"], "'more' is one word too many (see `tokenmarket show --help`)"),
    (["list", "gpu"], "'gpu' is not known; did you mean gpus?"),
    (["show"], "SCENARIO"),
    (["completion", "ksh"], "'ksh' is not known"),
])
def test_a_wrong_word_is_one_sentence(capsys, words, sentence):
    assert sentence in refused(capsys, *words)


def test_run_alone_names_the_studies(capsys):
    assert main(["run"]) == 2
    assert "needs the name of a study: tournament, market" in capsys.readouterr().err


def test_shells_complete_commands_and_names():
    assert completed("tokenmarket run tournament du") == ["duel"]
    assert completed("tokenmarket run tournament --policies cheapest,power_of") == ["cheapest,power_of_d"]
    assert completed("tokenmarket run tournament duel --set traffic.du") == ["traffic.duration_s="]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_for_shells(capsys, shell):
    assert main(["completion", shell]) == 0
    assert "tokenmarket" in capsys.readouterr().out


def test_json_of_a_study_is_its_summary_and_nothing_else(capsys, tmp_path):
    for _ in range(2):  # also where nothing is left to do
        assert main([*RUN, "--out", str(tmp_path / "o"), "--json", "--quiet"]) == 0
        captured = capsys.readouterr()
        told = json.loads(captured.out)
        assert captured.err == ""
        assert (told["study"], told["folder"], told["failed"]) == ("tournament", str(tmp_path / "o"), 0)
        assert {row["policy"] for row in told["summary"]} == {"cheapest", "fastest"}
        assert {"metric", "unit", "mean", "half_width", "n"} < set(told["summary"][0])
    assert main(["query", "SELECT 1 AS a, NULL AS b", "--store", str(tmp_path / "o"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"a": 1, "b": None}]
    assert main(["results", "--store", str(tmp_path / "o"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["done"] == 4


def test_json_of_lists_and_scenarios(capsys):
    for what, key in (("policies", "summary"), ("scenarios", "describes"), ("gpus", "memory_gb"), ("factors", "low")):
        assert main(["list", what, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert all(key in row for row in rows)
    assert main(["show", "duel", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scenario"]["name"] == "duel"


def test_lists_show_what_is_the_scenarios_own(capsys, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "duel"\n[gpus.mine]\nlike = "l4"\n[models.own]\nlike = "llama-3.1-8b"\n')
    for what, name in (("gpus", "mine"), ("models", "own")):
        assert main(["list", what, str(mine)]) == 0
        assert name in capsys.readouterr().out.split()


@pytest.mark.parametrize("name", names())
def test_a_scenario_to_begin_with_is_the_one_it_extends(capsys, monkeypatch, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    assert main(["init", "my.toml", "--from", name]) == 0
    assert "my.toml; run it: tokenmarket run " in capsys.readouterr().out
    text = (tmp_path / "my.toml").read_text(encoding="utf-8")
    base = load(name)
    assert load("my.toml") == base
    commented = text.partition("\n# A GPU")
    fields = [line for line in commented[0].splitlines() if re.match(r"# [a-z0-9_]+ = ", line)]
    assert len(fields) == len(FIELDS[base.kind])
    awake = re.sub(r"^# (?=[a-z0-9_]+ = )", "", commented[0], flags=re.MULTILINE)
    (tmp_path / "awake.toml").write_text(awake, encoding="utf-8")
    assert load("awake.toml") == base
    assert "[days] (source:" in text or "[s] (source:" in text
    own = "".join(line.removeprefix("# ") + "\n" for line in commented[2].splitlines()[1:])
    (tmp_path / "own.toml").write_text(f'extends = "{name}"\n{own}', encoding="utf-8")
    if name != "duel":  # whose offers are of a toy
        assert "mine" in load("own.toml").gpus
    assert tomllib.loads(own)


def test_a_scenario_to_begin_with_overwrites_nothing(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("mine")
    for file, words in (("mine.toml", "there already"), ("duel", "name of a built-in scenario"),
                        ("no/folder.toml", "No such file"), ("a\0b", "cannot write")):
        assert main(["init", file]) == 2
        assert words in capsys.readouterr().err
    assert (tmp_path / "mine.toml").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_progress_on_a_terminal_is_one_line_and_in_a_log_a_few(monkeypatch, capsys):
    said = []
    terminal = SimpleNamespace(isatty=lambda: True, write=said.append, flush=lambda: None)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", terminal)
        with Progress(4, 1) as progress:
            progress.tick(failed=True)
            progress.within(0.5)
            line = progress.line()
    assert re.fullmatch(r"2\.5 of 4 runs, 1 failed, \d+ s so far, about \d+ s left", line)
    assert said[0].startswith(f"{CLEAR}1 of 4 runs")
    assert said[-1] == CLEAR
    with Progress(20) as progress:
        for _ in range(20):
            progress.tick(failed=False)
    assert capsys.readouterr().err.splitlines() == ["20 of 20 runs, 0 failed, 0 s so far"]
    with Progress(20, 3, quiet=True) as progress:
        progress.tick(failed=False)
    assert capsys.readouterr().err == ""


def test_the_wait_for_compiling_says_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr("experiments.runs.progress.APART_S", 0.0)
    with Progress(20) as progress:
        for done in range(1, 51):
            progress.compiled(done, 125)
        assert re.fullmatch(r"compiling 50 of 125, \d+ s so far", progress.line())
        said = capsys.readouterr().err.splitlines()
        assert [line.split(",")[0] for line in said] == [f"compiling {done} of 125" for done in (13, 25, 38, 50)]
        progress.compiled(0, 0)
        assert progress.line().startswith("0 of 20 runs")


def test_no_time_is_left_before_there_is_anything_to_tell_it_from():
    progress = Progress(210, quiet=True)
    progress.within(0.01)
    assert progress.line().endswith(" so far")
    progress.tick(failed=False)
    assert progress.line().endswith(" left")
    few = Progress(4, quiet=True)  # a twentieth of four runs are .2 of one
    for share, end in ((0.19, " so far"), (0.21, " left")):
        few.within(share)
        assert few.line().endswith(end)
