"""Speculative decoding: E27 in closed form and by drawing, and what it makes of steps and of a request."""

import numpy as np
import pytest
from pydantic import ValidationError

from experiments.runs.run_traffic import run_traffic
from providers.hardware.architectures import MODELS
from providers.hardware.calibration import built_in
from providers.hardware.gpus import GPUS
from providers.hardware.roofline import Deployment, step_coefficients
from providers.hardware.speculation import expected_tokens, speculative, time_factor
from sim.engines.outcome import COMPLETED, MEASURED, TPOT
from sim.engines.steptime import step_time
from sim.scenario import TrafficScenario
from sim.scenario.speculation_settings import Speculation

PLAIN = Speculation(draft_tokens=3, acceptance=0.8, draft_cost=0.05)


def coefficients(gpu="h100-sxm", model="llama-3.1-8b", tp=1):
    return step_coefficients(Deployment(GPUS[gpu], MODELS[model], "fp8", tp), built_in().constants)


@pytest.mark.parametrize(("gamma", "alpha", "tokens"), [
    (1, 0.85, 1.85), (3, 0.8, 2.952), (7, 0.0, 1.0), (4, 1.0, 5.0), (5, 0.5, (1 - 0.5 ** 6) / 0.5)])
def test_tokens_of_a_check(gamma, alpha, tokens):
    assert expected_tokens(gamma, alpha) == pytest.approx(tokens)


def test_tokens_of_a_check_are_those_that_are_drawn():
    """False alarm once in a thousand seeds: 3.29 standard errors of 100,000 checks."""
    accepted = np.random.default_rng(27).random((100_000, 3)) < 0.8
    tokens = 1 + np.cumprod(accepted, axis=1).sum(axis=1)
    assert abs(tokens.mean() - expected_tokens(3, 0.8)) < 3.29 * tokens.std() / np.sqrt(len(tokens))


def test_the_factor_is_that_of_the_paper():
    assert time_factor(PLAIN) == pytest.approx(1.15 * (1 - 0.8) / (1 - 0.8 ** 4))
    assert time_factor(Speculation(draft_tokens=2, acceptance=0.0, draft_cost=0.3)) == pytest.approx(1.6)


def test_what_is_published_of_deepseeks_module():
    """1.8 times the tokens per second at one drafted token of which 85 to 90% are accepted: the defaults."""
    assert 1 / time_factor(Speculation()) == pytest.approx(1.8, rel=0.01)
    assert 1 / time_factor(Speculation(acceptance=0.9)) == pytest.approx(1.8, rel=0.04)


def test_decoding_that_reads_takes_the_factor():
    step = coefficients()
    folded = speculative(step, PLAIN)
    before, after = (step_time(it, 4, 4 * 2000, 4 * 2000, 4) for it in (step, folded))
    assert after / before == pytest.approx(time_factor(PLAIN))


def test_computing_is_left_as_it_is():
    step = coefficients()
    folded = speculative(step, PLAIN)
    tokens, pairs = 8192, 8192 * 4096
    before, after = (step_time(it, tokens, tokens, pairs, 0) for it in (step, folded))
    assert before - after == pytest.approx(step.base_s * (1 - time_factor(PLAIN)))
    assert (folded.token_s, folded.pair_s, folded.comm_token_s) == (step.token_s, step.pair_s, step.comm_token_s)


def test_a_check_touches_the_experts_of_all_its_tokens():
    step = coefficients(model="qwen3-30b-a3b")
    factor, reading = time_factor(PLAIN), step.weights_s + step.experts_s * (1 - (1 - 8 / 128) ** (2 * 4))
    expected = factor * (step.base_s + reading + step.kv_s * 200 + step.sequence_s * 2)
    assert step_time(speculative(step, PLAIN), 2, 200, 200, 2) == pytest.approx(expected)


def test_tokens_that_come_to_nothing_are_exchanged():
    step = coefficients(tp=4)
    folded = speculative(step, PLAIN)
    more = folded.comm_token_s * 16 + folded.sequence_s * 16 - time_factor(PLAIN) * step.sequence_s * 16
    assert more == pytest.approx(step.comm_token_s * 16 * 4 / 2.952)


def served(engine, **serving):
    """One user's requests, one after another, at an offer that has nothing else to do: mean time per output token."""
    found = run_traffic(TrafficScenario.model_validate({
        "name": "alone", "traffic": {"duration_s": 20.0, "engine": engine}, "network": {"regions": ["here"]},
        "routers": {"main": {"region": "here", "policy": {"kind": "random"}}},
        "demand": {"load": {
            "model": "llama-3.1-8b", "region": "here",
            "arrivals": {"kind": "closed", "users": 1, "think_s": 0.1, "pause": "constant"},
            "prompt_tokens": {"kind": "constant", "mean": 100}, "output_tokens": {"kind": "constant", "mean": 200}}},
        "providers": {"one": {"region": "here", "offers": {"llama-3.1-8b": {
            "model": "llama-3.1-8b", "serving": {"kind": "roofline", "gpu": "h100-sxm", **serving},
            "price": {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 1.0}}}}},
    }))
    count = int(found.outcomes[0, MEASURED, COMPLETED])
    assert count > 3
    return float(found.class_metric_sums[0, TPOT]) / count


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_a_lone_user_is_served_as_many_times_as_fast(engine):
    speculation = PLAIN.model_dump()
    assert served(engine, speculation=speculation) / served(engine) == pytest.approx(time_factor(PLAIN), rel=1e-9)


@pytest.mark.parametrize(("field", "value"), [("draft_tokens", 0), ("acceptance", 1.1), ("draft_cost", -0.1)])
def test_values_that_are_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        Speculation(**{field: value})
