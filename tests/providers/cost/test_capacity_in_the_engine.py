"""The capacity by which sellers plan, held to the engine: at that rate replicas are as fast as was promised."""

import numpy as np
import pytest

from providers.cost.unit_cost import EngineSize, Shape, Spread, capacity
from providers.hardware.architectures import MODELS
from providers.hardware.calibration import built_in
from providers.hardware.gpus import GPUS
from providers.hardware.memory import kv_capacity_tokens
from providers.hardware.roofline import Deployment, step_coefficients
from sim.engines.compiled import CompiledEngine
from worlds.small import Client, offer, requests, world

REPLICAS, TPOT_S, REQUESTS = 6, 0.05, 24_000
TEMPLATES = np.array([[1500, 250], [3000, 300], [20_000, 400], [3000, 1000]])  # chat, an assistant, coding, reasoning


def lengths(kind, rng):
    """Prompts and answers of so many requests: all alike, log-normal, or of workloads that are unlike."""
    means = np.tile([[4000, 300]], (REQUESTS, 1)) if kind != "mixed" else TEMPLATES[
        rng.choice(4, REQUESTS, p=[0.4, 0.3, 0.15, 0.15])]
    sigma = 0.0 if kind == "alike" else 0.8
    drawn = means * np.exp(sigma * rng.standard_normal((REQUESTS, 2)) - sigma**2 / 2)
    return np.maximum(1, np.rint(drawn)).astype(int).T


def fleet(model, tp):
    """Step time and size of a replica of ``tp`` H200."""
    deployment = Deployment(GPUS["h200-sxm"], MODELS[model], "fp8", tp)
    step = step_coefficients(deployment, deployment.gpu.constants(built_in()))
    return step, EngineSize(kv_capacity_tokens(deployment), deployment.sequence_overhead_tokens, 256, 8192)


def served(step, size, sizes, per_s):
    """Mean time per output token and median time to the first, s, at so many requests a second and replica."""
    rng, span_s = np.random.default_rng(4), REQUESTS / (per_s * REPLICAS)
    of = world([offer(step, replicas=REPLICAS, balancer="least_requests", max_batch=size.max_batch,
                      max_step_tokens=size.max_step_tokens, kv_capacity_tokens=size.kv_tokens,
                      seq_overhead_tokens=size.overhead_tokens)], clients=[Client()])
    born_s = np.sort(rng.random(REQUESTS)) * span_s
    engine = CompiledEngine(of, iter([requests(of, [{"arrive_s": at, "prompt": int(prompt), "output": int(answer)}
                                                    for at, prompt, answer in zip(born_s, *sizes, strict=True)])]))
    engine.advance(20 * span_s)
    seen = engine.outcome().samples
    later = seen[(seen["born_s"] > span_s / 3) & (seen["born_s"] < 0.9 * span_s)]
    first_s, tokens = later["first_token_s"], later["output"] - 1
    return (later["end_s"] - first_s).sum() / tokens.sum(), np.median(first_s - later["born_s"])


def planned(step, size, sizes):
    """Capacity for the mean of these requests, as unlike as they are (E170)."""
    prompt, answer = sizes.astype(float)
    spread = Spread((prompt**2).mean() / prompt.mean() ** 2, (answer**2).mean() / answer.mean() ** 2,
                    (prompt * answer).mean() / prompt.mean() / answer.mean())
    return capacity(step, size, Shape(prompt.mean(), answer.mean(), spread=spread), TPOT_S)


@pytest.mark.parametrize("kind", ["alike", "lognormal"])
@pytest.mark.parametrize(("model", "tp"), [("llama-3.1-8b", 1), ("deepseek-v3", 8)])
def test_at_its_capacity_a_replica_is_as_fast_as_was_promised(model, tp, kind):
    step, size = fleet(model, tp)
    sizes = lengths(kind, np.random.default_rng(3))
    able = planned(step, size, sizes)
    tpot_s, ttft_s = served(step, size, sizes, able.requests_per_s)
    assert tpot_s == pytest.approx(able.tpot_s, rel=0.15)  # near its capacity luck counts for much
    assert ttft_s < 0.5


@pytest.mark.parametrize(("model", "tp"), [("llama-3.1-8b", 1), ("deepseek-v3", 8)])
def test_where_some_prompts_are_very_long_it_still_is_at_the_planned_share_of_it(model, tp):
    step, size = fleet(model, tp)
    sizes = lengths("mixed", np.random.default_rng(3))
    able = planned(step, size, sizes)
    tpot_s, ttft_s = served(step, size, sizes, 0.6 * able.requests_per_s)
    assert tpot_s < TPOT_S
    assert ttft_s < 0.5
    # planned as if all were alike, it would have half as much more to do, and more than it can
    alike = capacity(step, size, Shape(*sizes.mean(axis=1)), TPOT_S)
    assert served(step, size, sizes, 0.6 * alike.requests_per_s)[0] > TPOT_S
