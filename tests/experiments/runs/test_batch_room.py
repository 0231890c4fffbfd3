"""Deployments whose memory holds no full batch are told, with what would help."""

import json
import warnings

import pytest

from experiments.cli.main import main
from experiments.runs.batch_room import room_told
from experiments.scenarios import load, load_traffic, names
from providers.offers import build_offers, deployment_of
from sim.errors import MarketWarning

# 300 prompt tokens and half of 60 output tokens are 330 in mid-life; a batch of 32 holds 10,560
SLOW = "providers.slow.offers.toy"


def short(tokens: int) -> str:
    return f"{SLOW}.serving.kv_tokens={tokens}"


@pytest.mark.parametrize("name", names())
def test_no_built_in_scenario_is_short_of_memory(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert room_told(load(name)) == []


def test_an_abstract_server_is_short_by_one_token_of_its_batch():
    assert room_told(load_traffic("duel", [short(10_560)])) == []
    with pytest.warns(MarketWarning, match="room in a replica's KV cache for 31 of the 32 sequences") as told:
        scenario = load_traffic("duel", [short(10_559)])
    assert [str(each.message) for each in told] == room_told(scenario) == [
        f"{SLOW} has room in a replica's KV cache for 31 of the 32 sequences of its batch at the mean context of "
        "demand.chat (330 tokens in mid-life), so that requests queue for memory; what would help: "
        "serving.kv_tokens = 10560 or engine.max_batch = 31"]
    assert told[0].filename == __file__  # whoever loads it is warned


@pytest.mark.parametrize("setting", ["serving.tp=2", "engine.max_batch=117"])
def test_what_is_said_to_help_helps(setting):
    offer = 'providers.together.offers."gpt-oss-120b"'
    one = f"{offer}.serving.tp=1"
    with pytest.warns(MarketWarning, match="for 117 of the 128 .*batch-oss .* serving.tp = 2 or engine.max_batch"):
        scenario = load_traffic("tournament", [one])
    spec = next(it for it in build_offers(scenario) if (it.provider, it.name) == ("together", "gpt-oss-120b"))
    assert deployment_of(scenario, spec).tp == 1
    assert room_told(load_traffic("tournament", [one, f"{offer}.{setting}"])) == []


def test_classes_that_an_offer_does_not_take_do_not_count():
    limited = [short(10_560), "demand.chat.prompt_tokens.mean=1200", f"{SLOW}.limits.context_tokens=1000"]
    assert room_told(load_traffic("duel", limited)) == []


def test_commands_say_it_once_and_the_manifest_keeps_it(tmp_path, capsys):
    words = ["run", "tournament", "duel", "--policies", "cheapest,random", "--loads", "1", "--replications", "1",
             "--set", "traffic.engine=reference", "--set", "traffic.duration_s=5", "--set", "traffic.warmup_s=1",
             "--jobs", "1"]
    for setting, count in ((short(5_000), 1), (short(20_000), 0)):
        out = tmp_path / str(count)
        assert main([*words, "--set", setting, "--out", str(out)]) == 0
        assert capsys.readouterr().err.count("tokenmarket: warning: providers.slow.offers.toy has room") == count
        assert len(json.loads((out / "manifest.json").read_text()).get("short_of_memory", [])) == count
