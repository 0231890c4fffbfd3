"""Sweeps that stop when their intervals are narrow enough."""

import json

import numpy as np
import pandas as pd
import pytest

from experiments.cli.main import main
from experiments.runs.until import parse_targets
from experiments.stats import interval
from experiments.stats.refusals import StatisticsError
from experiments.stats.sequential import Stopping, Target, enough_of, replicate, stops_at
from sim.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("undrawn")
SWEEP = ["sweep", "tournament", "duel", "--set", "traffic.engine=reference", "--set", "traffic.duration_s=8", "--set",
         "traffic.warmup_s=1", "--grid", "traffic.load=0.5,1", "--policies", "cheapest", "--jobs", "1"]


def swept(folder, *words):
    code = main([*SWEEP, *words, "--out", str(folder)])
    return code, json.loads((folder / "manifest.json").read_text()) if code == 0 else None


def test_every_point_meets_the_target_and_no_replication_is_wasted(tmp_path, capsys):
    code, manifest = swept(tmp_path / "a", "--until", "completed_share=0.05", "--until", "cost_usd_per_mtok=30%")
    assert code == 0
    said = capsys.readouterr().out
    n = manifest["parameters"]["replications"]
    assert f"met at 2 of 2 points after {n} replications" in said
    assert manifest["until"]["targets"] == {"completed_share": "0.05", "cost_usd_per_mtok": "30%"}
    summary = pd.read_csv(tmp_path / "a" / "summary.csv")
    costs = summary[summary["metric"] == "cost_usd_per_mtok"]
    assert costs["n"].tolist() == [n, n]
    assert (costs["half_width"] <= 0.3 * costs["mean"]).all()
    assert n < 100


def test_a_finished_sweep_and_its_replay_have_the_same_bytes(tmp_path, capsys):
    words = ("--until", "cost_usd_per_mtok=30%")
    swept(tmp_path / "a", *words)
    before = {path.name: path.read_bytes() for path in (tmp_path / "a").glob("*.csv")}
    assert swept(tmp_path / "a", *words)[0] == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").glob("*.csv")} == before
    assert main(["reproduce", str(tmp_path / "a")]) == 0
    assert "came out with the same bytes" in capsys.readouterr().out


def test_it_says_who_missed_the_target(tmp_path, capsys):
    code, manifest = swept(tmp_path / "a", "--until", "e2e_p99_s=0.000001", "--replications", "2", "--most", "4")
    assert code == 0
    assert manifest["parameters"]["replications"] == 4
    assert "met at 0 of 2 points after 4 replications" in capsys.readouterr().out


@pytest.mark.parametrize("seed", range(20))
def test_steps_end_where_single_replications_do(seed):
    values = np.random.default_rng(seed).normal(10, 1, 200).tolist()
    stopping = Stopping({"x": Target(0.6)}, most=120)
    one_by_one = len(replicate(lambda r: {"x": values[r]}, stopping).values["x"])
    count, steps = stopping.first, 0
    while (following := stops_at({"x": values[:count]}, stopping)) > count:
        count, steps = following, steps + 1
    assert count == one_by_one
    assert steps < one_by_one - stopping.first
    assert interval(values[:count]).half_width < 0.6
    assert enough_of({"x": values[:count]}, stopping) is not None


@pytest.mark.parametrize(("words", "sentence"), [
    (["--until", "cost=1"], "metric 'cost' is not one of the study's"),
    (["--until", "hhi"], "is not of the form METRIC=HALF_WIDTH"),
    (["--until", "hhi=0%"], "target half-width is 0, but must be greater than 0"),
    (["--until", "hhi=1", "--until", "hhi=2%"], "names hhi twice"),
    (["--until", "hhi=1", "--replications", "1"], "first is 1, but an interval needs at least 2"),
    (["--until", "hhi=1", "--most", "2"], "most is 2, but must be at least first"),
    (["--most", "5"], "there is no --until"),
])
def test_mistakes_are_sentences(words, sentence, tmp_path, capsys):
    assert swept(tmp_path / "a", *words)[0] == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_targets_are_absolute_or_relative():
    assert parse_targets([" a = 0.5 ", "b=2%"]) == {"a": Target(0.5), "b": Target(0.02, relative=True)}
    with pytest.raises(ScenarioError, match="must be greater than 0 and finite"):
        parse_targets(["a=inf"])
    with pytest.raises(StatisticsError, match="not a metric"):
        stops_at({"a": [1.0]}, Stopping({"b": Target(1.0)}))
