"""What was read of a trace is told and recorded; a trace that ends early says so, and rates are over what it covers."""

import json

import pytest

from experiments.cli.main import main
from experiments.measures.traffic_metrics import metrics
from experiments.output.trace_record import trace_record, traces_told
from experiments.runs.keys import specs_of
from experiments.runs.run_traffic import run_traffic
from experiments.scenarios import load
from sim.scenario.load import plain

BURST = ("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
         "5,ChatGPT,472,18,490,Conversation log\n\n6,ChatGPT,0,0,0,Conversation log\n"
         "7,GPT-4,33,0,33,API log\n8,GPT-4,12,4,16,API log\n")
SCENARIO = 'extends = "duel"\n[traffic]\nwarmup_s = 0.0\n[demand.chat]\narrivals = {{ kind = "trace", {} }}\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "burst.csv").write_text(BURST)
    (tmp_path / "s.toml").write_text(SCENARIO.format('path = "burst.csv", skip = "failed"'))
    return tmp_path


def test_counts_are_printed_and_in_the_manifest(folder, capsys):
    command = ["run", "tournament", str(folder / "s.toml"), "--out", str(folder / "o"), "--set",
               "traffic.engine=reference", "--loads", "1", "--replications", "1", "--jobs", "1", "--policies", "random"]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert f"of {folder / 'burst.csv'} 2 rows are replayed; 2 left out as failed, 1 blank line passed over" in told
    assert "burst.csv ends at 6 s of the 120 s of the run, and is not started again (loop = true would)" in told
    manifest = json.loads((folder / "o" / "manifest.json").read_text())
    record = manifest["traces"]["chat"]
    assert record["path"] == str(folder / "burst.csv")
    assert {name: record[name] for name in ("columns", "unit", "files", "rows", "failed_rows", "unusable_rows",
                                            "blank_lines", "sorted_rows", "span_s", "covered_s")} == {
        "columns": "burstgpt", "unit": "s", "files": 1, "rows": 2, "failed_rows": 2, "unusable_rows": 0,
        "blank_lines": 1, "sorted_rows": 0, "span_s": 3.0, "covered_s": 6.0}
    assert list(manifest["inputs"]) == [str(folder / "burst.csv")]
    assert main(["replay", str(folder / "o" / "manifest.json"), "--out", str(folder / "again")]) == 0


def test_a_trace_read_whole_that_covers_the_run_needs_no_word(folder):
    scenario = load(folder / "s.toml", "demand.chat.arrivals.loop=true")
    assert [line.count("left out") for line in traces_told(scenario)] == [1]
    assert trace_record(scenario)["chat"]["covered_s"] is None
    (folder / "burst.csv").write_text("t_s,input_tokens,output_tokens\n0,1,1\n100,1,1\n")
    assert traces_told(scenario) == []
    assert traces_told(load(folder / "s.toml")) == []  # 200 s of 120 s
    assert trace_record(load("duel")) == {} == trace_record(load("openrouter-2026"))


def test_the_key_of_a_run_depends_on_the_content(folder):
    scenario = plain(load(folder / "s.toml"))

    def key():
        return specs_of("traffic", scenario, [{}], 1)[0].key

    before = key()
    assert key() == before
    (folder / "burst.csv").write_text(BURST.replace("472", "473"))
    assert key() != before


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_rates_are_over_the_time_that_is_covered(folder, engine):
    """500 requests, one every fifth of a second, all of them good: 5 a second, however long the run goes on."""
    rows = "".join(f"{i / 5},10,2\n" for i in range(500))
    (folder / "even.csv").write_text(f"t_s,input_tokens,output_tokens\n{rows}")
    (folder / "s.toml").write_text(SCENARIO.format('path = "even.csv"'))
    for duration_s, expected in ((1000, 5.0), (100, 5.0), (50, 5.0)):
        found = metrics(run_traffic(load(folder / "s.toml", f"traffic.duration_s={duration_s}",
                                         f"traffic.engine={engine}")))
        assert found["good_share"] == 1.0
        assert found["goodput_per_s"] == pytest.approx(expected, rel=1e-12)
    twice = load(folder / "s.toml", "traffic.duration_s=1000", "traffic.load=2", "traffic.warmup_s=10",
                 f"traffic.engine={engine}")
    assert metrics(run_traffic(twice))["goodput_per_s"] == pytest.approx(10.0, rel=1e-12)
    mixed = load(folder / "s.toml", "traffic.duration_s=1000", f"traffic.engine={engine}",
                 'demand.more={model = "toy", arrivals = {kind = "deterministic", rate_per_s = 1.0}}')
    assert metrics(run_traffic(mixed))["goodput_per_s"] < 2  # other demand goes on: the window is the run's


def test_both_engines_measure_the_same_window(folder):
    engines = ("reference", "compiled")
    outcomes = [run_traffic(load(folder / "s.toml", f"traffic.engine={engine}")) for engine in engines]
    assert outcomes[0].replica_s.tolist() == outcomes[1].replica_s.tolist() == [6.0, 6.0]
    assert metrics(outcomes[0]) == pytest.approx(metrics(outcomes[1]), rel=0, abs=0, nan_ok=True)
