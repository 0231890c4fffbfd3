"""Published figures beside ours: worked by hand where a hand can, and by what must hold between them."""

import json
import math

import pytest

from experiments.cli.main import main
from experiments.pages import published_tables
from experiments.silicon.measured import MOST_STEP_TOKENS
from experiments.validation import deepseek_day as day
from experiments.validation import mlperf_offline as mlperf
from experiments.validation.comparison import Figure, markdown, number, rows, share
from providers.cost.unit_cost import Shape, step_at
from providers.hardware.calibration import built_in
from providers.hardware.gpus import GPUS
from providers.hardware.memory import fits, kv_capacity_tokens
from providers.hardware.roofline import step_coefficients
from sim.engines.steptime import StepCoefficients


def test_errors_are_percents_or_factors():
    assert [share(x) for x in (0.004, -0.004, 0.31, -0.49, 1.0, 6.9, -0.5, -0.9, -1.2)] == [
        "+0.40%", "-0.40%", "+31%", "-49%", "× 2.0", "× 7.9", "÷ 2.0", "÷ 10.0", "-120%"]
    assert [number(x) for x in (87072.4, 999.96, 0.060302, -0.18114)] == ["87,072", "1000", "0.0603", "-0.1811"]


def test_rows_have_ours_and_an_error_for_each_case():
    found = rows([Figure("speed", "m/s", 4.0, (5.0, 12.0))], ["slow", "fast"])
    assert found == [("figure", "unit", "published", "slow", "error", "fast", "error"),
                     ("speed", "m/s", "4", "5", "+25%", "12", "× 3.0")]
    assert markdown(found).splitlines()[1:] == ["| --- | --- | --- | --- | --- | --- | --- |",
                                                "| speed | m/s | 4 | 5 | +25% | 12 | × 3.0 |"]


def test_the_mean_request_of_the_day():
    prompt, output, hit = day.lengths()
    assert prompt + output / 2 == pytest.approx(4989)
    assert prompt / output == pytest.approx(608 / 168)
    assert (round(prompt), round(output), hit) == (4383, 1211, 0.5625)


def test_published_figures_of_the_day_fit_together():
    found = {it.name: it for it in day.arithmetic()}
    assert found["cost of the nodes"].ours == (226.75 * 8 * 2 * 24,) == (87072.0,)
    assert found["revenue at those prices"].ours[0] == pytest.approx(342e3 * 0.14 + 266e3 * 0.55 + 168e3 * 2.19)
    assert all(abs(error) < 0.0015 for it in found.values() for error in it.errors)


@pytest.mark.parametrize(("exchange_s", "seconds"), [(0.001, 0.1 + 5.0 + 0.4), (0.02, 0.1 + 8.0 + 0.4)])
def test_an_exchange_that_is_overlapped_counts_if_it_is_longer(exchange_s, seconds):
    step = StepCoefficients(0.1, 1.0, 0.0, 0.0, 0.02, 0.0, 0.0, exchange_s, 0.004)
    assert day.Unit(8, step, overlapped=True).time_s(400, 200, 0.0, 100) == pytest.approx(seconds)
    assert day.Unit(8, step, overlapped=False).time_s(400, 200, 0.0, 100) == pytest.approx(5.5 + 400 * exchange_s)


def test_steps_of_the_day_by_hand():
    """E1 of a GPU on its own share: 1/144 of the experts' weights and all others, its requests and its tokens."""
    constants, h800 = built_in().constants, GPUS["h100-sxm"]
    routed = (671e9 - 37e9) / (1 - 8 / 256)
    batch, context = 100, 4989
    weights = (671e9 - routed) + routed / 144 * (1 - (1 - 8 / 256) ** (batch * 144))
    memory = (weights + 61 * 576 * batch * context) / (h800.bandwidth * constants.eta_memory)
    attention = 61 * 128 * 2 * 320 * batch * context / constants.eta_attention
    compute = (2 * 37e9 * batch / constants.eta_compute + attention) / h800.fp8_flops
    around = 61 * (constants.layer_s + constants.width_s * 7.168 + constants.moe_layer_s)
    exchange = 61 * 7168 * 2 * 2 * 8 * batch / (50e9 * constants.eta_link)
    requests, kv = batch * 144, batch * 144 * context
    slow, own, deepseek = (day.unit(144, case).time_s(requests, kv, kv, requests) for case in day.CASES)
    assert slow == pytest.approx(around + max(memory, compute) + exchange + constants.sequence_s * requests)
    assert own == pytest.approx(around + max(memory, compute) + exchange + constants.sequence_s * batch)
    longer = max(memory, compute, 58 * 561e-6 / 128 * batch)
    assert deepseek == pytest.approx(around + longer + constants.sequence_s * batch)


def test_prefill_of_the_day_by_hand():
    """16,384 tokens a GPU, 9/16 of each prompt there already, computed while they are sent as DeepSeek measured."""
    constants, h800, prompt = built_in().constants, GPUS["h100-sxm"], day.lengths().prompt
    around = 61 * (constants.layer_s + constants.width_s * 7.168 + constants.moe_layer_s)
    exchange = 58 * 7168 * (4 / 44e9 + 8 / 47e9) * 16384
    attention = 61 * 128 * 2 * 320 * prompt * (9 / 16 + 7 / 32) / constants.eta_attention
    computing = (2 * 37e9 / constants.eta_compute + attention) * 16384 / h800.fp8_flops
    longer = max(exchange, computing)
    assert day.prefill(day.unit(32, day.CASES[2])) == pytest.approx(32 * 16384 / (7 / 16) / (around + longer))


@pytest.mark.parametrize("case", day.CASES[:2])
def test_prefill_that_waits_for_its_exchange_by_hand(case):
    """A token that is not in the cache sees what is, 9/16 of the prompt, and half of the rest."""
    constants, h800, prompt = built_in().constants, GPUS["h100-sxm"], day.lengths().prompt
    around = 61 * (constants.layer_s + constants.width_s * 7.168 + constants.moe_layer_s)
    attention = 61 * 128 * 2 * 320 * prompt * (9 / 16 + 7 / 32) / constants.eta_attention
    computing = (2 * 37e9 / constants.eta_compute + attention) * 16384 / h800.fp8_flops
    exchange = 61 * 7168 * 2 * 2 * 8 * 16384 / (50e9 * constants.eta_link)
    assert day.prefill(day.unit(32, case)) == pytest.approx(32 * 16384 / (7 / 16) / (around + computing + exchange))


@pytest.mark.parametrize("case", day.CASES)
def test_decode_takes_the_largest_batch_that_is_fast_enough(case):
    unit = day.unit(144, case)
    batch, tau = day.decode(unit)
    assert tau <= 1 / 21
    more = 144 * (batch + 1)
    slower = unit.time_s(more, more * 4989, more * 4989, more)
    assert batch == 128 or slower > 1 / 21


def test_outcomes_of_the_day_follow_from_tokens_a_node():
    found = {it.name: it.ours for it in day.outcomes()}
    for case in range(len(day.CASES)):
        prefill, decode = found["prefill, hits included"][case], found["decode"][case]
        nodes = (608e9 / prefill + 168e9 / decode) / 86400
        assert found["nodes, mean"][case] == pytest.approx(nodes)
        assert found["cost"][case] == pytest.approx(nodes * 384)
        assert found["cost of input, hits included"][case] == pytest.approx(16 / 3600 / prefill * 1e6)
        assert found["cost of output"][case] == pytest.approx(16 / 3600 / decode * 1e6)
        assert found["profit over cost"][case] == pytest.approx(562_100 / (nodes * 384) - 1, rel=1e-6)
    # what is published lies between E1 as it stands and the exchange that was published
    assert all(found[name][0] < published < found[name][2] for name, published in (
        ("prefill, hits included", 73_700), ("decode", 14_800)))


@pytest.mark.parametrize("result", mlperf.RESULTS, ids=lambda it: f"{it.benchmark}-{it.gpu}-{it.edition}")
def test_the_fullest_batch_is_the_best_that_fits(result):
    benchmark, constants = mlperf.BENCHMARKS[result.benchmark], built_in().of(result.gpu, "trtllm")
    full = mlperf.fullest(result, constants)
    shape, deployment = benchmark.shape, full.deployment
    assert fits(deployment, round(shape.prompt + shape.output))
    memory = kv_capacity_tokens(deployment) / (shape.held + deployment.sequence_overhead_tokens)
    assert full.capacity.batch == int(min(memory, MOST_STEP_TOKENS / (1 + shape.prompt / shape.output)))
    tau = step_at(step_coefficients(deployment, constants), full.capacity.batch, shape, MOST_STEP_TOKENS)
    assert full.tokens_per_s == pytest.approx(full.capacity.batch / tau / deployment.gpus)
    assert mlperf.fullest(result, constants, longer=2.0).tokens_per_s < full.tokens_per_s


def test_two_gpus_share_a_model_that_leaves_one_little_room():
    result = next(it for it in mlperf.RESULTS if (it.benchmark, it.gpu) == ("llama2-70b", "h100-sxm"))
    one, two = (it for it in mlperf._deployments(GPUS["h100-sxm"], mlperf.MODELS["llama-3.1-70b"], "fp8")
                if it.tp <= 2)
    assert kv_capacity_tokens(one) // (294 + 294) == 69
    assert mlperf.fullest(result, built_in().constants).deployment == two


def test_the_best_of_layouts_is_told(monkeypatch):
    """With one expert-parallel layout less, what is left is no better."""
    result = mlperf.RESULTS[-1]
    best = mlperf.fullest(result, built_in().constants)
    assert best.deployment.attention_dp > 1
    monkeypatch.setattr(mlperf, "GROUPS", tuple(it for it in mlperf.GROUPS if it != best.deployment.attention_dp))
    assert mlperf.fullest(result, built_in().constants).tokens_per_s < best.tokens_per_s


def test_a_shape_is_of_the_reference_implementation():
    """Outputs that submissions must reach are nine tenths of these (their pages of results)."""
    tenths = {name: it.shape.output * 0.9 for name, it in mlperf.BENCHMARKS.items()}
    assert tenths == pytest.approx({"llama2-70b": 265.005, "mixtral-8x7b": 130.356, "llama3.1-405b": 616.212,
                                    "deepseek-r1": 3497.6047})
    assert all(isinstance(it.shape, Shape) and math.isfinite(it.shape.prompt + it.shape.output)
               for it in mlperf.BENCHMARKS.values())


@pytest.mark.parametrize(("what", "shown"), [("deepseek-day", day.CASES), ("mlperf", mlperf.CASES)])
def test_the_command_prints_and_tells(what, shown, capsys):
    assert main(["validate", what]) == 0
    text = capsys.readouterr().out
    assert all(case in text for case in shown)
    assert main(["validate", what, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    for row in told["outcomes" if what == "deepseek-day" else "results"]:
        assert list(row["ours"]) == list(shown)
        for case in shown:
            assert row["error"][case] == pytest.approx(row["ours"][case] / row["published"] - 1)


def test_validate_asks_what_to_hold_against(capsys):
    assert main(["validate"]) == 2
    assert "silicon, deepseek-day, mlperf, flips or market" in capsys.readouterr().err


def test_the_page_says_how_far_off_typical_results_are(monkeypatch):
    figure = Figure("a result", "tokens/s", 10.0, (9.0, 12.0, 10.0))
    monkeypatch.setattr(mlperf, "figures", lambda: [figure])
    line = f"10% ({mlperf.CASES[0]}), 20% ({mlperf.CASES[1]}), 0% ({mlperf.CASES[2]})"
    assert f"Median of |error|: {line}." in published_tables.mlperf()
