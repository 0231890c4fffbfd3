"""The command line: what it prints; mistakes and interrupts end in one line and nothing half-written."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from experiments.cli.main import main
from experiments.cli.studies import KEPT
from experiments.stats import Interval
from experiments.stats.digits import measured
from providers.pricing import STRATEGIES
from sim.scenario.load import config_hash, scenario_of
from worlds.places import ROOT

QUICK = ["--set", "traffic.engine=reference", "--set", "traffic.duration_s=5", "--set",
         "traffic.warmup_s=1"]
RUN = ["run", "tournament", "duel", "--loads", "1", "--replications", "1", "--jobs", "1", *QUICK]


def mistake(capsys, *arguments) -> str:
    """Run a command that must fail; return its error, one line for each problem."""
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("tokenmarket: error: ")
    assert "Traceback" not in captured.err
    return captured.err


def test_lists(capsys):
    for what, expected in (("policies", "power_of_d"), ("models", "deepseek-v3"), ("gpus", "h100-sxm")):
        assert main(["list", what]) == 0
        assert expected in capsys.readouterr().out


def test_the_list_of_scenarios_says_what_each_describes(capsys):
    assert main(["list", "scenarios"]) == 0
    kinds = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert kinds == [["cdn", "traffic"], ["duel", "traffic"], ["invasion", "market"], ["openrouter-2026", "market"],
                     ["sessions", "traffic"], ["tournament", "traffic"]]


@pytest.mark.parametrize("name", ["duel", "tournament", "sessions", "openrouter-2026"])
def test_show_prints_the_same_scenario(capsys, name):
    assert main(["show", name, "--set", "seed=7"]) == 0
    text = capsys.readouterr().out
    scenario = scenario_of(tomllib.loads(text))
    assert scenario.seed == 7
    assert text.startswith(f"# configuration hash {config_hash(scenario)}\n")
    assert tomllib.loads(text)["name"] == name


def test_schema_is_json(capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "TrafficScenario"


def test_table_on_the_terminal(capsys, tmp_path):
    assert main([*RUN, "--policies", "cheapest,fastest", "--out", str(tmp_path / "o")]) == 0
    out = capsys.readouterr().out
    assert "USD/Mtok" in out
    assert "*cheapest" in out
    assert max(map(len, out.splitlines()[:-1])) <= 100


@pytest.mark.parametrize(("value", "text"), [
    (Interval(12.3456, 0.0423, 5), "12.346±.042"), (Interval(12.3456, 0.0123, 5), "12.346±.012"),
    (Interval(1234.5, 250, 5), "1230±250"), (Interval(0.5, 3.2, 5), "0.5±3.2"),
    (Interval(100.0, 0.0, 5), "100.000±0"),
    (Interval(2.0, float("nan"), 1), "2.000±?"), (Interval(float("nan"), float("nan"), 0), "-"),
])
def test_digits_follow_the_half_width(value, text):
    assert measured(value) == text


@pytest.mark.parametrize(("arguments", "words"), [
    (["--set", "demand.chat.arrivals.rate_per_s=-1"], ["rate_per_s is -1", "greater than 0"]),
    (["--policies", "powr_of_d"], ["'powr_of_d'", "power_of_d"]),
    (["--policies", "random,random"], ["'random' twice"]),
    (["--policies", "power_of_d:d=-2"], ["d is -2"]),
    (["--policies", ""], ["empty name"]),
    (["--loads", "1,x"], ["'1,x'", "numbers"]),
    (["--loads", "-1"], ["load is -1"]),
    (["--replications", "0"], ["replications is 0"]),
    (["--trace", "nowhere.csv"], ["nowhere.csv"]),
    (["--baseline", "thompson", "--policies", "random"], ["baseline 'thompson'"]),
])
def test_mistakes(capsys, tmp_path, arguments, words):
    error = mistake(capsys, *RUN, *arguments, "--out", tmp_path / "new" / "o")
    assert all(word in error for word in words), error
    assert len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_does_not_fit(capsys, tmp_path):
    error = mistake(capsys, "run", "tournament", "--jobs", "1", "--out", tmp_path / "o", "--set",
                    'providers.together.offers."llama-3.3-70b".serving.gpu=l4', "--set",
                    'providers.together.offers."llama-3.3-70b".serving.tp=1')
    assert "together" in error
    assert "does not fit" in error
    assert list(tmp_path.iterdir()) == []


def test_a_malformed_trace_line(capsys, tmp_path):
    trace = tmp_path / "bad.csv"
    trace.write_text("t_s,input_tokens,output_tokens\n0,10,5\n1,ten,5\n")
    error = mistake(capsys, *RUN, "--trace", trace, "--out", tmp_path / "o")
    assert "line 3" in error
    assert "ten" in error


def test_lists_of_strategies_and_factors_and_the_schema_of_markets(capsys):
    assert main(["list", "pricing"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == [*STRATEGIES, "all"]
    for words in ("reviews_per_day=0.028", "discounts=[0.1, 0.25]", "volume=last_day", "ceiling_markup=10",
                  "markup=2.5"):
        assert words in out
    assert main(["list", "factors", "duel"]) == 0
    assert "traffic.load" in capsys.readouterr().out
    assert main(["schema", "market"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["title"] == "MarketScenario"
    assert "supply" in schema["properties"]


def test_unknown_scenario(capsys):
    assert "duel" in mistake(capsys, "show", "duell")
    assert "No such file" in mistake(capsys, "show", "absent.toml")


def test_output_that_cannot_be_written(capsys, tmp_path):
    (tmp_path / "file").write_text("mine")
    assert "it is a file" in mistake(capsys, *RUN, "--out", tmp_path / "file")
    assert "cannot write" in mistake(capsys, *RUN, "--out", tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "mine"


def test_earlier_results_are_replaced_and_other_files_kept(tmp_path):
    out = tmp_path / "o"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "old.svg").write_text("of an earlier run that drew more")
    (out / "manifest.json").write_text(json.dumps({"study": "tournament", "files": {
        "old.svg": "", "summary.csv": "", "../notes.txt": ""}}))
    (tmp_path / "notes.txt").write_text("outside")
    assert main([*RUN, "--policies", "random", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "classes.csv", "frontier.pdf", "frontier.png", "frontier.svg", "manifest.json", "notes.txt", "pairs.csv",
        "standings.csv", "store.duckdb", "summary.csv"]
    files = json.loads((out / "manifest.json").read_text())["files"]
    assert list(files) == ["classes.csv", "frontier.pdf", "frontier.png", "frontier.svg", "pairs.csv", "standings.csv",
                           "summary.csv"]
    assert files["pairs.csv"] == hashlib.blake2b((out / "pairs.csv").read_bytes(), digest_size=16).hexdigest()
    assert (tmp_path / "notes.txt").read_text() == "outside"


@pytest.mark.parametrize(("content", "words"), [
    ("{", "not a manifest"), ("[]", "not a manifest"), ('{"study": "x"}', "there is no study 'x'")])
def test_what_is_no_manifest(capsys, tmp_path, content, words):
    path = tmp_path / "m.json"
    path.write_text(content)
    assert words in mistake(capsys, "replay", path, "--out", tmp_path / "o")
    assert "there is no folder" in mistake(capsys, "replay", tmp_path / "none.json", "--out", tmp_path / "o")


def test_an_edited_manifest_or_a_changed_trace_is_not_replayed(capsys, tmp_path):
    trace = tmp_path / "t.csv"
    trace.write_text("t_s,input_tokens,output_tokens\n" + "".join(f"{i},100,20\n" for i in range(20)))
    assert main([*RUN, "--policies", "random", "--trace", str(trace), "--out", str(tmp_path / "o")]) == 0
    capsys.readouterr()
    manifest = tmp_path / "o" / "manifest.json"
    with trace.open("a") as file:
        file.write("99,100,20\n")
    assert "has changed" in mistake(capsys, "replay", manifest, "--out", tmp_path / "p")
    trace.unlink()
    assert "not there" in mistake(capsys, "replay", manifest, "--out", tmp_path / "p")
    data = json.loads(manifest.read_text())
    data["scenario"]["seed"] = 1
    manifest.write_text(json.dumps(data))
    assert "does not match its hash" in mistake(capsys, "replay", manifest, "--out", tmp_path / "p")


def children(pid: int) -> list[int]:
    """Live processes whose parent is ``pid``."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def alive(pid: int) -> bool:
    """Whether a process runs (one that is dead but not yet buried does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes through /proc")
def test_interrupt_leaves_runs_and_no_processes(tmp_path):
    arguments = ["run", "tournament", "duel", *QUICK, "--policies", "random", "--replications", "5000",
                 "--jobs", "2", "--out", str(tmp_path / "a" / "o")]
    process = subprocess.Popen(
        [sys.executable, "-m", "experiments.cli.main", *arguments], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        workers: list[int] = []
        deadline = time.monotonic() + 60
        while len(workers) < 3 and time.monotonic() < deadline:  # two workers and joblib's tracker
            time.sleep(0.2)
            workers = children(process.pid)
        assert len(workers) >= 2
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert err.strip().splitlines()[-1] == f"tokenmarket: interrupted; {KEPT}"
    assert out == ""
    assert [path.name for path in (tmp_path / "a" / "o").iterdir()] == ["store.duckdb"]
    time.sleep(1)
    assert not [pid for pid in workers if alive(pid)]


def test_an_early_interrupt_is_quiet(tmp_path):
    """At whatever moment of the start it comes: from Python's own first lines on no traceback is shown."""
    starts = "import tokenmarket, os; os.write(1, b'x'); raise SystemExit(tokenmarket.main())"
    for wait_s in (0.0, 0.05, 0.15, 0.3):
        command = [sys.executable, "-c", starts, "run", "tournament", "--out", str(tmp_path / "o")]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout.read(1) == b"x"
        time.sleep(0.005 + wait_s)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=60)[1].decode()
        assert process.returncode == 130
        assert err.strip().splitlines() == ["tokenmarket: interrupted; nothing was written"]
    assert not (tmp_path / "o").exists()
