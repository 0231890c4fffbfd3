"""Loading scenarios: one family, one list of names, and the right command for what a file describes."""

import shutil

import pytest

from experiments.cli.main import main
from experiments.scenarios import DEFAULT, DESCRIBES, STUDY, load, load_market, load_traffic, names
from sim.demand.traces import trace_of
from sim.errors import ScenarioError
from sim.scenario import MarketScenario, TrafficScenario, kind_of
from sim.scenario.family import FORMS
from sim.scenario.load import config_hash, plain
from worlds.places import ROOT

BUILT_IN = ROOT / "experiments" / "scenarios"


def test_built_in_scenarios_say_what_they_describe():
    kinds = {name: load(name).kind for name in names()}
    assert kinds == {"cdn": "traffic", "duel": "traffic", "invasion": "market", "openrouter-2026": "market",
                     "sessions": "traffic", "tournament": "traffic"}
    assert all(kinds[name] == kind for kind, name in DEFAULT.items())
    assert set(DESCRIBES) == set(STUDY) == set(FORMS) == {"traffic", "market"}


@pytest.mark.parametrize("name", names())
def test_a_copy_under_any_name_is_the_same_scenario(tmp_path, name, capsys):
    copy = tmp_path / "m.toml"
    shutil.copy(BUILT_IN / f"{name}.toml", copy)
    scenario = load(copy, "seed=7")
    assert scenario == load(name, "seed=7")
    assert kind_of(plain(scenario)) == scenario.kind  # of a manifest, too
    assert main(["show", str(copy), "--set", "seed=7"]) == 0
    assert capsys.readouterr().out.startswith(f"# configuration hash {config_hash(scenario)}\n")


TRACE = 'arrivals = {{ kind = "trace", path = "{path}" }}\n'


def test_paths_are_relative_to_the_file_that_names_them(tmp_path, monkeypatch):
    """Also to one that is extended; those of the command line to where that is run."""
    (tmp_path / "base" / "data").mkdir(parents=True)
    (tmp_path / "base" / "data" / "t.csv").write_text("t_s,input_tokens,output_tokens\n0,1,2\n1,3,4\n")
    (tmp_path / "base" / "b.toml").write_text(
        'extends = "duel"\n[demand.chat]\n' + TRACE.format(path="data/t.csv"))
    (tmp_path / "mine.toml").write_text('extends = "base/b.toml"\nname = "mine"\n')
    for here in (tmp_path, tmp_path / "base"):
        monkeypatch.chdir(here)
        for file in (tmp_path / "mine.toml", tmp_path / "base" / "b.toml"):
            assert len(trace_of(load(file).demand["chat"].arrivals)) == 2
    monkeypatch.chdir(tmp_path / "base")
    named = load(tmp_path / "mine.toml", "demand.chat.arrivals.path=data/t.csv")
    assert named.demand["chat"].arrivals.path == "data/t.csv"
    assert load("b.toml").demand["chat"].arrivals.path == "data/t.csv"
    (tmp_path / "base" / "c.toml").write_text(
        'extends = "duel"\n[demand.chat]\n' + TRACE.format(path=tmp_path / "base" / "data" / "t.csv"))
    assert len(trace_of(load(tmp_path / "base" / "c.toml").demand["chat"].arrivals)) == 2


def test_paths_of_a_market_are_relative_to_its_file(tmp_path):
    (tmp_path / "rents.csv").write_text("day,gpu,usd_per_hour\n0,h100-sxm,2.40\n")
    (tmp_path / "m.toml").write_text(
        'extends = "openrouter-2026"\n[supply.gpu_prices]\nkind = "replayed"\npath = "rents.csv"\n'
        '[supply.entry]\ngrowth_path = "growth.csv"\n')
    supply = load(tmp_path / "m.toml").supply
    assert supply.gpu_prices.path == str(tmp_path / "rents.csv")
    assert supply.entry.growth_path == str(tmp_path / "growth.csv")


def test_studies_get_what_they_run():
    assert isinstance(load_traffic("duel", ["seed=7"]), TrafficScenario)
    assert isinstance(load_market("openrouter-2026", ["horizon.days=2"]), MarketScenario)
    assert load_market("openrouter-2026", ["horizon.days=2"]).horizon.days == 2
    with pytest.raises(ScenarioError, match=r"traffic\.load is -1"):
        load_traffic("duel", ["traffic.load=-1"])


@pytest.mark.parametrize(("command", "name", "sentence"), [
    (("run", "tournament"), "openrouter-2026", "a market: `tokenmarket run market openrouter-2026`"),
    (("steady",), "openrouter-2026", "a market: `tokenmarket run market openrouter-2026`"),
    (("run", "market"), "duel", "traffic: `tokenmarket run tournament duel`"),
    (("run", "climb"), "duel", "traffic: `tokenmarket run tournament duel`"),
])
def test_a_command_names_the_one_that_runs_the_scenario(tmp_path, monkeypatch, capsys, command, name, sentence):
    monkeypatch.chdir(tmp_path)
    shutil.copy(BUILT_IN / f"{name}.toml", "my own.toml")
    for given, shown, quoted in ((name, name, name), ("my own.toml", "my own.toml", "'my own.toml'")):
        assert main([*command, given, "--out", "o"]) == 2
        expected = sentence.replace(name, quoted)
        assert capsys.readouterr().err == f"tokenmarket: error: {shown} describes {expected}\n"
    assert not (tmp_path / "o").exists()


def test_what_is_missing_is_told_in_a_sentence(tmp_path, monkeypatch):
    for loader in (load, load_traffic, load_market):
        with pytest.raises(ScenarioError, match="'nowhere'; built in are cdn, duel, invasion, openrouter-2026"):
            loader("nowhere")
        with pytest.raises(ScenarioError, match=r"cannot read scenario absent.toml: No such file"):
            loader("absent.toml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "duel").write_text("name = 3", encoding="utf-8")
    assert load("duel").name == "duel"  # a built-in name wins over a file in the way
    with pytest.raises(ScenarioError, match="duel: name is 3"):
        load("./duel")


@pytest.mark.parametrize(("old", "new"), [("[supply", "[suply"), ("[horizon]", "[horizn]")])
def test_a_misspelt_table_leaves_a_market_a_market(tmp_path, old, new):
    path = tmp_path / "m.toml"
    text = (BUILT_IN / "openrouter-2026.toml").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    told = str(caught.value).splitlines()
    assert any("is not a known field; did you mean" in line for line in told)
    assert len(told) <= 2  # that one, and that a table is missing
    with pytest.raises(ScenarioError, match=f"{new.strip('[]')} is not a known field"):
        load_market(path)
