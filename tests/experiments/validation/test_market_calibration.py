"""A market's calibration from the command line to its files, with runs that are a formula: no engine."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

from experiments.cli.main import main
from experiments.runs.keys import specs_of
from experiments.runs.specs import RunRecord
from experiments.scenarios import load_market
from experiments.validation.facts.fact_ledger import LedgerError, read_ledger
from experiments.validation.facts.fact_values import fact_value, fact_values, why_not_asked
from experiments.validation.gates.gate_runs import HowToRun
from experiments.validation.history.calibrated_market import CalibrationRequest, calibrated
from experiments.validation.history.findings import read_admissible
from experiments.validation.history.market_trials import MarketTrials, OutOfRuns, through_the_runner
from experiments.validation.history.matching import MarketTrial, MatchingPlan
from experiments.validation.history.run_file import append_runs, head_of, read_runs
from sim.scenario.dump import to_toml
from worlds.small_markets import small

LEDGER = """
title = "two facts and a pair"
[[facts]]
name = "x"
says = "x"
source = "here"
place = "calibrated"
measure = "hhi"
low = 0.0
observed = 0.4
observed_sd = 0.05
discrepancy = 0.05
[[facts]]
name = "y"
says = "y"
source = "here"
place = "calibrated"
measure = "requests"
scale = "log"
low = 1.0
observed = 200
observed_sd = 0.1
discrepancy = 0.1
[[facts]]
name = "pair"
says = "a ratio less a third"
source = "here"
place = "predicted"
measure = "requests"
over = "tokens"
less = "hhi"
low = 0.0
[[facts]]
name = "unsaid"
says = "nothing"
source = "here"
place = "not said"
why = "nobody knows"
[[parameters]]
name = "rate"
says = "rate"
source = "here"
paths = ["customers.requests_per_s"]
scale = "log"
low = 10
high = 1000
[[parameters]]
name = "fee"
says = "fee"
source = "here"
paths = ["fees.credit_share"]
low = 0
high = 0.5
"""
PLAN = MatchingPlan(centre=3, cover=10, waves=(4,), final=6, final_replications=2)


class Formula:
    """Plays runs by a formula; stops after some, as a kill would."""

    def __init__(self, most=10_000):
        self.done, self.most = 0, most

    def __call__(self, specs):
        out = []
        for spec in specs:
            if self.done == self.most:
                raise KeyboardInterrupt
            self.done += 1
            rate, fee = spec.scenario["customers"]["requests_per_s"], spec.scenario["fees"]["credit_share"]
            draw = np.random.default_rng([spec.replication, int(rate * 1000), int(fee * 1e6)]).standard_normal(2)
            out.append({"hhi": 2 * fee + 0.02 * draw[0], "requests": 2 * rate * np.exp(0.05 * draw[1]), "tokens": 4.0})
        return out


@pytest.fixture
def asked(tmp_path):
    facts = tmp_path / "facts.toml"
    facts.write_text(LEDGER)
    return CalibrationRequest("openrouter-2026", small(), (), facts, tmp_path / "runs.csv", False, None)


HOW = HowToRun(1, 1, None, True)


def test_killed_once_and_resumed_it_says_the_same(asked, tmp_path):
    whole = calibrated(asked, PLAN, HOW, 0, Formula())
    other = asked._replace(runs=tmp_path / "other.csv")
    with pytest.raises(KeyboardInterrupt):
        calibrated(other, PLAN, HOW, 0, Formula(most=15))
    with other.runs.open("a") as file:
        file.write("half a li")  # the line that was being written
    rest = Formula()
    again = calibrated(other, PLAN, HOW, 0, rest)
    assert rest.done == 3 + 10 + 4 + 12 - 13  # two of a round that was not over are done again
    assert again == whole
    assert other.runs.read_bytes() == asked.runs.read_bytes()
    nothing = Formula(most=0)
    assert calibrated(asked, PLAN, HOW, 0, nothing) == whole  # all is read from the file


def test_what_is_written(asked):
    found = calibrated(asked, PLAN, HOW, 0, Formula())
    data = json.loads(found.files["calibration.json"])
    assert data["provenance"]["ledger"] == "two facts and a pair"
    assert data["provenance"]["plan"]["cover"] == 10
    assert [it["runs"] for it in data["stages"]] == [13, 17]
    rows = list(csv.DictReader(found.files["admissible.csv"].splitlines()))
    assert len(rows) == data["admissible"]
    for row in rows:
        assert float(row["second"]) <= 3  # of two facts one may be far
        assert float(row["x"]) == pytest.approx(2 * float(row["fee (parameter)"]), abs=0.08)
        assert float(row["pair"]) == pytest.approx(float(row["y"]) / 4 - float(row["x"]), rel=0.01)
    vector = found.files["vector-01.toml"]
    assert vector.startswith('extends = "openrouter-2026"\n')
    assert f"customers.requests_per_s = {rows[0]['rate (parameter)']}"[:34] in vector
    (asked.runs.parent / "admissible.csv").write_text(found.files["admissible.csv"])
    ledger = read_ledger(asked.ledger)
    told = read_admissible(asked.runs.parent / "admissible.csv", ledger)
    assert [it["x"] for it in told] == [float(row["x"]) for row in rows]
    with pytest.raises(LedgerError, match=r"is no file of admissible vectors"):
        read_admissible(asked.runs, ledger.model_copy(update={"facts": (ledger.facts[0].model_copy(
            update={"name": "z"}),)}))
    assert "final places are admissible" in found.told


def test_no_more_runs_than_are_allowed(asked):
    with pytest.raises(OutOfRuns, match="3 runs were done"):
        calibrated(asked._replace(most=3), PLAN, HOW, 0, Formula())
    assert len(read_runs(asked.runs, read_ledger(asked.ledger))) == 3


def test_runs_of_other_code_count_only_if_told_so(asked):
    ledger = read_ledger(asked.ledger)
    base = asked.scenario.model_dump(mode="json")
    trials, play = [MarketTrial("centre", (0.5, 0.5), 0)], Formula()
    MarketTrials(ledger, base, asked.runs, play)(trials)
    one, = read_runs(asked.runs, ledger)
    asked.runs.unlink()
    append_runs(asked.runs, ledger, [one._replace(code="old")])
    again = MarketTrials(ledger, base, asked.runs, play)
    assert again.left_out == 1
    again(trials)
    assert play.done == 2
    asked.runs.unlink()
    second = one._replace(code="old", replication=1, facts={name: 2 * value for name, value in one.facts.items()})
    append_runs(asked.runs, ledger, [one._replace(code="old"), second])
    has_changed = {**base, "description": "as code has it that came later"}
    third = MarketTrials(ledger, has_changed, asked.runs, play, other_code=True)
    assert third(trials)[0] == one.facts
    assert (play.done, third.counts["read"]) == (2, 1)
    assert third([trials[0]._replace(replication=1)])[0] == pytest.approx(second.facts)
    assert play.done == 2
    third([trials[0]._replace(replication=2)])
    assert play.done == 3


def test_a_run_that_fails_has_no_facts(asked):
    ledger = read_ledger(asked.ledger)
    trials = MarketTrials(ledger, asked.scenario.model_dump(mode="json"), asked.runs, lambda specs: [{} for _ in specs])
    found, = trials([MarketTrial("cover", (0.1, 0.1), 0)])
    assert all(np.isnan(value) for value in found.values())
    assert trials.counts == {"read": 0, "done": 1, "failed": 1}
    assert asked.runs.read_text().splitlines()[1].endswith(",,,")


def test_numbers_come_back_from_the_runner_in_the_order_asked(monkeypatch):
    """Three runs, of which the second fails; the store gives them by row."""
    def run_all(specs, store, **_):
        for spec in reversed(specs):
            frame = pd.DataFrame([("hhi", "1", spec.row / 10)], columns=["metric", "unit", "value"])
            store.add([RunRecord(spec.key, "no" if spec.row == 1 else "", {} if spec.row == 1 else {"metrics": frame})])
    monkeypatch.setattr("experiments.runs.runner.run_all", run_all)
    base = small().model_dump(mode="json")
    specs = specs_of("market", base, [{"customers.requests_per_s": rate} for rate in (10.0, 20.0, 30.0)], 1)
    assert through_the_runner(HOW)(specs) == [{"hhi": 0.0}, {}, {"hhi": 0.2}]


def test_a_file_of_other_columns_is_refused(asked):
    ledger = read_ledger(asked.ledger)
    asked.runs.write_text("run,code\na,b\n")
    with pytest.raises(LedgerError, match=r"runs\.csv is no file of runs of this ledger.*differ"):
        read_runs(asked.runs, ledger)
    asked.runs.write_text(",".join(head_of(ledger)) + "\na,b,c\n")
    with pytest.raises(LedgerError, match="has a line that is no run; each must have 9 values"):
        read_runs(asked.runs, ledger)


def test_values_of_facts_from_the_numbers_of_a_run(asked):
    ledger = read_ledger(asked.ledger)
    pair = ledger.facts[2]
    assert fact_value(pair, {"requests": 6.0, "tokens": 4.0, "hhi": 0.25}) == 1.25
    assert fact_values(ledger, {"hhi": 0.25}) == pytest.approx({"x": 0.25, "y": np.nan, "pair": np.nan}, nan_ok=True)
    assert np.isnan(fact_value(pair, {"requests": 6.0, "tokens": 0.0, "hhi": 0.25}))


def test_facts_that_a_run_is_not_asked():
    by_name = {fact.name: fact for fact in read_ledger().facts}
    horizon = load_market("openrouter-2026").horizon
    for name in ("S1a", "tokens-january", "providers"):
        assert why_not_asked(by_name[name], horizon.start, horizon.days) == ""
    assert why_not_asked(by_name["providers"], horizon.start, 30) == (
        "it is of a run that ends in 2026-08; this one ends in 2025-01")
    assert "starts in 2025-01; this one starts in 2025-03" in why_not_asked(
        by_name["tokens-april"], horizon.start.replace(month=3), 607)
    assert "a run keeps days" in why_not_asked(by_name["hours"], horizon.start, 607)


@pytest.mark.parametrize(("arguments", "words"), [
    (["--centre", "1"], "--centre is 1; it must be at least 2"),
    (["--waves", "9,x"], "--waves is '9,x', but must be whole numbers"),
    (["--set", "horizon.days=60"], "is calibrated, but it is of a run that ends in 2026-08; this one ends in 2025-03"),
    (["--set", "customers.uses.worth_factor=9"], "parameter worth is 9 in the scenario; it must lie within its prior"),
    (["--dask", "tcp://x:1"], "--dask is not allowed here"),
])
def test_mistakes(capsys, tmp_path, arguments, words):
    runs = tmp_path / "runs.csv"
    assert main(["calibrate", "market", *arguments, "--runs", str(runs), "--out", str(tmp_path / "o"), "--quiet"]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command_does_some_runs_now_and_the_rest_later(capsys, tmp_path, monkeypatch, asked):
    monkeypatch.setattr("experiments.validation.history.market_trials.through_the_runner", lambda how: Formula())
    market = tmp_path / "market.toml"
    market.write_text(to_toml(small()))
    command = ["calibrate", "market", str(market), "--facts", str(asked.ledger), "--runs", str(asked.runs), "--quiet",
               "--jobs", "1", "--centre", "3", "--cover", "12", "--waves", "", "--final", "20", "--pseudo-truths", "0",
               "--out", str(tmp_path / "o")]
    assert main([*command, "--most", "5"]) == 0
    assert "centre: 3 of 3 runs\ncover: 2 of 12 runs\nfinal: 0 of 40 runs" in capsys.readouterr().out
    assert main(command) == 0
    assert "final places are admissible" in capsys.readouterr().out
    assert {"admissible.csv", "calibration.json", "manifest.json"} <= {it.name for it in (tmp_path / "o").iterdir()}
    assert json.loads((tmp_path / "o" / "calibration.json").read_text())["provenance"]["coarse"] == [
        "horizon.sampled_per_day=4000"]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["final places"] == 20
