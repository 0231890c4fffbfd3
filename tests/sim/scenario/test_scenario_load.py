"""Reading scenarios: overrides, sentences for every kind of mistake, round trips, schema."""

import json
import tomllib

import pytest

from experiments.scenarios import load
from sim.errors import ScenarioError
from sim.scenario import TrafficScenario, kind_of
from sim.scenario.dump import to_toml
from sim.scenario.load import (
    config_hash,
    override,
    parse_assignment,
    plain,
    read_file,
    scenario_of,
)
from sim.scenario.schema import json_schema
from worlds.places import ROOT

SCENARIOS = ROOT / "experiments" / "scenarios"
DUEL = SCENARIOS / "duel.toml"


def duel(overrides=()):
    return scenario_of(read_file(DUEL), overrides, source=str(DUEL))


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda p: p.stem)
def test_toml_json_and_back_is_the_same_scenario(path):
    scenario = scenario_of(read_file(path))
    again = scenario_of(tomllib.loads(to_toml(scenario)))
    assert again == scenario
    assert config_hash(again) == config_hash(scenario)
    assert scenario_of(json.loads(json.dumps(plain(scenario)))) == scenario


def test_hash_sees_every_change():
    base = duel()
    assert config_hash(override(base, ["traffic.load=1.0"])) == config_hash(base)
    assert config_hash(override(base, ["traffic.load=1.01"])) != config_hash(base)
    assert config_hash(override(base, ["seed=7"])) != config_hash(base)


@pytest.mark.parametrize(("text", "path", "value"), [
    ("a.b=3", ["a", "b"], 3),
    ("a.b = -1.5", ["a", "b"], -1.5),
    ("a=true", ["a"], True),
    ("a.kind=gamma", ["a", "kind"], "gamma"),
    ('a."b.c".d=[1, 2]', ["a", "b.c", "d"], [1, 2]),
    ('a={x = "y=z"}', ["a"], {"x": "y=z"}),
    ("a=us-east = 3", ["a"], "us-east = 3"),
])
def test_assignment(text, path, value):
    assert parse_assignment(text) == (path, value)


def test_overrides_apply_in_order_and_reach_defaults():
    scenario = duel([
        "traffic.load=2", "traffic.load=3",
        "routers.main.attempts.maximum=1",
        "routers.main.policy.kind=random",
        "demand.chat.arrivals.kind=gamma", "demand.chat.arrivals.cv=3",
        "demand.chat.sessions.think_s=3",
        "providers.slow.faults.outage_mtbf_s=100",
    ])
    assert scenario.traffic.load == 3
    assert scenario.routers["main"].attempts.maximum == 1
    assert scenario.routers["main"].policy.kind == "random"
    assert scenario.demand["chat"].arrivals.kind == "gamma"
    assert scenario.demand["chat"].arrivals.rate_per_s == 8
    assert scenario.demand["chat"].sessions.think_s == 3
    assert scenario.providers["slow"].faults.outage_mtbf_s == 100
    assert duel(["routers.main.policy.d=2"]).routers["main"].policy.parameters == {"d": 2}


def test_a_default_table_keeps_its_other_values_when_one_is_changed():
    text = DUEL.read_text().replace("prompt_tokens", "# prompt_tokens")
    scenario = scenario_of(tomllib.loads(text), ["demand.chat.prompt_tokens.cv=2"])
    assert scenario.demand["chat"].prompt_tokens.mean == 1500


@pytest.mark.parametrize(("overrides", "words"), [
    (["traffic.lode=2"], ["traffic.lode does not exist", "did you mean load?"]),
    (["nme=3"], ["did you mean name?"]),
    (["providers.slo.region=x"], ["providers.slo does not exist", "did you mean slow?"]),
    (["traffic.load=-1"], ["duel.toml", "traffic.load is -1", "greater than 0"]),
    (["traffic.load=abc"], ["traffic.load is 'abc'", "a valid number"]),
    (["traffic.load=nan"], ["traffic.load is nan", "finite"]),
    (["routers.main.attempts.maximum=9"], ["is 9", "at least 1 and at most 8 [attempts]"]),
    (["demand.chat.arrivals.rate_per_s=-3"], ["demand.chat.arrivals.rate_per_s is -3", "[requests/s]"]),
    (["demand.chat.arrivals.kind=gama"], ["demand.chat.arrivals.kind is 'gama'", "'gamma'"]),
    (["demand.chat.arrivals={rate_per_s=3}"], ["demand.chat.arrivals.kind is missing", "'poisson'"]),
    (["demand.chat.priority=101"], ["demand.chat.priority is 101", "at least -100 and at most 100"]),
    (["demand.chat.priority=true"], ["demand.chat: priority is true, but must be a number"]),
    (["providers.slow.offers.toy.price.input_usd_per_mtok=false"], ["price: input_usd_per_mtok is false"]),
    (["routers.main.policy=cheapest"], ["policy is 'cheapest', but must be a table with the fields kind, sticky"]),
    (["demand.chat.arrivals=poisson"], ["arrivals is 'poisson', but must be a table with a kind of 'poisson'"]),
    (["demand.chat.priority=0.5"], ["demand.chat.priority is 0.5", "integer"]),
    (["routers.main.limits.requests_per_day=0"], ["routers.main.limits.requests_per_day is 0", "[requests/day]"]),
    (["routers.main.limits.per=customer"], ["routers.main.limits.per does not exist"]),
    (["providers.slow.offers.toy.limits.refill=hour"], ["limits.refill is 'hour'", "'bucket' or 'minute'"]),
    (["traffic.engine=fast"], ["traffic.engine is 'fast'", "'compiled' or 'reference'"]),
    (["providers={}"], ["providers is {}", "at least 1"]),
    (['demand."a b"={model="toy", arrivals={kind="poisson", rate_per_s=1}}'],
     ["demand.a b is 'a b'", "a name of letters"]),
    (["demand.chat.model=gpt-9"], ["demand.chat.model is 'gpt-9'", "toy"]),
    (["providers.slow.region=mars"], ["providers.slow.region is 'mars'", "us-east"]),
    (["traffic.warmup_s=500"], ["traffic: warmup_s (500)", "duration_s (120)"]),
    (["providers.slow.offers.toy.price.input_usd_per_mtok=0.0000005"],
     ["(0.0000005)", "multiple of 0.000001"]),
    (["network.links.0.delay_s=3"], ["network.links has 0 entries", "none is 0"]),
    (["traffic.duration_s.x=2"], ["traffic.duration_s is 120.0, which has no fields"]),
    (["traffic"], ["not of the form path=value"]),
    (["traffic..x=2"], ["malformed path 'traffic..x'"]),
    (["providers.slow.offers.toy.serving={kind='roofline', gpu='h100', tpp=2}"],
     ["serving.tpp", "did you mean tp?"]),
])
def test_mistakes_become_sentences(overrides, words):
    with pytest.raises(ScenarioError) as caught:
        duel(overrides)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text


@pytest.mark.parametrize("path", ["router", "supply.firms.novita", "supply.entry"])
def test_limits_per_day_need_whole_days(path):
    with pytest.raises(ScenarioError, match=rf"{path}\.limits\.requests_per_day is 50, but of each day only minutes"):
        load("openrouter-2026", f"{path}.limits.requests_per_day=50")
    whole = load("openrouter-2026", f"{path}.limits.requests_per_day=50", "horizon.resolution=full", "horizon.days=1")
    assert whole.horizon.resolution == "full"


def test_a_day_is_busiest_from_midnight_to_midnight():
    arrivals = "demand.chat.arrivals"
    day = [f"{arrivals}.kind=diurnal", f"{arrivals}.rate_per_s=1"]
    for hour in (0.0, 23.5):
        assert duel([*day, f"{arrivals}.peak_hour={hour}"]).demand["chat"].arrivals.peak_hour == hour
    for hour in (-0.5, 24):
        with pytest.raises(ScenarioError, match="peak_hour"):
            duel([*day, f"{arrivals}.peak_hour={hour}"])


def test_every_problem_is_reported():
    with pytest.raises(ScenarioError) as caught:
        duel(["traffic.load=-1", "demand.chat.clients=0"])
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(("content", "words"), [
    (b"a = [", "not valid TOML"), (b"\x80\xfe", "not UTF-8"), (b"", "traffic is missing")])
def test_unreadable_files(tmp_path, content, words):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=words):
        scenario_of(read_file(path))
    with pytest.raises(ScenarioError, match="No such file"):
        read_file(tmp_path / "absent.toml")


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_codings_and_line_ends_of_any_editor(tmp_path, coding, end):
    path = tmp_path / "saved.toml"
    text = DUEL.read_text(encoding="utf-8").replace("A cheap", "Eine günstige")
    path.write_bytes(text.replace("\n", end).encode(coding))
    scenario = scenario_of(read_file(path))
    assert scenario.description.startswith("Eine günstige")
    assert config_hash(scenario) == config_hash(duel([f"description={scenario.description}"]))


@pytest.mark.parametrize(("names", "kind"), [
    ({"traffic", "providers"}, "traffic"), ({"horizon", "supply"}, "market"), ({"supply"}, "market"),
    ({"name", "seed", "network"}, "traffic"), (set(), "traffic"), ({"suply", "horizon"}, "market"),
    ({"horizon", "demand", "providers"}, "traffic"),
])
def test_the_tables_say_what_is_described(names, kind):
    assert kind_of(names) == kind


def test_schema_carries_units_and_sources():
    schema = json_schema(TrafficScenario)
    load = schema["$defs"]["Traffic"]["properties"]["duration_s"]
    assert load["unit"] == "s"
    assert load["exclusiveMinimum"] == 0
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("field", ["horizon.start", "models.frontier.from_date"])
@pytest.mark.parametrize("value", ["0", "20260131", "1.5", "true"])
def test_a_number_is_no_date(field, value):
    with pytest.raises(ScenarioError, match=rf"{field}: it is .*, but must be a date such as 2026-01-31"):
        load("openrouter-2026", f"{field}={value}")
