"""Markets from the command line: wrong input and interrupts end in one sentence, and nothing is half-written."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from experiments.cli.main import main
from experiments.cli.studies import KEPT
from experiments.scenarios import load_market
from experiments.store.store import Store
from experiments.studies.climb.design import Climb
from experiments.studies.market import STUDY
from experiments.studies.market.design import Market, MarketByOffer
from experiments.validation.gates.certificate import market_digest
from experiments.validation.gates.gate import Gate, judged
from experiments.validation.ladder.climbing import Headline, climbed
from sim.errors import ScenarioError
from sim.scenario.dump import to_toml
from sim.scenario.load import config_hash, plain
from worlds.places import ROOT
from worlds.small_markets import small

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """File of the small market."""
    path = tmp_path_factory.mktemp("market") / "small.toml"
    path.write_text(to_toml(small(engine="reference", horizon={"days": 2, "sampled_per_day": 300})))
    return str(path)


def mistake(capsys, *arguments):
    """Run a command that must fail; return its one sentence."""
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tokenmarket: error: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(("arguments", "words"), [
    (["--set", "horizon.days=0"], "horizon.days is 0, but must be at least 1"),
    (["--set", "customers.requests_per_s=-1"], "customers.requests_per_s is -1, but must be greater than 0"),
    (["--set", "horison.days=2"], "horison does not exist; did you mean horizon?"),
    (["--set", "supply.firms.boreal.pricing.kind=under_cut"], "no pricing strategy; did you mean undercut"),
    (["--set", "supply.firms.boreal.pricing.step=x"], "pricing.step is 'x', but must be a valid number"),
    (["--set", "models.catalogue.path=nowhere.csv"], "cannot read nowhere.csv: No such file"),
    (["--set", "horizon.start=9999-12-01"], "it must be from 1900-01-01 to 2150-01-01"),
])
def test_mistakes_in_a_market(capsys, tmp_path, market, arguments, words):
    out = tmp_path / "new" / "o"
    assert words in mistake(capsys, "run", "market", market, *arguments, "--out", out)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("arguments", "words"), [
    (["--divisors", "1,x"], "--divisors is '1,x', but must be numbers"),
    (["--divisors", "1,0"], "divisors: 0 is not allowed; it must be from 0.001 to 1000"),
    (["--divisors", "nan"], "divisors: nan is not allowed"),
    (["--divisors", "2,1,2"], "divisors are 2, 1, 2; none may stand twice"),
    (["--after", "30,5"], "days after the fall are 30, 5, but must be whole numbers from 1 in rising order"),
    (["--after", "2.5"], "--after is '2.5', but must be whole numbers such as"),
    (["--after", "5,30", "--measured-days", "9"], "measured days are 9, but must be 1 to 5"),
])
def test_mistakes_in_a_climb(capsys, tmp_path, market, arguments, words):
    assert words in mistake(capsys, "run", "climb", market, *arguments, "--out", tmp_path / "o")
    assert list(tmp_path.iterdir()) == []


def test_a_short_climb_measures_all_of_its_days(monkeypatch, market):
    designs: list[Climb] = []
    monkeypatch.setattr("experiments.studies.perform.perform", lambda study, design, how: designs.append(design))
    for options in ([], ["--after", "4,9"], ["--measured-days", "5"]):
        assert main(["run", "climb", market, *options]) == 0
    assert [design.measured_days for design in designs] == [7, 4, 5]
    assert [design.base.horizon.days for design in designs] == [360, 9, 360]
    with pytest.raises(ScenarioError, match="measured days are 7, but must be 1 to 2"):
        Climb(small(), after=(2, 30))


@pytest.mark.parametrize("study", ["climb", "tournament"])
def test_there_is_at_least_one_process(capsys, study):
    with pytest.raises(SystemExit):
        main(["run", study, "--jobs", "0"])
    assert "argument --jobs: '0' is not allowed; it must be a whole number, at least 1" in capsys.readouterr().err


def test_a_folder_below_a_file_cannot_be_written(capsys, tmp_path, market):
    file = tmp_path / "file"
    file.write_text("mine")
    for below in ("x", "x/y"):
        assert f"{file} is a file, not a folder" in mistake(capsys, "run", "market", market, "--out", file / below)
    assert file.read_text() == "mine"


def test_what_show_prints_is_the_same_market(capsys, tmp_path):
    assert main(["show", "openrouter-2026"]) == 0
    (tmp_path / "again.toml").write_text(capsys.readouterr().out)
    assert config_hash(load_market(tmp_path / "again.toml")) == config_hash(load_market("openrouter-2026"))


def test_mistakes_show_before_anything_is_compiled(capsys, tmp_path, monkeypatch, market):
    monkeypatch.setenv("TOKENMARKET_CACHE_DIR", str(tmp_path / "cache"))  # nothing was compiled
    error = mistake(capsys, "run", "market", market, "--set", "engine=compiled", "--set", "router.policy.kind=x",
                    "--out", tmp_path / "o")
    assert "router.policy.kind is 'x'" in error


def test_an_interrupt_in_mid_run_leaves_a_store_and_nothing_else(tmp_path, market):
    out = tmp_path / "a" / "o"
    command = [sys.executable, "-m", "tokenmarket", "run", "market", market, "--set", "horizon.days=30000", "--out",
               str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 60
    # the store is made first, and only then is written down what is wanted: on a busy machine seconds later
    while not (out / "store.duckdb.wal").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(2)  # well into the run
    process.send_signal(signal.SIGINT)
    told, err = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, "")
    assert err.strip().splitlines()[-1] == f"tokenmarket: interrupted; {KEPT}"
    assert [path.name for path in out.iterdir()] == ["store.duckdb"]
    with Store.open_for_reading(out / "store.duckdb") as store:
        assert store.studies()[["study", "runs", "done"]].to_numpy().tolist() == [["market", 1, 0]]


def test_offers_by_day_are_kept_if_asked_for_and_the_manifest_remembers(tmp_path, market):
    few = ["--set", "customers.requests_per_s=1", "--set", "horizon.days=2", "--set", "engine=compiled"]
    assert main(["run", "market", market, *few, "--out", str(tmp_path / "a"), "--daily-offers", "--quiet"]) == 0
    lines = (tmp_path / "a" / "daily_offers.csv").read_text().splitlines()
    assert lines[0].startswith("day,date,provider,model,listed,")
    assert {line.split(",")[0] for line in lines[1:]} == {"0", "1"}
    parameters = json.loads((tmp_path / "a" / "manifest.json").read_text())["parameters"]
    assert STUDY.read(small(), parameters) == MarketByOffer(small(), 1)
    assert STUDY.read(small(), {"replications": 1}) == Market(small(), 1)


@pytest.mark.parametrize(("arguments", "words"), [
    (["--gates", "--runs", "x.csv"], "--runs is not allowed with --gates or --ladder"),
    (["--gates", "--dask", "tcp://x:1"], "--dask is not allowed here; use --jobs"),
    (["--gates", "--set", "horizon.days=0"], "horizon.days is 0, but must be at least 1"),
])
def test_mistakes_in_asking_a_market(capsys, tmp_path, market, arguments, words):
    out = tmp_path / "new" / "o"
    assert words in mistake(capsys, "validate", "market", market, *arguments, "--out", out)
    assert list(tmp_path.iterdir()) == []


def test_what_a_market_was_asked_is_printed_and_written(capsys, tmp_path, market, monkeypatch):
    gate, headline = Gate("g", "asks", 0.0, 1.0), climbed(Headline("price_last"), {"L3 market": [2.0, 2.0]})
    monkeypatch.setattr("experiments.validation.gates.gate_runs.asked", lambda *_: [judged(gate, [0.5, 0.5])])
    monkeypatch.setattr("experiments.validation.ladder.ladder_runs.up_the_ladder", lambda *_: [headline])
    monkeypatch.setattr("experiments.validation.gates.certificate.place_of", lambda digest: tmp_path / "c" / digest)
    out = tmp_path / "o"
    assert main(["validate", "market", market, "--gates", "--ladder", "--seeds", "2", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "all gates: pass" in text
    assert sorted(path.name for path in out.iterdir()) == ["certificate.json", "gates.csv", "ladder.csv",
                                                            "manifest.json"]
    assert (out / "gates.csv").read_text().splitlines()[1] == "g,asks,0.5,0,0 to 1,pass,"
    assert json.loads((out / "certificate.json").read_text())["said"] == "pass"
    assert [path.name for path in (tmp_path / "c").iterdir()] == [market_digest(plain(load_market(market)))]
    assert main(["validate", "market", market, "--gates", "--ladder", "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["gates"]["gates"][0]["value"] == 0.5
    assert found["ladder"][0]["L3 market"] == "2"
