"""GPUs, models and firms of a scenario's own: what they are made of, what is refused, and that they stay there."""

from functools import cache

import pytest

from experiments.runs.kinds import kind_named
from experiments.runs.run_market import stage
from experiments.runs.run_traffic import assemble
from experiments.scenarios import load
from providers.hardware.architectures import MODELS
from providers.hardware.gpus import GPUS
from providers.hardware.own_architectures import architectures_of
from providers.hardware.own_gpus import gpus_of
from sim.errors import ScenarioError
from sim.scenario.load import plain, scenario_of

GPU = 'gpus.mine={like="h200-sxm", memory_gb=200, fp8_tflops=0, rent_usd_per_hour=0.8}'
WHOLE = ('gpus.mine={memory_gb=96, bandwidth_tb_per_s=4, bf16_tflops=1000, power_kw=1, link_gb_per_s=300, node_gpus=4, '
         "rent_usd_per_hour=2}")
FACTS = ('models.acme-7b={creator="acme", released=2024-12-01, total_b=7, context_tokens=128000, '
         "quality={chat=0.8, coding=0.7, reasoning=0.6, roleplay=0.5, extraction=0.9}}")
SHAPE = "models.acme-7b.shape={layers=32, hidden=4096, heads=32, kv_heads=4, key_dim=64}"
OFFER = 'providers.together.offers."llama-3.3-70b"'


@cache
def market(*changes):
    return stage(load("openrouter-2026", "engine=reference", "horizon.days=3", *changes))


def prepare(name, *changes):
    scenario = load(name, *changes)
    kind_named(scenario.kind).prepare(scenario)


def offers(staged, word):
    return [offer for offer in staged.supply.offers if word in (offer.provider, offer.model)]


def traffic(*changes):
    return {(offer.provider, offer.model): offer for offer in assemble(load("tournament", *changes)).offers}


def test_a_gpu_is_a_built_in_one_with_changes_or_whole():
    mine = gpus_of(load("duel", GPU).gpus)["mine"]
    assert (mine.memory_bytes, mine.fp8_flops, mine.rent_usd_per_hour) == (200e9, None, 0.8)
    assert mine.bandwidth == GPUS["h200-sxm"].bandwidth
    whole = gpus_of(load("duel", WHOLE, "gpus.mine.link_gb_per_s=450").gpus)["mine"]
    assert (whole.bandwidth, whole.link_bytes_per_s, whole.fp4_flops, whole.node_gpus) == (4e12, 450e9, None, 4)
    changed = gpus_of(load("duel", "gpus.h100-sxm.rent_usd_per_hour=1.5").gpus)["h100-sxm"]
    assert (changed.rent_usd_per_hour, changed.memory_bytes) == (1.5, 85.9e9)
    assert (GPUS["h100-sxm"].rent_usd_per_hour, "mine" in GPUS) == (1.3, False)


def test_traffic_runs_on_gpus_and_models_of_its_own():
    before = traffic()["together", "llama-3.3-70b"]
    after = traffic('gpus.mine={like="b200-sxm", memory_gb=500, rent_usd_per_hour=9}', f"{OFFER}.serving.gpu=mine")
    assert after["together", "llama-3.3-70b"].gpu_usd_per_hour == 9
    assert after["together", "llama-3.3-70b"].kv_capacity_tokens > before.kv_capacity_tokens
    smaller = traffic('models."llama-3.3-70b".total_b=35')["together", "llama-3.3-70b"]
    assert smaller.step.weights_s == pytest.approx(before.step.weights_s * 35 / 70.6)
    assert traffic()["together", "llama-3.3-70b"] == before


def test_an_architecture_is_a_built_in_one_derived_or_given():
    known = architectures_of(load("duel", 'models.fine={like="llama-3.3-70b", context_tokens=9000}').models)["fine"]
    assert (known.context_tokens, known.layers, known.name) == (9000, 80, "fine")
    sizes = "models.m={total_b=100, active_b=10, context_tokens=9000}"
    assert architectures_of(load("duel", sizes).models)["m"].experts == 256
    shape = "models.m.shape={layers=60, hidden=4096, heads=32, kv_heads=2, linear_layers=45, experts=64, top_k=4}"
    given = architectures_of(load("duel", sizes, shape).models)["m"]
    assert (given.attention.layers, given.experts, given.top_k, given.active_params) == (15, 64, 4, 10e9)
    assert "m" not in MODELS


def test_a_new_firm_on_a_gpu_of_its_own_takes_part_in_a_market():
    staged = market("supply.firms.acme.region=eu-west", "supply.firms.acme.pools.0.gpu=mine",
                    "supply.firms.acme.pools.0.count=8", GPU, 'supply.firms.acme.pools.0.precisions=["bf16"]')
    assert {(offer.region, offer.gpu_usd_per_hour) for offer in offers(staged, "acme")} == {("eu-west", 0.8)}
    rents = staged.supply.gpu_rents
    assert rents["mine"][0] == pytest.approx(rents["h100-sxm"][0] * 0.8 / 1.3)
    assert offers(market(), "acme") == []


def test_rents_move_with_the_scenarios_own_h100():
    plain_rents, own = market().supply.gpu_rents, market("gpus.h100-sxm.rent_usd_per_hour=2.6").supply.gpu_rents
    assert own["h100-sxm"][0] == plain_rents["h100-sxm"][0]
    assert own["l4"][0] == pytest.approx(plain_rents["l4"][0] / 2)


def test_a_new_model_is_served_and_moves_no_other():
    before, after = market(), market(FACTS, SHAPE)
    others = [(it.provider, it.model) for it in after.supply.offers if it.model != "acme-7b"]
    assert len(others) < len(after.supply.offers)
    assert others == [(it.provider, it.model) for it in before.supply.offers]
    names = after.market.models.names
    assert set(names) - set(before.market.models.names) == {"acme-7b"}
    mine = after.market.models.rows[names.index("acme-7b")]
    assert (mine.family, mine.open, mine.active_b, mine.shape.kv_heads) == ("acme-7b", True, 7, 4)


def test_a_model_is_like_one_of_the_catalogue_or_changes_one():
    rows = {row.name: row for row in market('models.fine={like="llama-3.1-8b", creator="acme", quality={coding=0.9}}',
                                            'models."gpt-4o".list_in_usd=1').market.models.rows}
    base = rows["llama-3.1-8b"]
    assert (rows["fine"].creator, rows["fine"].architecture, rows["fine"].total_b) == ("acme", "llama-3.1-8b", 8)
    assert rows["fine"].quality == (base.quality[0], 0.9, *base.quality[2:])
    assert rows["gpt-4o"].list_in_usd == 1


def test_all_of_it_is_in_the_dump():
    for name, own in (("tournament", 'models.m={total_b=1, context_tokens=9}'), ("openrouter-2026", FACTS)):
        scenario = load(name, GPU, own)
        assert scenario_of(plain(scenario)) == scenario


@pytest.mark.parametrize(("name", "changes", "words"), [
    ("tournament", [f"{OFFER}.serving.gpu=mine"], [f"{OFFER}.serving.gpu".replace('"', ""), "'mine'"]),
    ("tournament", ["gpus.mine.memory_gb=3"], ["gpus.mine is not built in, and lacks bandwidth_tb_per_s, bf16_tflops"]),
    ("tournament", ["gpus.h100.memory_gb=3"], ["gpus.h100 is not built in (did you mean h100-sxm?)"]),
    ("tournament", ["gpus.mine.like=h100"], ["gpus.mine.like is 'h100'", "did you mean h100-sxm?"]),
    ("tournament", ["gpus.mine.memory_gb=-3"], ["gpus.mine.memory_gb is -3", "at least 0.001"]),
    ("tournament", ["gpus.mine.memory=3"], ["gpus.mine.memory does not exist; did you mean memory_gb?"]),
    ("tournament", ["gpus.mine={}"], ["gpus.mine: no value is given"]),
    ("tournament", [WHOLE, "gpus.mine.fp4_tflops=9"], ["gpus.mine has fp4_tflops but no fp8_tflops"]),
    ("tournament", ["models.m.total_b=3"], ["models.m is not built in, and lacks context_tokens"]),
    ("tournament", ["models.m.like=llama"], ["models.m.like is 'llama'"]),
    ("tournament", ["models.m={total_b=3, active_b=4, context_tokens=9}"],
     ["models.m.active_b is 4", "at most total_b"]),
    ("tournament", ["models.m={total_b=900, active_b=0.1, context_tokens=9}"], ["models.m.active_b is 0.1", "experts"]),
    ("tournament", ["models.m={total_b=9, context_tokens=9}", SHAPE.replace("acme-7b", "m").replace("kv_heads=4",
     "kv_heads=5")], ["models.m.shape: heads (32) must be a multiple of kv_heads (5)"]),
    ("openrouter-2026", ["models.acme-7b.total_b=7"], ["models.acme-7b is not in the catalogue, and lacks creator"]),
    ("openrouter-2026", ["models.gpt4o.list_in_usd=7"], ["models.gpt4o", "did you mean gpt-4o?"]),
    ("openrouter-2026", ["models.m.like=gpt4o"], ["models.m.like is 'gpt4o'", "did you mean gpt-4o?"]),
    ("openrouter-2026", [FACTS, "models.acme-7b.active_b=8"], ["models.acme-7b.active_b is 8", "at most total_b"]),
    ("openrouter-2026", [FACTS, "models.acme-7b.architecture=llama-3.1-405b"], ["405.85", "total_b is 7"]),
    ("openrouter-2026", [FACTS, "models.acme-7b.quality.chat=7"], ["models.acme-7b.quality.chat is 7", "at most 1"]),
    ("openrouter-2026", ["models.catlogue.max_models=7"], ["models.catlogue does not exist; did you mean catalogue?"]),
    ("openrouter-2026", ['models."gpt-4o".list_in_usd=1', 'models.catalogue.exclude=["gpt-4o"]'],
     ["models.gpt-4o changes a model that models.catalogue leaves out"]),
    ("openrouter-2026", ["supply.firms.acme.region=us-east"], ["supply.firms.acme.pools is missing"]),
    ("openrouter-2026", ["supply.firms.acme.regn=us-east"], ["acme.regn does not exist; did you mean region?"]),
    ("openrouter-2026", ["supply.firms.deepinfr.region=us-east"], ["deepinfr does not exist; did you mean deepinfra?"]),
    ("openrouter-2026", ['supply.firms.acme={pools=[{gpu=l4}]}'], ["not valid TOML", "quotes"]),
])
def test_what_is_wrong_with_them_is_told_in_a_sentence(name, changes, words):
    with pytest.raises(ScenarioError) as caught:
        prepare(name, *changes)
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)
