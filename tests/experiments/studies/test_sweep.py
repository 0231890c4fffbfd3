"""Sweeps: killed and resumed, in processes or on Dask, the same bytes; failures are rows; mistakes are sentences."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from experiments.cli.main import main
from experiments.runs.keys import ROOMS, ROOT, code_version, specs_of
from experiments.runs.kinds import KINDS
from experiments.runs.play import play
from experiments.runs.runner import RunnerError, run_all
from experiments.runs.workers import WorkerError, in_processes
from experiments.scenarios import load_market, load_traffic
from experiments.store.store import Store
from sim.scenario.dump import to_toml
from sim.scenario.load import plain
from worlds.small_markets import small

pytestmark = pytest.mark.usefixtures("undrawn")
SHORT = ("--set", "traffic.duration_s=40", "--set", "traffic.warmup_s=5")
GRID = ("sweep", "tournament", "duel", *SHORT, "--grid", "traffic.load=0.5,1", "--policies", "random,cheapest",
        "--replications", "2")
MORRIS = ("sweep", "tournament", "duel", *SHORT, "--design", "morris", "--samples", "4", "--vary", "traffic.load",
          "--vary", "routers.main.attempts.maximum", "--vary", "routers.main.fee_share", "--replications", "2")


def run_cli(*arguments, out):
    return main([*map(str, arguments), "--out", str(out)])


def files(folder: Path) -> dict[str, bytes]:
    """Bytes by name; of the manifest all but the commit, which may come while the tests run."""
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "store.duckdb"}
    manifest = json.loads(found["manifest.json"])
    del manifest["commit"]
    return {**found, "manifest.json": json.dumps(manifest).encode()}


@pytest.fixture(scope="module")
def morris(tmp_path_factory):
    """An uninterrupted sweep in one process."""
    out = tmp_path_factory.mktemp("morris") / "o"
    assert run_cli(*MORRIS, "--jobs", 1, out=out) == 0
    return out


def test_a_grid_has_a_row_for_every_point_policy_and_metric(tmp_path, capsys):
    assert run_cli(*GRID, "--jobs", 1, out=tmp_path / "o") == 0
    summary = pd.read_csv(tmp_path / "o" / "summary.csv")
    assert list(summary.columns) == ["policy", "traffic.load", "metric", "unit", "mean", "half_width", "n", "failed"]
    cost = summary[summary["metric"] == "cost_usd_per_mtok"]
    assert list(zip(cost["policy"], cost["traffic.load"], strict=True)) == [
        ("random", 0.5), ("random", 1.0), ("cheapest", 0.5), ("cheapest", 1.0)]
    assert (cost["n"] == 2).all()
    assert cost["half_width"].notna().all()
    capsys.readouterr()
    assert run_cli(*GRID, "--jobs", 1, out=tmp_path / "o") == 0
    assert "holds this study already, all 8 runs; nothing was done" in capsys.readouterr().out


def test_two_processes_give_the_same_bytes(morris, tmp_path):
    assert run_cli(*MORRIS, "--jobs", 2, out=tmp_path / "o") == 0
    assert files(tmp_path / "o") == files(morris)


KILLED = """
import os, signal, sys
from experiments.cli.main import main
from experiments.runs import runner
from experiments.store.store import Store

def add_and_die(store, records):
    add(store, records)
    os.killpg(0, signal.SIGKILL)

runner.WRITE_AT, add, Store.add = 3, Store.add, add_and_die
main(sys.argv[1:])
"""


def test_killed_with_its_workers_and_resumed_the_bytes_are_the_same(morris, tmp_path, capsys):
    """Just after some runs were kept; ``tests/house/kills.py`` kills fifty times, at any moment."""
    command = [sys.executable, "-c", KILLED, *MORRIS, "--jobs", "2", "--out", str(tmp_path / "o")]
    died = subprocess.run(command, cwd=ROOT, capture_output=True, start_new_session=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert run_cli(*MORRIS, "--jobs", 2, out=tmp_path / "o") == 0
    assert re.search(r"\b[1-3] of 32 runs were done before", capsys.readouterr().err)
    assert files(tmp_path / "o") == files(morris)


def test_dask_with_a_worker_that_is_killed_gives_the_same_bytes(morris, tmp_path):
    pytest.importorskip("distributed")
    dask = [sys.executable, "-W", "ignore", "-m"]
    scheduler = subprocess.Popen([*dask, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                                  "--no-dashboard"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    address = next(found[0] for line in scheduler.stderr if (found := re.search(r"tcp://[\d.]+:\d+", line)))
    workers = [subprocess.Popen([*dask, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny",
                                 "--no-dashboard"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env={**os.environ, "PYTHONPATH": str(ROOT)}) for _ in range(2)]
    undrawn = ("import sys, pytest; sys.path.append('tests'); from worlds.undrawn import leave_undrawn; "
               "leave_undrawn(pytest.MonkeyPatch()); import tokenmarket; sys.exit(tokenmarket.main())")
    command = [*dask[:-1], "-c", undrawn, *MORRIS, "--dask", address, "--out", str(tmp_path / "o")]
    try:
        sweep = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(4.0)
        workers[0].kill()
        said, _ = sweep.communicate(timeout=600)
        assert sweep.returncode == 0, said
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()
        scheduler.stderr.close()
    assert files(tmp_path / "o") == files(morris)


def test_a_scheduler_that_is_not_there(tmp_path, capsys):
    pytest.importorskip("distributed")
    soon = "import tokenmarket; from experiments.runs import runner; runner.REACH_S = 0.3; exit(tokenmarket.main())"
    command = [sys.executable, "-W", "ignore", "-c", soon, *GRID, "--dask", "tcp://127.0.0.1:1", "--out",
               str(tmp_path / "o")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cannot reach a Dask scheduler at 'tcp://127.0.0.1:1'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_point_that_is_not_allowed_is_a_row_and_stops_nothing(tmp_path, capsys):
    assert run_cli("sweep", "tournament", "duel", *SHORT, "--grid", "traffic.load=-1,1", "--replications", 2, "--jobs",
                   1, out=tmp_path / "o") == 0
    failures = pd.read_csv(tmp_path / "o" / "failures.csv")
    assert list(failures["traffic.load"]) == [-1, -1]
    assert failures["problem"].str.contains("traffic.load is -1").all()
    summary = pd.read_csv(tmp_path / "o" / "summary.csv")
    assert set(summary["traffic.load"]) == {-1, 1}
    assert summary.groupby("traffic.load")[["n", "failed"]].max().values.tolist() == [[0, 2], [2, 0]]
    told = capsys.readouterr().out
    assert "2 failed" in told
    assert "2 runs failed, the first at replication 0, traffic.load -1: scenario: traffic.load is -1" in told


def test_a_sweep_of_markets_runs_and_is_reproduced(tmp_path, capsys):
    out, market = tmp_path / "o", tmp_path / "small.toml"
    market.write_text(to_toml(small()), encoding="utf-8")
    assert run_cli("sweep", "market", market, "--set", "horizon.days=2", "--grid", "price_factor=0.5,1",
                   "--replications", 2, "--jobs", 1, out=out) == 0
    assert main(["reproduce", str(out), "--jobs", "1"]) == 0
    assert "came out with the same bytes" in capsys.readouterr().out
    data = json.loads((out / "manifest.json").read_text())
    data["files"]["summary.csv"] = "0" * 32
    data["versions"]["python"] = "3.99.0"
    (out / "manifest.json").write_text(json.dumps(data))
    assert main(["reproduce", str(out), "--jobs", "1"]) == 1
    said = capsys.readouterr().out
    assert " DIFFERENT  summary.csv" in said
    assert "python 3.99.0 then, " in said


def test_a_design_file_is_a_sweep(morris, tmp_path):
    design = tmp_path / "study.toml"
    design.write_text("""
[study]
kind = "tournament"
scenario = "duel"
set = ["traffic.duration_s=40", "traffic.warmup_s=5"]
replications = 2
[design]
kind = "morris"
samples = 4
[factors]
"traffic.load" = {}
"routers.main.attempts.maximum" = {}
"routers.main.fee_share" = { low = 0.0, high = 0.1 }
""")
    assert run_cli("sweep", design, "--jobs", 2, out=tmp_path / "o") == 0
    assert files(tmp_path / "o") == files(morris)


@pytest.mark.parametrize(("arguments", "words"), [
    (("sweep", "tournment"), "the study is 'tournment'"),
    (("sweep", "tournament"), "a grid design needs at least one factor"),
    (("sweep", "tournament", "--grid", "traffic.lod=1,2"), "did you mean"),
    (("sweep", "market", "duel", "--grid", "seed=1,2"), "duel describes traffic: `tokenmarket sweep tournament duel`"),
    (("sweep", "tournament", "--grid", "seed=1,2", "--replications", "0"), "replications is 0"),
    (("sweep", "tournament", "--design", "sobol", "--samples", "3", "--vary", "traffic.load"), "a power of 2"),
    (("sweep", "tournament", "--grid", "seed=1,2", "--metrics", "cost,hhi"), "metric 'cost' is not one of the study's"),
    (("sweep", "absent.toml"), "cannot read design absent.toml"),
])
def test_mistakes_are_told(arguments, words, tmp_path, capsys):
    assert run_cli(*arguments, out=tmp_path / "o") == 2
    assert words in capsys.readouterr().err


def test_a_metric_that_no_market_has_is_told_and_its_runs_are_kept(tmp_path, capsys):
    market = ("sweep", "market", "--set", "horizon.days=2", "--set", "customers.requests_per_s=5", "--grid",
              "price_factor=1", "--replications", "1", "--jobs", "1", "--metrics")
    assert run_cli(*market, "nothing", out=tmp_path / "o") == 2
    assert "metric 'nothing' is not one of the study's: requests" in capsys.readouterr().err
    with Store.open_for_reading(tmp_path / "o" / "store.duckdb") as store:
        assert len(store.frame("SELECT * FROM runs")) == 1


def test_runs_are_keyed_by_what_they_depend_on(tmp_path):
    base = plain(load_traffic("duel", ["traffic.duration_s=40"]))
    one, two = (specs_of("traffic", base, [{"traffic.load": load}], 2) for load in (0.5, 1.0))
    assert len({spec.key for spec in [*one, *two]}) == 4
    assert [spec.key for spec in specs_of("traffic", base, [{"traffic.load": 1}], 2)] == [spec.key for spec in two]
    assert two[0].key == specs_of("traffic", base, [{}], 1)[0].key  # the same configuration, whoever says it
    assert re.fullmatch("[0-9a-f]{32}", code_version())


def test_the_code_version_covers_what_a_run_imports():
    script = """
import sys
from experiments.runs.keys import specs_of
from experiments.runs.play import play
from experiments.scenarios import load_market, load_traffic
from experiments.runs.workers import WorkerError, in_processes
from sim.scenario.load import plain
duel, market = load_traffic("duel", ["traffic.duration_s=30"]), load_market("openrouter-2026", ["horizon.days=1"])
before = set(sys.modules)
for kind, scenario in (("traffic", duel), ("market", market)):
    assert not play(specs_of(kind, plain(scenario), [{}], 1)[0]).problem
print(*sorted(name for name in set(sys.modules) - before if name.startswith("experiments")))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    aside = {"experiments.output", "experiments.output.inputs"}  # digest input files
    rooms = tuple(room.replace("/", ".") for room in ROOMS)
    assert not {name for name in set(done.stdout.split()) - aside if not name.startswith(rooms)}
    assert all((ROOT / room).is_dir() for room in ROOMS)


def test_a_run_that_breaks_is_a_record(monkeypatch):
    spec = specs_of("traffic", plain(load_traffic("duel", ["traffic.duration_s=40"])), [{}], 1)[0]
    monkeypatch.setitem(KINDS, "traffic", replace(KINDS["traffic"], play=lambda *_: 1 / 0))
    assert play(spec).problem == "ZeroDivisionError: division by zero"


def test_failed_runs_are_done_again_when_asked(monkeypatch, tmp_path, capsys):
    works = KINDS["traffic"].play

    def breaks(scenario, replication, progress):
        return works(scenario, replication, progress) if replication else 1 / 0

    with monkeypatch.context() as patched:
        patched.setitem(KINDS, "traffic", replace(KINDS["traffic"], play=breaks))
        assert run_cli(*GRID, "--jobs", 1, out=tmp_path / "o") == 0
    problems = pd.read_csv(tmp_path / "o" / "failures.csv")["problem"]
    assert list(problems) == ["ZeroDivisionError: division by zero"] * 4
    assert run_cli(*GRID, "--jobs", 1, out=tmp_path / "o") == 0
    assert "nothing was done" in capsys.readouterr().out
    assert run_cli(*GRID, "--jobs", 1, "--retry", out=tmp_path / "o") == 0
    assert "(8 runs, 0 failed" in capsys.readouterr().out
    assert not (tmp_path / "o" / "failures.csv").exists()
    assert (pd.read_csv(tmp_path / "o" / "summary.csv")["n"] == 2).all()


@pytest.mark.parametrize("drawn", [("morris", "3"), ("sobol", "4")])
def test_a_design_without_indices_says_which_points_lack_a_value_and_why(drawn, tmp_path, capsys):
    """Some points are not allowed (a warm-up longer than the run), some have no request and therefore no price."""
    kind, samples = drawn
    out = tmp_path / "o"
    assert run_cli("sweep", "tournament", "duel", *SHORT, "--design", kind, "--samples", samples, "--vary",
                   "traffic.load=0.00001..1", "--vary", "traffic.warmup_s=5..60", "--replications", "2", "--metrics",
                   "cost_usd_per_mtok,requests", "--jobs", 1, out=out) == 0
    screen = capsys.readouterr().out
    gaps = pd.read_csv(out / "sensitivity_gaps.csv").set_index("metric")
    failures = pd.read_csv(out / "failures.csv")
    assert list(gaps.loc["requests", "row"]) == list(failures["row"])  # that of no request is 0, and no gap
    assert list(gaps.loc["requests", "why"]) == [f"failed: {problem}" for problem in failures["problem"]]
    cost = gaps.loc["cost_usd_per_mtok"]
    empty = cost[~cost["row"].isin(failures["row"])]
    assert len(empty)
    assert empty["why"].str.startswith("done, but without a value: nothing to divide by (prompt and output").all()
    assert empty["traffic.load"].max() < 0.1
    assert cost.loc[cost["row"].isin(failures["row"]), "traffic.warmup_s"].min() > 40
    sensitivity = pd.read_csv(out / "sensitivity.csv")
    assert sensitivity["value"].isna().all()
    points = {"morris": 9, "sobol": 16}[kind]
    for metric, mine in sensitivity.groupby("metric"):
        told = f"{gaps.loc[metric, 'row'].nunique()} of {points} points lack a value"
        assert mine["note"].str.startswith(f"{told}: the first at traffic.load ").all()
        assert f"{metric}: {told}\n" in screen
    for why in (failures["problem"].iloc[0], empty["why"].iloc[0]):
        assert why in screen
    report = tmp_path / "r"
    assert main(["report", str(out), "--out", str(report)]) == 0
    text = (report / "report.md").read_text(encoding="utf-8").replace("\\", "")
    assert text.count("No index: ") == 2
    assert f"Runs without a value: {len(gaps)}." in text
    assert failures["problem"].iloc[0] in text
    for name in ("report.html", "sensitivity.svg"):
        file = (report if name.endswith("html") else out) / name
        assert "points lack a value" in file.read_text(encoding="utf-8")


def test_a_worker_that_dies_is_told():
    with pytest.raises(WorkerError, match="a worker process died"):
        list(in_processes(os._exit, [(9,), (9,), (9,)], 2))
    assert sorted(in_processes(abs, [(-1,), (-2,)], 2)) == [1, 2]


def grown(number):
    """Have the worker taken for one that leaks memory from the next call on."""
    from joblib.externals.loky import process_executor

    process_executor._MAX_MEMORY_LEAK_SIZE, process_executor._MEMORY_LEAK_CHECK_DELAY = -(1 << 60), -1.0
    return number, os.getpid()


def test_workers_that_have_grown_are_replaced_and_nobody_waits_for_ever():
    """Here warnings are errors, and loky's about it killed the thread that starts the next worker."""
    found = []
    calls = threading.Thread(target=lambda: found.extend(in_processes(grown, [(n,) for n in range(6)], 2)), daemon=True)
    calls.start()
    calls.join(120)
    assert sorted(number for number, _ in found) == list(range(6))
    assert len({worker for _, worker in found}) > 2


def test_what_was_done_is_kept_when_the_user_interrupts(monkeypatch):
    specs = specs_of("traffic", plain(load_traffic("duel", ["traffic.duration_s=40"])), [{}], 3)
    played = []
    monkeypatch.setattr("experiments.runs.runner.play", lambda spec, _: played.append(spec) or play(spec))

    def check():
        if len(played) == 2:
            raise KeyboardInterrupt

    with Store(None) as store:
        with pytest.raises(KeyboardInterrupt):
            run_all(specs, store, check=check)
        assert len(store.done(spec.key for spec in specs)) == 2
        run_all(specs, store)
        assert len(store.done(spec.key for spec in specs)) == 3
        with pytest.raises(RunnerError, match="jobs is 0"):
            run_all(specs, store, jobs=0)


def test_an_interrupt_within_a_run_is_noticed():
    """One that was lost in a callback from C must not wait for the end of a long run."""
    specs = specs_of("market", plain(load_market("openrouter-2026", ["horizon.days=3", "engine=reference",
                                                                     "customers.requests_per_s=1"])), [{}], 1)
    calls = []

    def check():
        calls.append(1)
        raise KeyboardInterrupt

    with Store(None) as store:
        with pytest.raises(KeyboardInterrupt):
            run_all(specs, store, check=check)
        assert len(calls) == 1
        assert not store.done(spec.key for spec in specs)
