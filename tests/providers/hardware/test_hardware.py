"""Tables, step time and memory against published numbers and against measurements."""

import csv
import gzip
from dataclasses import replace
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.hardware.architectures import MODELS
from providers.hardware.gpus import GPUS, PRECISIONS
from providers.hardware.memory import fits, kv_capacity_tokens, valid_degrees
from providers.hardware.roofline import Deployment, communication, critical_batch, step_coefficients
from sim.engines.steptime import step_time
from worlds.places import ROOT

MEASURED = ROOT.parent / "shared/data/perf/inferencex_silicon_sample.csv.gz"

# bytes a token at bf16, GB at 8k tokens with full windows (published architecture table)
KV = {
    "llama-3.1-8b": (131_072, 1.07),
    "llama-3.3-70b": (327_680, 2.68),
    "llama-3.1-405b": (516_096, 4.23),
    "qwen3-8b": (147_456, 1.21),
    "qwen3-32b": (262_144, 2.15),
    "qwen3-30b-a3b": (98_304, 0.81),
    "qwen3-235b-a22b": (192_512, 1.58),
    "qwen3-coder-480b-a35b": (253_952, 2.08),
    "qwen3.5-397b-a17b": (30_720, 0.25),
    "mixtral-8x7b": (131_072, 1.07),
    "mixtral-8x22b": (229_376, 1.88),
    "glm-4.5-air": (188_416, 1.54),
    "minimax-m2.5": (253_952, 2.08),
    "gpt-oss-20b": (24_576, 0.20),
    "gpt-oss-120b": (36_864, 0.31),
    "deepseek-v3": (70_272, 0.58),
    "kimi-k2.5": (70_272, 0.58),
    "glm-5": (89_856, 0.74),
}


def ideal(gpu, model, precision, tp=1):
    """A deployment that reaches its data sheet: efficiencies of 1, no overhead, no latency."""
    perfect = replace(GPUS[gpu], eta_memory=1.0, eta_compute=1.0, step_overhead_s=0.0, all_reduce_s=0.0)
    return Deployment(perfect, MODELS[model], precision, tp)


def test_tables_are_complete():
    assert len(GPUS) >= 12
    assert len(MODELS) >= 15
    assert any(m.attention.latent for m in MODELS.values())
    assert any(m.attention.window_layers for m in MODELS.values())
    assert any(m.attention.state_elements for m in MODELS.values())
    assert any(m.experts for m in MODELS.values())
    assert any(m.attention.kv_heads < m.attention.heads for m in MODELS.values())


@pytest.mark.parametrize("name", KV)
def test_kv_bytes(name):
    per_token, at_8k_gb = KV[name]
    model = MODELS[name]
    assert model.kv_bytes_per_token() == per_token
    assert model.kv_bytes_per_token(1) == per_token / 2
    at_8k = 8192 * model.kv_bytes_per_token() + model.window_bytes()
    assert round(at_8k / 1e9, 2) == at_8k_gb


def test_state_that_does_not_grow():
    assert MODELS["qwen3.5-397b-a17b"].state_bytes == pytest.approx(189e6, rel=0.002)
    assert MODELS["gpt-oss-20b"].window_bytes() == pytest.approx(3.1e6, rel=0.02)
    assert MODELS["gpt-oss-120b"].window_bytes() == pytest.approx(4.7e6, rel=0.01)


@pytest.mark.parametrize(
    ("name", "expert_params"),
    [  # three matrices an expert (gate, up, down) times layers of experts times experts, from the configs
        ("mixtral-8x7b", 3 * 4096 * 14336 * 32 * 8),
        ("mixtral-8x22b", 3 * 6144 * 16384 * 56 * 8),
        ("qwen3-30b-a3b", 3 * 2048 * 768 * 48 * 128),
        ("qwen3-235b-a22b", 3 * 4096 * 1536 * 94 * 128),
        ("gpt-oss-120b", 3 * 2880 * 2880 * 36 * 128),
        ("deepseek-v3", 3 * 7168 * 2048 * 58 * 256),
    ],
)
def test_routed_experts_follow_from_total_and_active(name, expert_params):
    assert MODELS[name].routed_params == pytest.approx(expert_params, rel=0.005)
    assert MODELS[name].shared_params > 0


@pytest.mark.parametrize(
    ("gpu", "model", "precision", "milliseconds"),
    [
        ("h100-sxm", "llama-3.3-70b", "fp8", 21.07),
        ("h200-sxm", "llama-3.3-70b", "fp8", 14.71),
        ("b200-sxm", "llama-3.3-70b", "fp8", 8.825),
        ("h100-sxm", "llama-3.1-8b", "bf16", 4.79),
        ("h200-sxm", "llama-3.1-405b", "fp8", 84.55),
    ],
)
def test_floor_of_a_decode_step(gpu, model, precision, milliseconds):
    assert step_time(step_coefficients(ideal(gpu, model, precision)), 1, 0, 0) * 1e3 == pytest.approx(
        milliseconds, abs=0.006)


def test_eight_gpus_divide_the_floor_by_eight():
    one, eight = (step_coefficients(ideal("h200-sxm", "llama-3.1-405b", "fp8", tp)) for tp in (1, 8))
    assert eight.weights_s == pytest.approx(one.weights_s / 8)
    assert eight.token_s == pytest.approx(one.token_s / 8)
    assert eight.kv_s == pytest.approx(one.kv_s / 8)  # eight KV heads: no copies
    assert eight.pair_s == pytest.approx(one.pair_s / 8)


def test_critical_batch_is_where_the_roofline_bends():
    assert critical_batch(GPUS["h100-sxm"], "bf16") == pytest.approx(295, abs=0.5)
    assert critical_batch(GPUS["h100-sxm"], "fp8") == pytest.approx(295, abs=0.5)
    with pytest.raises(ValueError, match="does not compute"):
        critical_batch(GPUS["h100-sxm"], "fp4")
    c = step_coefficients(ideal("h100-sxm", "llama-3.1-8b", "bf16"))
    assert c.token_s * 295.2 == pytest.approx(c.weights_s, rel=1e-3)


def test_prefill_attention_is_causal_four_l_d_s_squared():
    """4 L d S^2 FLOPs in full, half of it causal, for a model whose heads fill its width."""
    c = step_coefficients(ideal("h100-sxm", "llama-3.3-70b", "bf16"))
    s = 10_000
    causal_pairs = s * (s + 1) / 2
    assert c.pair_s * causal_pairs * 989e12 == pytest.approx(2 * 80 * 8192 * s * s, rel=1e-3)


def test_experts_touched():
    c = step_coefficients(ideal("h100-sxm", "mixtral-8x7b", "bf16"))
    routed = 45.067e9 * 2 / 3.35e12
    one = c.weights_s + c.experts_s / 4  # two of eight experts
    assert c.experts_s == pytest.approx(routed, rel=1e-3)
    assert step_time(c, 1, 0, 0) == pytest.approx(one)
    assert one == pytest.approx(12.9e9 * 2 / 3.35e12)  # one token reads its active parameters
    assert step_time(c, 64, 0, 0) == pytest.approx(46.7e9 * 2 / 3.35e12, rel=1e-6)  # many read all


def test_communication():
    latency, token = communication(Deployment(GPUS["h100-sxm"], MODELS["llama-3.3-70b"], "fp8", 8))
    assert latency == pytest.approx(160 * 15e-6)
    assert token == pytest.approx(160 * 8192 * 2 * 2 * 7 / 8 / 450e9)
    assert communication(Deployment(GPUS["h100-sxm"], MODELS["llama-3.3-70b"], "fp8", 1)) == (0.0, 0.0)


def test_copies_of_kv():
    def copies(model, tp):
        return Deployment(GPUS["gb200"], MODELS[model], "fp8", tp).kv_copies

    assert [copies("llama-3.3-70b", tp) for tp in (1, 8, 16, 64)] == [1, 1, 2, 8]
    assert copies("qwen3.5-397b-a17b", 8) == 4
    assert copies("deepseek-v3", 8) == 8


def test_sequence_overhead_is_in_tokens_of_growing_cache():
    linear = Deployment(GPUS["h200-sxm"], MODELS["qwen3.5-397b-a17b"], "fp8", 2)
    assert linear.sequence_overhead_tokens == -(-188_743_680 // 15_360)
    window = Deployment(GPUS["h200-sxm"], MODELS["gpt-oss-120b"], "fp8", 1)
    assert window.sequence_overhead_tokens == 128
    assert Deployment(GPUS["h200-sxm"], MODELS["llama-3.1-8b"], "fp8", 1).sequence_overhead_tokens == 0


def test_kv_capacity():
    one = Deployment(GPUS["h100-sxm"], MODELS["llama-3.3-70b"], "fp8", 1)
    two = one._replace(tp=2)
    assert kv_capacity_tokens(one) == int((72e9 - 70.6e9) / 163_840) == 8544
    assert kv_capacity_tokens(two) == int((144e9 - 70.6e9) / 163_840)
    assert kv_capacity_tokens(one._replace(precision="bf16")) == 0
    assert not fits(one, 131_072)
    assert fits(two, 131_072)
    assert fits(one, 8544)
    assert not fits(one, 8545)


def test_valid_degrees():
    assert valid_degrees(GPUS["h100-sxm"], MODELS["llama-3.3-70b"]) == [1, 2, 4, 8]
    assert valid_degrees(GPUS["h100-sxm"], MODELS["qwen3-coder-480b-a35b"]) == [1, 2, 4, 8]  # 96 / 8 heads
    assert valid_degrees(GPUS["h100-sxm"], MODELS["qwen3.5-397b-a17b"]) == [1, 2, 4, 8]
    assert valid_degrees(GPUS["gb200"], MODELS["deepseek-v3"]) == [1, 2, 4, 8, 16, 32, 64]


def test_precisions():
    assert GPUS["a100-sxm"].precisions == ("bf16",)
    assert GPUS["h100-sxm"].precisions == ("bf16", "fp8")
    assert GPUS["mi355x"].precisions == PRECISIONS
    with pytest.raises(ValueError, match="a100-sxm does not compute in fp8"):
        step_coefficients(Deployment(GPUS["a100-sxm"], MODELS["llama-3.1-8b"], "fp8", 1))


model_names = st.sampled_from(sorted(MODELS))
loads = st.tuples(st.integers(1, 8192), st.integers(0, 10_000_000), st.floats(0, 1e9))


@settings(max_examples=60, deadline=None)
@given(model_names, st.sampled_from(sorted(GPUS)), loads, st.floats(1, 4), st.floats(1, 4))
def test_a_faster_gpu_is_never_slower(model, gpu, load, memory, compute):
    slow = GPUS[gpu]
    fast = replace(slow, bandwidth=slow.bandwidth * memory, bf16_flops=slow.bf16_flops * compute)
    before, after = (step_coefficients(Deployment(g, MODELS[model], "bf16", 1)) for g in (slow, fast))
    assert step_time(after, *load) <= step_time(before, *load) * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(model_names, loads, loads)
def test_more_work_never_takes_less_time(model, load, extra):
    c = step_coefficients(Deployment(GPUS["b200-sxm"], MODELS[model], "fp4", 8))
    assert all(x >= 0 for name, x in c._asdict().items() if name != "miss_log")
    assert c.miss_log <= 0
    more = [a + b for a, b in zip(load, extra, strict=True)]
    assert step_time(c, *more) >= step_time(c, *load) * (1 - 1e-12)


@pytest.mark.parametrize("precision", ["fp8", "fp4"])
@pytest.mark.parametrize("model", sorted(MODELS))
def test_narrower_weights_are_never_slower(model, precision):
    wide = {"fp8": "bf16", "fp4": "fp8"}[precision]
    a, b = (step_coefficients(Deployment(GPUS["b200-sxm"], MODELS[model], p, 8)) for p in (wide, precision))
    for load in [(1, 1000, 1000), (256, 500_000, 500_000), (8192, 8192, 8192 * 4096)]:
        assert step_time(b, *load) <= step_time(a, *load)


@pytest.mark.skipif(not MEASURED.exists(), reason="measured throughput is not at hand")
@pytest.mark.parametrize(
    ("model", "name", "precision"),
    [("meta-llama/Llama-3.1-70B", "llama-3.1-70b", "fp8"), ("deepseek-ai/DeepSeek-R1", "deepseek-r1", "fp8")],
)
def test_measured_time_per_token(model, name, precision):
    """Uncalibrated coefficients lie within a quarter of the median measured time per token.

    Decode steps only, at mid output; the measured mean has prefill steps in it, so a little low is right.
    """
    ratios = []
    with gzip.open(MEASURED, "rt") as lines:
        for row in csv.DictReader(lines):
            wanted = (row["model"], row["precision"], row["mode"], row["repeat"])
            parallel = float(row["attention_dp_size"] or 1)
            if wanted != (model, precision, "agg", "False") or parallel > 1 or not row["concurrency"]:
                continue
            if float(row["concurrency"]) > 16:
                continue
            batch = int(float(row["concurrency"]))
            kv = int(batch * 0.9 * (float(row["isl"]) + float(row["osl"]) / 2))
            gpu = GPUS[row["gpu"].lower() + "-sxm"]
            c = step_coefficients(Deployment(gpu, MODELS[name], precision, int(float(row["tp_size"]))))
            ratios.append(step_time(c, batch, kv, kv) * 1e3 / float(row["tpot_ms"]))
    assert len(ratios) > 20
    assert 0.75 <= median(ratios) <= 1.1
