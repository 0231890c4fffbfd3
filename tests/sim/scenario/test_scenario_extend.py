"""Scenarios that extend others: what merges, what replaces, what is taken out, and what the schema says of it."""

import json
import tomllib

import jsonschema
import pytest

from experiments.scenarios import built_in, load, names
from sim.errors import ScenarioError
from sim.scenario.extend import extended
from sim.scenario.family import FORMS
from sim.scenario.load import config_hash, plain
from sim.scenario.schema import json_schema

BASE = {"name": "b", "traffic": {"duration_s": 9, "load": 2}, "providers": {"p": {}, "q": {}},
        "network": {"links": [1]}, "demand": {"c": {"arrivals": {"kind": "gamma", "rate_per_s": 1, "cv": 3}}}}


def merged(**change):
    return extended(BASE, change, "mine.toml")


def written(folder, name, text):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_tables_merge_and_the_rest_replaces():
    data = merged(traffic={"load": 3}, network={"links": [2, 3]}, seed=7, extends="b")
    assert data == BASE | {"traffic": {"duration_s": 9, "load": 3}, "network": {"links": [2, 3]}, "seed": 7}
    assert BASE["traffic"]["load"] == 2


def test_what_the_base_lacks_comes_as_it_is_however_deep():
    deep = inner = {}
    for _ in range(5000):
        inner["a"] = inner = {}
    assert merged(a=deep)["a"] is deep


def test_another_kind_replaces_the_table_and_the_same_kind_does_not():
    for kind, left in (("poisson", {"kind": "poisson"}), ("gamma", {"kind": "gamma", "rate_per_s": 1, "cv": 3})):
        assert merged(demand={"c": {"arrivals": {"kind": kind}}})["demand"]["c"]["arrivals"] == left
    firm = {"supply": {"firms": {"a": {"kind": "host", "entry_day": 3}}}, "horizon": {}}
    change = {"supply": {"firms": {"a": {"kind": "lab"}}}}  # a firm's fields are the same whatever its kind
    assert extended(firm, change, "m")["supply"]["firms"]["a"] == {"kind": "lab", "entry_day": 3}


def test_defaults_of_the_base_merge_too(tmp_path):
    file = written(tmp_path, "m.toml", 'extends = "duel"\n[routers.main.policy]\nd = 3\n[routers.main.attempts]\n')
    assert load(file) == load("duel", "routers.main.policy.d=3")
    more = written(tmp_path, "n.toml", 'extends = "duel"\n[routers.other]\nfee_share = 0.1\n')
    assert list(load(more).routers) == ["main", "other"]


def test_what_is_removed_goes_first_and_may_come_again():
    assert list(merged(remove=["providers.p"])["providers"]) == ["q"]
    again = merged(remove=["demand.c.arrivals"], demand={"c": {"arrivals": {"kind": "gamma", "rate_per_s": 4}}})
    assert again["demand"]["c"]["arrivals"] == {"kind": "gamma", "rate_per_s": 4}


@pytest.mark.parametrize(("remove", "words"), [
    ("providers.p", "remove is 'providers.p', but must be a list of paths"),
    ([3], "must be a list of paths"),
    (["providers.x"], "names providers.x, but there is no providers.x in what it extends; known are p, q"),
    (["traffic.load.x"], "there is no traffic.load.x"),
    (["network.links.0"], "there is no network.links.0"),
    (["a..b"], "remove has a malformed path 'a..b'"),
])
def test_what_cannot_be_removed_is_told(remove, words):
    with pytest.raises(ScenarioError, match=r"^mine\.toml: ") as caught:
        merged(remove=remove)
    assert words in str(caught.value)


def test_a_file_extends_a_built_in_scenario_and_a_file_extends_that(tmp_path):
    first = written(tmp_path, "first.toml", 'extends = "duel"\n[traffic]\nload = 0.5\n')
    second = written(tmp_path / "below", "second.toml", 'extends = "../first.toml"\nremove = ["providers.slow"]\n'
                     "[traffic]\nwarmup_s = 1\n")
    assert load(first) == load("duel", "traffic.load=0.5")
    assert config_hash(load(first)) == config_hash(load("duel", "traffic.load=0.5"))
    scenario = load(second, "seed=3")
    assert (scenario.traffic.load, scenario.traffic.warmup_s, scenario.seed) == (0.5, 1, 3)
    assert list(scenario.providers) == ["fast"]
    assert not {"extends", "remove"} & set(plain(scenario))


@pytest.mark.parametrize(("text", "words"), [
    ('extends = "opnrouter"', ["mine.toml: extends is 'opnrouter'", "no built-in scenario", "there is no file"]),
    ("extends = 3", ["extends is 3, but must be the name"]),
    ('extends = ""', ["extends is ''"]),
    ('extends = "a\\u0000b"', ["extends is 'a\\x00b'"]),
    (f'extends = "{"x" * 5000}"', ["no built-in scenario"]),
    ('extends = "mine.toml"', ["extend each other in a circle", "mine.toml extends "]),
    ('extends = "other.toml"', ["circle"]),
    ('extends = "broken.toml"', ["broken.toml is not valid TOML"]),
    ('remove = ["x"]', ["mine.toml: remove is there without extends"]),
    ('extends = "duel"\n[supply]\n', ["mine.toml: supply is not a known field"]),
    ('extends = "duel"\n[traffic]\nlode = 3', ["mine.toml: traffic.lode is not a known field; did you mean load?"]),
    ('extends = "duel"\ntraffic = 3', ["mine.toml: traffic is 3"]),
])
def test_a_wrong_extension_is_a_sentence(tmp_path, text, words):
    written(tmp_path, "other.toml", 'extends = "./mine.toml"')
    written(tmp_path, "broken.toml", "a = [")
    with pytest.raises(ScenarioError) as caught:
        load(written(tmp_path, "mine.toml", text))
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("name", names())
def test_the_schema_takes_whole_files_and_extending_ones(name):
    schema = json_schema(FORMS[load(name).kind])
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema).is_valid
    file = tomllib.loads(built_in(name).read_text(encoding="utf-8"))
    assert check(json.loads(json.dumps(file)))
    assert check(json.loads(json.dumps(plain(load(name)))))
    assert check({"extends": name, "remove": ["network"], "gpus": {"mine": {"like": "l4"}}})
    assert not check({"name": "x"})
    assert not check({**file, "remove": []})
    for wrong in ({"gpus": {"mine": {"lke": "l4"}}}, {"models": {"mine": {"lke": "x"}}}, {"suply": {}}, {"seed": -1}):
        assert not check({"extends": name, **wrong})
