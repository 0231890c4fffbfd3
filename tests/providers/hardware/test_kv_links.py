"""Settings of a split between prefill and decode, what a transfer takes, and what such an offer can serve."""

from typing import Any

import pytest
from pydantic import ValidationError

from experiments.runs.capacity import Shape, offer_capacity_per_s
from providers.hardware.kv_links import carriage_of
from providers.offers import build_offers
from sim.engines.carriage import NO_SPLIT, Carriage, transfer_time
from sim.scenario import Engine, PrefillSplit, TrafficScenario
from sim.scenario.firm_settings import Firm
from worlds.small import affine, offer

ON_H100 = {"kind": "roofline", "gpu": "h100-sxm", "precision": "fp8", "tp": 2}


def scenario(split: dict[str, Any] | None, replicas: int = 4, serving: dict[str, Any] = ON_H100,
             **engine: Any) -> TrafficScenario:
    deployment = {"model": "llama-3.1-8b", "replicas": replicas, "serving": serving,
                  "engine": {"split": split, **engine},
                  "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}}
    return TrafficScenario.model_validate({
        "name": "apart", "traffic": {"duration_s": 60}, "routers": {"main": {}},
        "demand": {"chat": {"model": "llama-3.1-8b", "arrivals": {"kind": "poisson", "rate_per_s": 1.0}}},
        "providers": {"p": {"offers": {"o": deployment}}}})


def test_a_gpu_sends_its_part_of_what_the_architecture_holds():
    """Llama 3.1 8B: 2 · 32 layers · 8 heads · 128 elements of a byte, 65,536 bytes a token, over two links."""
    spec, = build_offers(scenario({"prefill": 3}))
    assert spec.split == Carriage(3, 0.005, pytest.approx(65_536 / 100e9))
    assert spec.gpus == 8  # of both kinds of replicas
    assert transfer_time(spec.split.latency_s, spec.split.token_s, 10_000) == pytest.approx(0.005 + 0.0065536)


def test_links_and_bytes_may_be_given():
    told = PrefillSplit(prefill=1, link_gb_per_s=10.0, latency_s=0.0, token_bytes=40_000.0)
    assert carriage_of(told, 65_536.0, 4) == (1, 0.0, pytest.approx(1e-6))
    assert carriage_of(None, 65_536.0, 4) == NO_SPLIT


def test_an_abstract_server_sends_what_it_is_told():
    serving = {"kind": "affine", "base_s": 0.01}
    nothing, = build_offers(scenario({"prefill": 1}, serving=serving))
    some, = build_offers(scenario({"prefill": 1, "token_bytes": 50_000}, serving=serving))
    assert nothing.split.token_s == 0.0
    assert some.split.token_s == pytest.approx(1e-6)


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"split": {"prefill": 4}}, "prefill is 4, but must be from 1 to one less than replicas, which is 4"),
    ({"split": {"prefill": 1}, "host_cache": {"tokens": 9}}, "host_cache is given, but prefix_cache is false: nothing"),
    ({"split": {"prefill": 1}, "prefix_cache": True}, "prefix_cache is true, but an engine with a split has none"),
    ({"split": {"prefill": 1}, "dialect": "sglang"}, "reserve is 'share' .*allowed is reserve = 'nothing'"),
])
def test_what_a_split_cannot_have_is_refused(changes, sentence):
    with pytest.raises(ValidationError, match=sentence):
        scenario(**changes)


def test_other_rules_of_a_dialect_go_with_a_split():
    split = PrefillSplit(prefill=1)
    assert Engine(split=split, dialect="sglang", reserve="nothing").rules == ("nothing", "shortest", "first")


def test_firms_of_a_market_have_none():
    pools = [{"gpu": "h100-sxm", "count": 8}]
    with pytest.raises(ValidationError, match="firms of a market size their offers as a whole"):
        Firm.model_validate({"pools": pools, "engine": {"split": {"prefill": 1}}})


def test_the_side_that_serves_less_decides_capacity():
    """Full steps of 1,000 tokens take 1.5 s, those of a batch of 10 take .51 s, 20 of them an answer of 21 tokens."""
    spec = offer(affine(0.5, 0.001), replicas=5, max_batch=10, max_step_tokens=1000, split=Carriage(prefill=2))
    assert offer_capacity_per_s(spec, Shape(100, 21)) == pytest.approx(3 * 10 / (20 * 0.51))
    assert offer_capacity_per_s(spec, Shape(500, 21)) == pytest.approx(2 * 2 / 1.5)
