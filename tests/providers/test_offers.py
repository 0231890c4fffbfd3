"""Offers: hardware resolved to numbers, and the sentence for every mistake."""

import math

import pytest

from providers.hardware.architectures import MODELS
from providers.hardware.calibration import BUILT_IN, built_in, read_calibration
from providers.hardware.gpus import GPUS
from providers.hardware.roofline import Deployment, step_coefficients
from providers.offers import build_offers
from sim.engines.schedule import flat
from sim.engines.steptime import step_time
from sim.engines.world import BALANCERS
from sim.errors import ScenarioError
from sim.scenario import TrafficScenario

PRICE = {"input_usd_per_mtok": 0.23, "output_usd_per_mtok": 0.401}


def offer(model="llama-3.3-70b", gpu="h100-sxm", precision="fp8", tp=2, **rest):
    serving = {"kind": "roofline", "gpu": gpu, "precision": precision, "tp": tp}
    return {"model": model, "serving": serving, "price": PRICE, **rest}


def scenario(*offers, **provider):
    """One provider called acme whose offers are called o0, o1 and so on."""
    return TrafficScenario.model_validate({
        "name": "supply",
        "traffic": {"duration_s": 10},
        "network": {"regions": ["us-east", "eu"], "links": [{"a": "us-east", "b": "eu", "delay_s": 0.04}]},
        "demand": {"all": {"model": offers[0]["model"], "arrivals": {"kind": "poisson", "rate_per_s": 1}}},
        "providers": {"acme": {"offers": {f"o{i}": o for i, o in enumerate(offers)}, **provider}},
    })


def refusal(*offers):
    with pytest.raises(ScenarioError) as caught:
        build_offers(scenario(*offers))
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_roofline_offer():
    limits = {"requests_per_min": 60, "tokens_per_min": 9000, "queue": 7}
    (spec,) = build_offers(scenario(offer(replicas=3, balancer="central", region="eu", limits=limits)))
    deployment = Deployment(GPUS["h100-sxm"], MODELS["llama-3.3-70b"], "fp8", 2)
    constants = built_in().constants
    assert spec.step == step_coefficients(deployment, constants)
    assert spec.request_s == constants.request_s > 0
    assert (spec.provider, spec.name, spec.model, spec.region) == ("acme", "o0", "llama-3.3-70b", "eu")
    assert spec.price == flat(230_000, 401_000)
    assert (spec.gpus, spec.gpu_usd_per_hour) == (6, 1.30)
    assert (spec.requests_per_min, spec.tokens_per_min, spec.queue) == (60, 9000, 7)
    assert BALANCERS[spec.balancer] == "central"
    assert spec.kv_capacity_tokens == 512_817
    assert (spec.max_batch, spec.max_step_tokens) == (256, 8192)


@pytest.mark.parametrize(("field", "value"), [
    ("weights", "bf16"), ("attention_dp", 2), ("framework", "vllm"), ("precision", "bf16"), ("tp", 4),
    ("speculation", {})])
def test_every_field_of_serving_matters(field, value):
    plain, changed = (offer("deepseek-v3", "b200-sxm", "fp8", 8), offer("deepseek-v3", "b200-sxm", "fp8", 8))
    plain["serving"]["tp"] = changed["serving"]["tp"] = 4 if field == "attention_dp" else 8
    plain["serving"]["gpu"] = changed["serving"]["gpu"] = "b300-sxm" if field != "framework" else "b200-sxm"
    changed["serving"][field] = value
    before, after = build_offers(scenario(plain, changed))
    assert (before.step, before.kv_capacity_tokens) != (after.step, after.kv_capacity_tokens)


def test_a_calibration_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(BUILT_IN.read_text(encoding="utf-8").replace("[constants]\n", "[constants]\nrequest_s = 1.5\n", 1)
                    .replace("request_s", "was_s", 2).replace("was_s", "request_s", 1), encoding="utf-8")
    mine = scenario(offer(), offer(serving={**offer()["serving"], "framework": "vllm"})).model_copy(
        update={"calibration": str(path)})
    for_all, measured = build_offers(mine)
    assert for_all.request_s == 1.5
    assert measured.request_s == built_in().of("h100-sxm", "vllm").request_s


@pytest.mark.parametrize(("text", "says"), [
    ("", "constants: eta_memory is None, but must be a share above 0, at most 1"),
    ("[constants]\neta_memory = 1.2", "constants: eta_memory is 1.2, but must be a share above 0, at most 1"),
    ("measured = 3", "measured must be a list of tables, [[measured]]"),
    ("[[measured]]\ngpu = 1", "measured, entry 1 must be a table with the names of a gpu and a framework"),
    ("= 3", "is no TOML"),
])
def test_a_calibration_that_is_wrong(tmp_path, text, says):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_calibration(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "most"), [("eta_link", 1.0), ("layer_s", 1e3), ("unpack_flops", 1e6)])
def test_how_large_a_constant_may_be(tmp_path, name, most):
    def read(value):
        rows = {**built_in().constants._asdict(), name: value}
        path = tmp_path / "mine.toml"
        path.write_text("[constants]\n" + "".join(f"{of} = {float(it)!r}\n" for of, it in rows.items()), "utf-8")
        return getattr(read_calibration(path).constants, name)

    assert read(most) == most
    with pytest.raises(ScenarioError, match=f"constants: {name} is "):
        read(math.nextafter(most, math.inf))


def test_a_calibration_that_is_not_there():
    with pytest.raises(ScenarioError, match=r"calibration: cannot read nowhere\.toml: No such file"):
        build_offers(scenario(offer()).model_copy(update={"calibration": "nowhere.toml"}))


def test_rates_of_days_and_customers():
    limits = {"requests_per_day": 50, "tokens_per_day": 7000, "refill": "minute", "per": "customer"}
    (spec,) = build_offers(scenario(offer(limits=limits)))
    assert spec.rates == (0, 0, 50, 7000, 1)
    assert spec.per_customer


def test_limits_that_are_off():
    (spec,) = build_offers(scenario(offer()))
    assert not spec.rates.limit_anything
    assert not spec.per_customer
    assert (spec.requests_per_min, spec.tokens_per_min, spec.queue) == (0, 0, -1)
    assert spec.region == "us-east"


def test_context_is_capped_by_the_model():
    small, large = build_offers(scenario(
        offer("qwen3-32b", tp=1), offer("qwen3-coder-480b-a35b", tp=8, limits={"context_tokens": 200_000})))
    assert small.context_tokens == 40_960
    assert large.context_tokens == 200_000


def test_an_affine_offer_adds_its_terms():
    serving = {"kind": "affine", "base_s": 0.01, "per_token_s": 0.001, "per_kv_token_s": 1e-6,
               "per_sequence_s": 0.002, "request_s": 0.3, "kv_tokens": 5000}
    (spec,) = build_offers(scenario({"model": "toy", "serving": serving, "price": PRICE}))
    assert step_time(spec.step, 3, 1000, 12345.0, 2) == pytest.approx(0.01 + 0.003 + 0.001 + 0.004)
    assert (spec.kv_capacity_tokens, spec.seq_overhead_tokens, spec.gpus) == (5000, 0, 0)
    assert spec.request_s == 0.3
    assert spec.context_tokens == 131_072


def test_an_offers_own_faults_replace_the_providers_shares():
    faults = {"fast_failure_share": 0.1, "midstream_share": 0.2}
    own, inherited = build_offers(scenario(offer(faults={"midstream_share": 0.5}), offer(), faults=faults))
    assert (own.fast_failure_share, own.midstream_share) == (0.0, 0.5)
    assert (inherited.fast_failure_share, inherited.midstream_share) == (0.1, 0.2)


def test_unknown_gpu():
    text = refusal(offer(gpu="h100"))
    assert text.startswith("providers.acme.offers.o0.serving.gpu is 'h100', which is unknown")
    assert "did you mean h100-pcie or h100-sxm?" in text
    assert "mi300x" in text
    assert "did you mean b200-sxm" in refusal(offer(gpu="b200_sxm"))


def test_unknown_framework():
    text = refusal(offer(serving={**offer()["serving"], "framework": "vLLM"}))
    assert text == ("providers.acme.offers.o0.serving.framework is 'vLLM', which is unknown (did you mean vllm?); "
                    "allowed are sglang, trtllm, vllm")
    unmeasured = offer(gpu="mi300x", serving={**offer(gpu="mi300x")["serving"], "framework": "vllm"})
    assert build_offers(scenario(offer(gpu="mi300x")))[0].step == build_offers(scenario(unmeasured))[0].step


def test_unknown_model():
    text = refusal(offer(model="lama-3.3-70b"))
    assert text.startswith("providers.acme.offers.o0.model is 'lama-3.3-70b', which is unknown")
    assert "did you mean llama-3.3-70b" in text
    assert "did you mean" not in refusal(offer(model="zzz"))


def test_unsupported_precision():
    assert refusal(offer(gpu="a100-sxm")) == (
        "providers.acme.offers.o0.serving.precision is 'fp8', in which a100-sxm does not compute; "
        "allowed are bf16")
    assert "allowed are bf16 and fp8" in refusal(offer(precision="fp4"))


def test_invalid_parallel_degree():
    assert refusal(offer(tp=3)) == (
        "providers.acme.offers.o0.serving.tp is 3, but llama-3.3-70b on h100-sxm can be split over "
        "1, 2, 4 or 8 GPUs only")
    assert "serving.tp is 16" in refusal(offer(tp=16))
    assert build_offers(scenario(offer(gpu="gb200", tp=16)))[0].gpus == 16


def test_a_model_that_does_not_fit():
    assert refusal(offer(tp=1)) == (
        "providers.acme.offers.o0.serving does not fit: llama-3.3-70b at fp8 needs 70.6 GB for weights and "
        "21.5 GB for one context of 131072 tokens, but 1 x h100-sxm has 77.3 GB (90% of 86 GB); "
        "what would fit: tp = 2 or limits.context_tokens = 40954")
    assert refusal(offer(precision="bf16", tp=1)).endswith(
        "what would fit: tp = 4 or tp = 2 with precision = 'fp8'")
    assert refusal(offer("deepseek-v3", gpu="l4", tp=8)).endswith("what would fit: a GPU with more memory")


def test_what_would_fit_does_fit():
    limits = {"context_tokens": 40954}
    assert build_offers(scenario(offer(tp=1, limits=limits)))[0].kv_capacity_tokens == 40954
    assert build_offers(scenario(offer(precision="bf16", tp=4)))
    assert "limits.context_tokens = 40954" in refusal(offer(tp=1, limits={"context_tokens": 40955}))
