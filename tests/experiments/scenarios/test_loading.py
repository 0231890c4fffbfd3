"""Loading scenarios: one family, one list of names, and the right command for what a file describes."""

import shutil

import pytest

from experiments.cli.main import main
from experiments.scenarios import DEFAULT, DESCRIBES, STUDY, load, load_market, load_traffic, names
from sim.errors import ScenarioError
from sim.scenario import MarketScenario, TrafficScenario, kind_of
from sim.scenario.family import FORMS
from sim.scenario.load import config_hash, plain
from worlds.places import ROOT

BUILT_IN = ROOT / "experiments" / "scenarios"


def test_built_in_scenarios_say_what_they_describe():
    kinds = {name: load(name).kind for name in names()}
    assert kinds == {"duel": "traffic", "openrouter-2026": "market", "tournament": "traffic"}
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
        with pytest.raises(ScenarioError, match="'nowhere'; built in are duel, openrouter-2026, tournament"):
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
