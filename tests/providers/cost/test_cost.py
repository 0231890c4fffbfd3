"""What GPUs and tokens cost, how many servers a load needs, and architectures from sizes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.cost.gpu_prices import GpuPriceError, gpu_price_series
from providers.cost.ownership import capital_recovery_factor, cost_per_used_hour, owned_cost
from providers.cost.unit_cost import EngineSize, Shape, Spread, capacity, step_at
from providers.firms import staffing
from providers.hardware.architectures import MODELS
from providers.hardware.calibration import built_in
from providers.hardware.derived_architectures import derived_model
from providers.hardware.gpus import GPUS
from providers.hardware.memory import valid_degrees
from providers.hardware.roofline import Deployment, step_coefficients
from sim.engines.steptime import StepCoefficients, step_time
from sim.scenario.firm_settings import GpuPrices, Ownership

H100 = GPUS["h100-sxm"]


def test_ownership_formula_gives_the_published_cost():
    assert owned_cost(H100, Ownership()).total == pytest.approx(1.72, abs=0.005)
    assert cost_per_used_hour(H100, Ownership(), 0.7) == pytest.approx(2.45, abs=0.005)
    assert owned_cost(H100, Ownership(life_years=4)).total == pytest.approx(1.92, abs=0.005)


def test_ownership_formula_by_hand():
    terms = Ownership(capex_usd=1000, discount_rate=0, life_years=2, opex_share=0.1, it_power_share=1, pue=1,
                      power_usd_per_kwh=0.1, colo_usd_per_kw_month=8766 / 12)
    cost = owned_cost(H100, terms)
    assert cost.capital == pytest.approx((500 + 100) / 8766)
    assert cost.power == pytest.approx(0.173)
    assert cost.colocation == pytest.approx(1.73)


@given(st.floats(0, 0.5), st.floats(1, 10))
def test_an_annuity_pays_back_its_loan(rate, years):
    payment = capital_recovery_factor(rate, years)
    discounted = years if rate < 1e-9 else (1 - (1 + rate) ** -years) / rate
    worth = payment * discounted
    assert worth == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(("load", "servers"), [(1, 3), (5, 9), (10, 16), (100, 115), (1000, 1046)])
def test_servers_for_a_tenth_waiting(load, servers):
    assert staffing.servers_for(load, 0.1) == servers
    assert staffing.erlang_c(servers, load) <= 0.1 < staffing.erlang_c(servers - 1, load)


def test_erlang_fixtures():
    assert staffing.erlang_b(10, 8) == pytest.approx(0.121661, abs=5e-7)
    assert staffing.erlang_c(10, 8) == pytest.approx(0.409180, abs=5e-7)
    assert staffing.mean_wait(10, 8) == pytest.approx(0.204590, abs=5e-7)
    assert staffing.erlang_c(1, 0.8) == pytest.approx(0.8)
    assert staffing.erlang_c(100, 80) == pytest.approx(0.01965, abs=5e-6)
    assert staffing.erlang_c(3, 3) == 1.0


@pytest.mark.parametrize(("beta", "waits"), [(0.5, 0.50454), (1, 0.22336), (1.42, 0.10004), (2, 0.02688)])
def test_halfin_whitt_fixtures(beta, waits):
    assert staffing.halfin_whitt(beta) == pytest.approx(waits, abs=5e-6)
    large = 1_000_000
    assert staffing.erlang_c(staffing.square_root_staffing(large, beta), large) == pytest.approx(waits, rel=5e-3)


def test_ten_customers_who_share_save_28_percent():
    assert staffing.pooling_gain(10, 10, 0.1) == pytest.approx(0.28, abs=0.005)


def test_impossible_loads_are_refused():
    with pytest.raises(staffing.StaffingError, match="must be 0 or more"):
        staffing.erlang_b(3, -1)
    with pytest.raises(staffing.StaffingError, match="must be above 0"):
        staffing.servers_for(3, 0)


def test_gpu_prices_are_a_v():
    h100 = gpu_price_series(GpuPrices(), 548)["h100-sxm"]
    assert (h100[0], h100[273], h100[424], h100[-1]) == pytest.approx((2.60, 1.70, 2.35, 2.35))
    assert (np.diff(h100[:274]) < 0).all()
    assert (np.diff(h100[273:425]) > 0).all()


def test_falling_and_constant_gpu_prices():
    falling = gpu_price_series(GpuPrices(kind="falling", decline_per_year=0.2), 732)["h200-sxm"]
    assert falling[731] / falling[0] == pytest.approx(0.8 ** (731 / 365.25))
    assert falling[0] == pytest.approx(2.60 * 1.60 / 1.30)
    assert set(gpu_price_series(GpuPrices(kind="constant"), 5)["h100-sxm"]) == {2.60}


def test_replayed_gpu_prices(tmp_path):
    path = tmp_path / "rents.csv"
    path.write_text("day,gpu,usd_per_hour\n3,h100-sxm,2\n0,h100-sxm,3\n", encoding="utf-8")
    series = gpu_price_series(GpuPrices(kind="replayed", path=str(path)), 5)
    assert series["h100-sxm"].tolist() == [3, 3, 3, 2, 2]
    assert series["b200-sxm"][4] == pytest.approx(2 * 2.90 / 1.30)


@pytest.mark.parametrize(("text", "message"), [
    ("day,gpu,usd_per_hour\n0,h1000,3\n", "line 2: gpu is 'h1000'"),
    ("day,gpu,usd_per_hour\n0,l4,-3\n", "must be above 0"),
    ("day,gpu,usd_per_hour\n0,l4,x\n", "must have day and usd_per_hour as numbers"),
    ("day,gpu,usd_per_hour\n", "holds no GPU prices"),
])
def test_wrong_gpu_price_files(tmp_path, text, message):
    path = tmp_path / "rents.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GpuPriceError, match=message):
        gpu_price_series(GpuPrices(kind="replayed", path=str(path)), 5)


def _able(name="llama-3.1-70b", gpu="h100-sxm", tp=4, kv=300_000, **size):
    step = step_coefficients(Deployment(GPUS[gpu], MODELS[name], "fp8", tp), built_in().constants)
    bounds = EngineSize(**{"kv_tokens": kv, "overhead_tokens": 0, "max_batch": 256, "max_step_tokens": 8192, **size})
    return step, capacity(step, bounds, Shape(6000, 400), 0.05)


def test_capacity_uses_the_largest_batch_that_is_fast_enough():
    step, able = _able()
    # in memory a request holds its prompt and, on average, half of its answer
    assert able.tpot_s <= 0.05 < step_at(step, able.batch + 1, Shape(6000, 400), 8192) or able.batch == 300_000 // 6200
    assert able.requests_per_s == pytest.approx(able.batch / (400 * able.tpot_s))
    assert able.work_s(6000, 400) * able.requests_per_s == pytest.approx(1)


def test_capacity_is_bound_by_memory_batch_and_budget():
    assert _able(kv=64_000)[1].batch == 10
    assert _able(max_batch=3)[1].batch == 3
    assert _able(max_step_tokens=64)[1].batch == 4
    assert _able("llama-3.1-405b", tp=8, kv=10)[1].batch == 1


def test_a_prompt_token_takes_its_flops_its_attention_and_its_all_reduce():
    """A prompt of 6000 tokens attends to 6000 x 6000 / 2 pairs: 3000 a token. Output tokens take the rest."""
    step = StepCoefficients(base_s=0.001, weights_s=0.01, experts_s=0.0, miss_log=0.0, kv_s=1e-9, token_s=2e-6,
                            pair_s=1e-9, comm_token_s=5e-7)
    able = capacity(step, EngineSize(10**9, 0, 8, 8192), Shape(6000, 400), 10.0)
    assert able.batch == 8
    assert able.prompt_s == pytest.approx(2e-6 + 5e-7 + 3000 * 1e-9)
    # a prompt begins in .02 of steps on average; 8 output tokens, 8 x 6200 tokens to read, 6000 x 3000 pairs within it
    mixed = 1 - math.exp(-0.02)
    alone_s = step_time(step, 8, 49_600, 49_600, 8)
    prompt = 120 / mixed  # tokens of the prompts that begin in such a step
    mixed_s = step_time(step, round(8 + prompt), round(49_600 + prompt), 49_600 + prompt * 3000, 8)
    assert step_at(step, 8, Shape(6000, 400), 8192) == pytest.approx((1 - mixed) * alone_s + mixed * mixed_s)
    # a budget of 3008 tokens spreads each over two steps
    short_s = step_time(step, 8 + 3000, 49_600 + 3000, 49_600 + 3000 * 3000, 8)
    assert step_at(step, 8, Shape(6000, 400), 3008) == pytest.approx(0.96 * alone_s + 0.04 * short_s)
    # where memory is what steps wait for, a step that computes a prompt reads that prompt as well
    reading = StepCoefficients(0.0, 0.0, 0.0, 0.0, 1e-6, 0.0, 0.0, 0.0)
    assert step_at(reading, 8, Shape(6000, 400), 8192) == pytest.approx(1e-6 * (49_600 + 120), rel=1e-5)
    request_s = 400 * able.tpot_s / 8
    assert able.output_s == pytest.approx((request_s - 6000 * able.prompt_s) / 400)


def test_unit_cost_by_hand():
    _, able = _able()
    request_usd = 4 * 2.0 / 3600 / able.requests_per_s / 0.5
    blend = able.cost_usd_per_mtok(4 * 2.0, 0.5, Shape(6000, 400).mix)
    assert blend * 6400 / 1e6 == pytest.approx(request_usd)


# A step of 10 ms, 2 us a token, batch 8; a replica for 3.60 USD/h, which is .001 USD/s, used half: .002 USD/s.
HAND_STEP = StepCoefficients(base_s=0.01, weights_s=0.0, experts_s=0.0, miss_log=0.0, kv_s=0.0, token_s=2e-6,
                             pair_s=0.0, comm_token_s=0.0)


@pytest.mark.parametrize(("shape", "tau", "request_s", "output_s", "usd"), [
    # 8 + 8 x 6000/400 = 128 tokens a step; 400 x .010256 / 8 s a request, of which 6000 x 2 us compute the prompt
    (Shape(6000, 400), 0.010256, 0.5128, (0.5128 - 0.012) / 400, 0.5128 * 0.002 / 6400e-6),
    # 4,000 of the 6,000 are found: 8 + 40 tokens a step, and 4 ms for the prompt
    (Shape(6000, 400, 4000), 0.010096, 0.5048, (0.5048 - 0.004) / 400, 0.5048 * 0.002 / 6400e-6),
    # long answers: 8 + 8 x 500/2000 = 10 tokens a step; 2000 x .01002 / 8 s a request
    (Shape(500, 2000), 0.01002, 2.505, (2.505 - 0.001) / 2000, 2.505 * 0.002 / 2500e-6),
])
def test_unit_cost_by_hand_at_three_mixes(shape, tau, request_s, output_s, usd):
    able = capacity(HAND_STEP, EngineSize(10**9, 0, 8, 8192), shape, 1.0)
    assert able.tpot_s == pytest.approx(tau)
    assert able.requests_per_s == pytest.approx(1 / request_s)
    assert (able.prompt_s, able.output_s) == pytest.approx((2e-6, output_s))
    assert able.cost_usd_per_mtok(3.6, 0.5, shape.mix) == pytest.approx(usd)


def test_a_found_token_is_read_and_not_computed():
    """3,000 of a prompt of 4,000 are found: a computed token attends to those and, on average, half of the others."""
    step = HAND_STEP._replace(pair_s=1e-9)
    able = capacity(step, EngineSize(10**9, 0, 8, 8192), Shape(4000, 400, 3000), 10.0)
    assert able.prompt_s == pytest.approx(2e-6 + 3500 * 1e-9)
    # arithmetic alone: steps are as long on average as one of mean tokens
    assert able.tpot_s == pytest.approx(step_time(step, 8 + 20, 8 * 4200, 8 * 4200 + 20 * 3500, 8), rel=1e-4)


def test_requests_that_are_unlike_hold_more_and_attend_to_more():
    """Prompts of 2,000 and 10,000, answers of 100 and 700, long with long: E170 by hand."""
    prompts, answers = np.array([2000.0, 10_000.0]), np.array([100.0, 700.0])
    spread = Spread((prompts**2).mean() / 6000**2, (answers**2).mean() / 400**2, (prompts * answers).mean() / 2.4e6)
    shape = Shape(6000, 400, spread=spread)
    assert spread == pytest.approx((52 / 36, 25 / 16, 1.5))
    # the long one is there seven eighths of the time: 7/8 (10,000 + 350) + 1/8 (2,000 + 50)
    assert shape.held == pytest.approx(7 / 8 * 10_350 + 1 / 8 * 2050)
    step = HAND_STEP._replace(pair_s=1e-9)
    able = capacity(step, EngineSize(93_125, 0, 256, 8192), shape, 10.0)
    assert able.batch == 10  # of 9,312.5 tokens
    assert able.prompt_s == pytest.approx(2e-6 + 52e6 / 6000 / 2 * 1e-9)
    assert Spread.lognormal(0.8) == pytest.approx((1.8965, 1.8965, 1.0), abs=1e-4)
    assert shape.mix == pytest.approx((6000 / 6400, 400 / 6400, 0.0))


def test_what_is_found_leaves_more_room_in_the_budget_of_a_step():
    sizes = [capacity(HAND_STEP, EngineSize(10**9, 0, 256, 64), Shape(6000, 400, found), 10.0).batch
             for found in (0, 4800, 6000)]
    assert sizes == [4, 16, 64]  # 64 / (1 + computed / 400)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.5, 3000), st.floats(0.005, 1.0))
def test_derived_architectures_keep_their_sizes_and_can_be_split(total, share):
    model = derived_model("x", total, total * share, 131_072)
    assert model.total_params == pytest.approx(total * 1e9)
    assert model.shared_params >= -1
    assert 0 <= model.routed_params <= model.total_params * (1 + 1e-9)
    assert {1, 2, 4, 8} <= set(valid_degrees(GPUS["b200-sxm"], model))


def test_derived_architectures_resemble_known_ones():
    for name in ("llama-3.1-70b", "qwen3-32b", "deepseek-v3", "kimi-k2"):
        known = MODELS[name]
        ours = derived_model(name, known.total_params / 1e9, known.active_params / 1e9, known.context_tokens)
        assert ours.layers == pytest.approx(known.layers, rel=0.25)
        assert ours.kv_bytes_per_token() == pytest.approx(known.kv_bytes_per_token(), rel=0.3)


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="at most total_b"):
        derived_model("x", 7, 8, 4096)
