"""Tables, step time and memory against published numbers and against measurements."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.hardware.architectures import MODELS
from providers.hardware.calibration import Constants, built_in
from providers.hardware.gpus import GPUS, PRECISIONS
from providers.hardware.memory import check_fit, fits, kv_capacity_tokens, valid_degrees
from providers.hardware.roofline import IDEAL, Deployment, critical_batch, sent_bytes, step_coefficients
from sim.engines.steptime import step_time
from sim.errors import ScenarioError

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


ANY = built_in().constants


def ideal(gpu, model, precision, tp=1, **more):
    """Coefficients of a deployment that reaches its data sheet: efficiencies of 1, and nothing else takes time."""
    return step_coefficients(Deployment(GPUS[gpu], MODELS[model], precision, tp, **more), IDEAL)


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
    assert step_time(ideal(gpu, model, precision), 1, 0, 0, 1) * 1e3 == pytest.approx(
        milliseconds, abs=0.006)


def test_eight_gpus_divide_the_floor_by_eight():
    one, eight = (ideal("h200-sxm", "llama-3.1-405b", "fp8", tp) for tp in (1, 8))
    assert eight.weights_s == pytest.approx(one.weights_s / 8)
    assert eight.token_s == pytest.approx(one.token_s / 8)
    assert eight.kv_s == pytest.approx(one.kv_s / 8)  # eight KV heads: no copies
    assert eight.pair_s == pytest.approx(one.pair_s / 8)


def test_critical_batch_is_where_the_roofline_bends():
    assert critical_batch(GPUS["h100-sxm"], "bf16") == pytest.approx(295, abs=0.5)
    assert critical_batch(GPUS["h100-sxm"], "fp8") == pytest.approx(295, abs=0.5)
    with pytest.raises(ValueError, match="does not compute"):
        critical_batch(GPUS["h100-sxm"], "fp4")
    c = ideal("h100-sxm", "llama-3.1-8b", "bf16")
    assert c.token_s * 295.2 == pytest.approx(c.weights_s, rel=1e-3)


def test_prefill_attention_is_causal_four_l_d_s_squared():
    """4 L d S^2 FLOPs in full, half of it causal, for a model whose heads fill its width."""
    c = ideal("h100-sxm", "llama-3.3-70b", "bf16")
    s = 10_000
    causal_pairs = s * (s + 1) / 2
    assert c.pair_s * causal_pairs * 989e12 == pytest.approx(2 * 80 * 8192 * s * s, rel=1e-3)


def test_experts_touched():
    c = ideal("h100-sxm", "mixtral-8x7b", "bf16")
    routed = 45.067e9 * 2 / 3.35e12
    one = c.weights_s + c.experts_s / 4  # two of eight experts
    assert c.experts_s == pytest.approx(routed, rel=1e-3)
    assert step_time(c, 1, 0, 0, 1) == pytest.approx(one)
    assert one == pytest.approx(12.9e9 * 2 / 3.35e12)  # one token reads its active parameters
    assert step_time(c, 64, 0, 0, 0) == pytest.approx(46.7e9 * 2 / 3.35e12, rel=1e-6)  # many read all


def test_exchange():
    one, eight = (Deployment(GPUS["h100-sxm"], MODELS["llama-3.3-70b"], "fp8", tp) for tp in (1, 8))
    assert sent_bytes(one) == 0
    assert sent_bytes(eight) == 2 * 80 * 8192 * 2 * 2 * 7 / 8  # two all-reduces a layer, of bf16
    c = step_coefficients(eight, IDEAL._replace(eta_link=0.5))
    assert c.comm_token_s == pytest.approx(sent_bytes(eight) / (0.5 * 450e9))


def test_the_constants_of_a_step():
    """L (t_layer + t_width d + t_moe) + max(bytes / (e_mem BW), flops / (e_cmp F)) + t_seq B, each by hand."""
    constants = Constants(0.5, 0.25, 0.05, 0.1, 50e-6, 5e-6, 32e-6, 20e-6, 0.2, 60.0)
    dense = step_coefficients(Deployment(GPUS["h100-sxm"], MODELS["llama-3.1-8b"], "bf16", 1), constants)
    reading = 8.03e9 * 2 / (0.5 * 3.35e12)
    assert step_time(dense, 1, 0, 0, 7) == pytest.approx(32 * 70.48e-6 + reading + 7 * 20e-6)  # 4,096 wide
    computing = 2 * 8.03e9 * 8192 / (0.25 * 989e12)
    assert step_time(dense, 8192, 0, 0, 0) == pytest.approx(32 * 70.48e-6 + computing)
    attending = 32 * 32 * 2 * 256 * 1e9 / (0.05 * 989e12)  # layers, heads, two products of 128, pairs
    assert step_time(dense, 8192, 0, 1e9, 0) == pytest.approx(32 * 70.48e-6 + computing + attending)
    mixture = step_coefficients(Deployment(GPUS["h100-sxm"], MODELS["mixtral-8x7b"], "bf16", 1), constants)
    assert mixture.base_s == pytest.approx(32 * (70.48e-6 + 32e-6 * math.sqrt(8 / 256)))  # 8 experts, 256 take 32 us


def test_weights_apart_from_arithmetic():
    """Weights of 4 bits computed with in bf16 read a quarter, and compute as ever."""
    plain, packed = ideal("h100-sxm", "llama-3.1-8b", "bf16"), ideal("h100-sxm", "llama-3.1-8b", "bf16", weights="int4")
    assert packed.weights_s == pytest.approx(plain.weights_s / 4)
    assert (packed.token_s, packed.kv_s, packed.pair_s) == (plain.token_s, plain.kv_s, plain.pair_s)
    clock = 60.0 / (2 * 989e12)  # seconds to unpack a weight on two GPUs
    for gpu, bandwidth in (("h100-sxm", 3.35e12), ("h200-sxm", 4.8e12)):  # one clock, two memories
        two = Deployment(GPUS[gpu], MODELS["gpt-oss-120b"], "bf16", 2, "fp4")
        c = step_coefficients(two, IDEAL._replace(unpack_flops=60.0))
        assert c.experts_s == pytest.approx(two.model.routed_params * (0.5 / (2 * bandwidth) + clock))
        assert c.weights_s == pytest.approx(two.model.shared_params * (0.5 / (2 * bandwidth) + clock))
    native = Deployment(GPUS["b200-sxm"], MODELS["gpt-oss-120b"], "fp4", 1)
    assert step_coefficients(native, IDEAL._replace(unpack_flops=60.0)) == step_coefficients(native, IDEAL)
    one = Deployment(GPUS["h100-sxm"], MODELS["gpt-oss-120b"], "bf16", 1)
    assert not fits(one, 1024)
    assert fits(one._replace(weights="fp4"), 1024)


def test_data_parallel_attention():
    """Groups copy what is no routed expert, and keep the cache of their own sequences only."""
    whole = Deployment(GPUS["h200-sxm"], MODELS["deepseek-v3"], "fp8", 8)
    groups = whole._replace(tp=1, attention_dp=8)
    assert groups.gpus == whole.gpus == 8
    model = MODELS["deepseek-v3"]
    assert groups.weight_bytes == pytest.approx(model.routed_params + 8 * model.shared_params)
    assert (whole.kv_copies, groups.kv_copies) == (8, 1)
    a, b = (step_coefficients(d, IDEAL) for d in (whole, groups))
    assert b.weights_s == pytest.approx(8 * a.weights_s)
    assert b.experts_s == pytest.approx(a.experts_s)
    assert b.kv_s == pytest.approx(a.kv_s / 8)
    assert sent_bytes(groups) == 2 * 61 * 7168 * 2 * 7 / 8  # each token of a group goes to seven others and back


def refusal(deployment):
    with pytest.raises(ScenarioError) as caught:
        check_fit(deployment, 1024, "p")
    return str(caught.value)


def test_data_parallel_attention_that_is_refused():
    dense = Deployment(GPUS["h200-sxm"], MODELS["llama-3.1-8b"], "fp8", 1, attention_dp=2)
    assert refusal(dense) == ("p.serving.attention_dp is 2, but llama-3.1-8b has no experts that its groups could "
                              "share; allowed is 1 (more replicas serve more sequences)")
    many = Deployment(GPUS["h200-sxm"], MODELS["deepseek-v3"], "fp8", 2, attention_dp=8)
    assert refusal(many) == ("p.serving.attention_dp is 8 and tp 2, 16 GPUs in all, but the links of h200-sxm join 8 "
                             "only")


def test_a_gpu_keeps_constants_of_its_own():
    gpu = replace(GPUS["h100-sxm"], eta_memory=0.9)
    assert gpu.constants(built_in(), "vllm") == built_in().of("h100-sxm", "vllm")._replace(eta_memory=0.9)
    assert built_in().of("h100-sxm", "unheard-of") == built_in().of("l40s", "vllm") == ANY
    assert GPUS["h100-sxm"].calibrated(built_in()).constants(built_in(), "vllm") == ANY


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
    assert kv_capacity_tokens(one) == int((0.9 * 85.9e9 - 70.6e9) / 163_840) == 40_954
    assert kv_capacity_tokens(two) == int((1.8 * 85.9e9 - 70.6e9) / 163_840)
    assert kv_capacity_tokens(one._replace(precision="bf16")) == 0
    assert not fits(one, 131_072)
    assert fits(two, 131_072)
    assert fits(one, 40_954)
    assert not fits(one, 40_955)


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
        step_coefficients(Deployment(GPUS["a100-sxm"], MODELS["llama-3.1-8b"], "fp8", 1), IDEAL)


model_names = st.sampled_from(sorted(MODELS))
loads = st.tuples(st.integers(1, 8192), st.integers(0, 10_000_000), st.floats(0, 1e9), st.integers(0, 1024))


@settings(max_examples=60, deadline=None)
@given(model_names, st.sampled_from(sorted(GPUS)), loads, st.floats(1, 4), st.floats(1, 4))
def test_a_faster_gpu_is_never_slower(model, gpu, load, memory, compute):
    slow = GPUS[gpu]
    fast = replace(slow, bandwidth=slow.bandwidth * memory, bf16_flops=slow.bf16_flops * compute)
    before, after = (step_coefficients(Deployment(g, MODELS[model], "bf16", 1), ANY) for g in (slow, fast))
    assert step_time(after, *load) <= step_time(before, *load) * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(model_names, loads, loads)
def test_more_work_never_takes_less_time(model, load, extra):
    c = step_coefficients(Deployment(GPUS["b200-sxm"], MODELS[model], "fp4", 8), ANY)
    assert all(x >= 0 for name, x in c._asdict().items() if name != "miss_log")
    assert c.miss_log <= 0
    more = [a + b for a, b in zip(load, extra, strict=True)]
    assert step_time(c, *more) >= step_time(c, *load) * (1 - 1e-12)


@pytest.mark.parametrize("precision", ["fp8", "fp4"])
@pytest.mark.parametrize("model", sorted(MODELS))
def test_narrower_weights_are_never_slower(model, precision):
    wide = {"fp8": "bf16", "fp4": "fp8"}[precision]
    a, b = (step_coefficients(Deployment(GPUS["b200-sxm"], MODELS[model], p, 8), ANY)
            for p in (wide, precision))
    for load in [(1, 1000, 1000, 1), (256, 500_000, 500_000, 256), (8192, 8192, 8192 * 4096, 0)]:
        assert step_time(b, *load) <= step_time(a, *load)
