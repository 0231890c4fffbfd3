"""Who gets which share: exact shares, limits of parameters, ties, closed rows.

Statistical checks allow five standard errors: false alarms 5.7e-7 a comparison, below 2e-4 in this file.
Uniforms are evenly spaced, so every check is the same in every run.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import POLICIES, bind
from policies.toolbox import median
from policies.trial import Trial, blank_view, plain_request
from sim import view as v
from sim.policy import CANCELLED, DISPATCH, DONE, FAILED, FAILURES, FIRST_TOKEN, Event, Request
from sim.scenario import PolicyChoice

DRAWS = 200_000
REQUEST = plain_request()
FAIR = {  # parameters that switch the list-order quirks of the originals off
    "litellm_least_busy": {"ties_first": False},
    "litellm_cost": {"ties_first": False},
    "llmgateway": {"ties_first": False},
    "sglang_cache_aware": {"ties_first": False},
}


def trial(kind, rows, compiled=True, **parameters):
    return Trial(bind(PolicyChoice(kind=kind, **parameters)), rows, compiled)


def priced(*prices):
    view = blank_view(len(prices))
    view[:, v.PRICE_IN] = prices
    view[:, v.PRICE_OUT] = prices
    view[:, v.COST_USD] = np.array(prices) * 1.1e-3
    view[:, v.THROUGHPUT_EWMA] = 50.0
    return view


def assert_shares(counts, shares):
    draws = counts.sum()
    for count, share in zip(counts, [*shares, 0.0], strict=True):
        sigma = math.sqrt(draws * share * (1 - share))
        assert abs(count - draws * share) <= 5 * sigma + 1e-9, (counts / draws, shares)


def random_view(rng, rows):
    view = rng.exponential(1.0, (rows, v.COLUMNS))
    view[:, v.OPEN] = rng.random(rows) < 0.6
    view[:, v.IN_FLIGHT] = rng.integers(0, 4, rows)
    view[:, v.PUBLISHED_IN_FLIGHT] = rng.integers(0, 4, rows)
    view[:, [v.PRICE_IN, v.PRICE_OUT]] = rng.integers(0, 5, (rows, 2))  # ties and free offers
    view[:, v.RPM_LIMIT] = np.where(rng.random(rows) < 0.5, v.NO_LIMIT, 1 + rng.integers(0, 5, rows))
    view[:, v.TPM_LIMIT] = np.where(rng.random(rows) < 0.5, v.NO_LIMIT, 1000 * (1 + rng.integers(0, 3, rows)))
    view[:, v.LAST_OUTAGE_S] = np.where(rng.random(rows) < 0.5, v.NEVER, 100 * rng.random(rows))
    return np.ascontiguousarray(view)


def random_event(rng, now_s, rows):
    kind = int(rng.choice([DISPATCH, FIRST_TOKEN, DONE, FAILED, CANCELLED]))
    ttft, decode = rng.exponential(1.0, 2)
    return Event(
        kind,
        int(rng.integers(rows)),
        now_s,
        1000,
        int(rng.integers(1, 200)) if kind == DONE else 0,
        float(ttft) if kind in (FIRST_TOKEN, DONE) else 0.0,
        float(ttft + decode),
        int(rng.integers(1, len(FAILURES))) if kind == FAILED else 0,
    )


@pytest.mark.parametrize("kind", POLICIES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 12))
def test_compiled_and_python_agree_and_never_choose_a_closed_row(kind, seed, rows):
    rng = np.random.default_rng(seed)
    compiled, plain = trial(kind, rows), trial(kind, rows, compiled=False)
    now_s = 0.0
    for _ in range(25):
        now_s += float(rng.exponential(8.0 if rng.random() < 0.5 else 0.1))
        view = random_view(rng, rows)
        request = Request(now_s, int(rng.integers(1, 2000)), float(rng.integers(1, 200)), 0, -1, 0, 7)
        u = float(rng.random())
        row = plain.choose(view, request, u)
        assert compiled.choose(view, request, u) == row
        assert -1 <= row < rows
        assert row == -1 or view[row, v.OPEN] == 1.0
        if row == -1 and kind not in ("litellm_cost", "litellm_usage", "litellm_latency"):
            assert view[:, v.OPEN].sum() == 0  # only LiteLLM's limits make a policy decline
        for _ in range(3):
            event = random_event(rng, now_s, rows)
            compiled.observe(event)
            plain.observe(event)
        for ours, theirs in zip(compiled.memory, plain.memory, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("kind", POLICIES)
def test_symmetric_offers_get_equal_shares(kind):
    if kind == "bounded_hash":
        pytest.skip("one key has one place on the circle: test_policies_farms.py")
    rows = 6
    view = priced(*[1.0] * rows)
    counts = trial(kind, rows, **FAIR.get(kind, {})).counts(view, REQUEST, DRAWS)
    assert_shares(counts, [1 / rows] * rows)


@pytest.mark.parametrize("kind", sorted(FAIR))
def test_the_quirk_gives_all_ties_to_the_first(kind):
    still = {"llmgateway": {"exploration": 0.0}, "litellm_least_busy": {"reservation_s": 0.0}}.get(kind, {})
    counts = trial(kind, 4, **still).counts(priced(1.0, 1.0, 1.0, 1.0), REQUEST, 1000)
    assert list(counts) == [1000, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("prices", "shares"),
    [
        ((1.0, 2.0, 3.0), (36 / 49, 9 / 49, 4 / 49)),
        ((1.0, 3.0), (0.9, 0.1)),
        ((0.065, 0.22, 0.44), (0.9016, 0.0787, 0.0197)),
        ((0.0, 1.0), (1.0, 0.0)),  # a free offer takes all
    ],
)
@pytest.mark.parametrize("by_list_price", [False, True])
def test_openrouter_classic_shares(prices, shares, by_list_price):
    counts = trial("openrouter_classic", len(prices), by_list_price=by_list_price).counts(
        priced(*prices), REQUEST, DRAWS
    )
    rounded = np.abs(np.array(shares) / sum(shares) - shares)  # the table's rounding
    assert np.all(np.abs(counts[:-1] / DRAWS - shares) <= 5 * np.sqrt(0.25 / DRAWS) + rounded)
    exact = np.array([(min(prices) / p) ** 2 if p > 0 else 1.0 for p in prices])
    assert_shares(counts, exact / exact.sum())
    np.testing.assert_allclose(exact / exact.sum(), shares, atol=6e-5)


def test_openrouter_classic_tries_recent_outages_last():
    view = priced(1.0, 2.0, 3.0)
    view[0, v.LAST_OUTAGE_S] = 70.0
    counts = trial("openrouter_classic", 3).counts(view, plain_request(now_s=100.0), DRAWS)
    assert_shares(counts, [0.0, 9 / 13, 4 / 13])
    counts = trial("openrouter_classic", 3).counts(view, plain_request(now_s=100.1), DRAWS)
    assert_shares(counts, [36 / 49, 9 / 49, 4 / 49])
    view[1:, v.OPEN] = 0.0
    assert trial("openrouter_classic", 3).choose(view, plain_request(now_s=100.0), 0.5) == 0


def sketched_shares(view, now_s=30.0, **parameters):
    counts = trial("openrouter_sketch", len(view), **parameters).counts(view, plain_request(now_s=now_s), DRAWS)
    assert counts[-1] == 0
    return counts[:-1] / DRAWS


def seen(*prices, speeds=None):
    """A view of offers with prices and median speeds, all with the same time to first token."""
    view = priced(*prices)
    view[:, v.THROUGHPUT_P50] = speeds or [50.0] * len(prices)
    view[:, v.TTFT_P50] = 0.5
    return view


def logistic(distance, tolerance=0.25, softness=0.08):
    return 1 / (1 + math.exp((distance - tolerance) / softness))


def test_openrouter_sketch_weighs_the_distance_from_the_edge():
    weights = np.array([logistic(0.0), logistic(math.log(1.2)), logistic(math.log(2.0))])
    shares = 0.98 * weights / weights.sum() + 0.02 / 3
    np.testing.assert_allclose(sketched_shares(seen(1.0, 1.2, 2.0)), shares, atol=5 * math.sqrt(0.25 / DRAWS))
    assert shares[1] > 0.35  # a little beyond the edge costs little
    assert shares[2] < 0.01  # well beyond it nearly all


def test_faster_offers_may_charge_more():
    view = seen(1.0, 2.0**0.3, speeds=[50.0, 100.0])
    np.testing.assert_allclose(sketched_shares(view), [0.5, 0.5], atol=5 * math.sqrt(0.25 / DRAWS))
    weights = np.array([logistic(0.0), logistic(0.2 * math.log(2))])
    shares = 0.98 * weights / weights.sum() + 0.01
    np.testing.assert_allclose(sketched_shares(view, speed_exponent=0.1), shares, atol=5 * math.sqrt(0.25 / DRAWS))


@pytest.mark.parametrize(("column", "value", "factor"), [
    (v.ERROR_SHARE_5M, 0.04, 1.2), (v.REFUSAL_SHARE_5M, 0.2, 1.2), (v.TTFT_P50, 1.5, 1.2)])
def test_bad_service_is_a_higher_price(column, value, factor):
    view = seen(1.0, 1.0, 1.0)
    view[1, column] = value
    weights = np.array([logistic(0.0), logistic(math.log(factor)), logistic(0.0)])
    shares = 0.98 * weights / weights.sum() + 0.02 / 3
    np.testing.assert_allclose(sketched_shares(view), shares, atol=5 * math.sqrt(0.25 / DRAWS))


def test_an_offer_at_its_cap_is_only_explored():
    view = seen(1.0, 1.1, 1.1)
    view[0, v.CAPACITY_PER_S] = 10.0
    view[0, v.REQUESTS_THIS_MINUTE] = 10.0 * 31  # half a minute has passed, and a second is lent
    error = 5 * math.sqrt(0.25 / DRAWS)
    np.testing.assert_allclose(sketched_shares(view), [0.02 / 3, *[0.49 + 0.02 / 3] * 2], atol=error)
    assert sketched_shares(view, now_s=31.0)[0] > 0.3
    view[:, v.CAPACITY_PER_S] = 0.0
    np.testing.assert_allclose(sketched_shares(view), [1 / 3] * 3, atol=error)


def test_free_and_unseen_offers_have_a_place_on_the_curve():
    assert sketched_shares(seen(0.0, 1.0)).tolist() == pytest.approx([0.99, 0.01], abs=1e-3)
    assert sketched_shares(priced(1.0, 1.0)).tolist() == pytest.approx([0.5, 0.5], abs=5e-3)  # no speed, no latency


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7])
def test_the_median_of_open_rows(rows):
    rng = np.random.default_rng(rows)
    view = blank_view(rows + 2)
    view[:, v.TTFT_P50] = rng.integers(0, 4, rows + 2)
    view[[0, 2], v.OPEN] = 0.0
    values = np.sort(view[view[:, v.OPEN] > 0, v.TTFT_P50])
    assert median(view, v.TTFT_P50) == values[(len(values) - 1) // 2]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_shares_do_not_depend_on_the_currency(scale):
    view = priced(1.0, 2.0, 5.0)
    view[:, v.COST_USD] *= scale
    base = trial("openrouter_classic", 3).counts(priced(1.0, 2.0, 5.0), REQUEST, 20_000)
    assert np.array_equal(trial("openrouter_classic", 3).counts(view, REQUEST, 20_000), base)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), u=st.floats(0, 1, exclude_max=True))
def test_limits_of_parameters_are_other_policies(seed, u):
    rng = np.random.default_rng(seed)
    rows = 8
    view = random_view(rng, rows)
    view[:, v.LAST_OUTAGE_S] = v.NEVER
    view[:, v.COST_USD] = rng.permutation(rows) + 1.0

    def same(kind, other, **parameters):
        mine = trial(kind, rows, compiled=False, **parameters).choose(view, REQUEST, u)
        assert mine == trial(other, rows, compiled=False).choose(view, REQUEST, u)

    same("openrouter_classic", "random", k=0.0)
    same("weighted", "random", exponent=0.0)
    same("power_of_d", "least_in_flight", d=rows)
    same("power_of_d", "least_outstanding_tokens", d=rows + 5, by_tokens=True)
    same("drift_plus_penalty", "least_outstanding_tokens", v=0.0)
    same("drift_plus_penalty", "cheapest", v=1e12)
    same("llmgateway", "random", exploration=1.0)


def test_large_k_is_cheapest():
    view = priced(3.0, 2.0, 2.5)
    assert list(trial("openrouter_classic", 3, k=100.0).counts(view, REQUEST, 10_000)) == [0, 10_000, 0, 0]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), u=st.floats(0, 1, exclude_max=True))
@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("cheapest", v.COST_USD),
        ("fastest", v.THROUGHPUT_P50),
        ("least_in_flight", v.IN_FLIGHT),
        ("least_outstanding_tokens", v.OUTSTANDING_TOKENS),
        ("drift_plus_penalty", v.OUTSTANDING_TOKENS),
        ("oracle_least_work", v.TRUE_WORK_S),
    ],
)
def test_the_order_of_the_list_does_not_matter_without_ties(kind, column, seed, u):
    rng = np.random.default_rng(seed)
    view = random_view(rng, 7)
    view[:, column] = rng.permutation(7) + 0.5
    order = rng.permutation(7)
    shuffled = np.ascontiguousarray(view[order])
    here = trial(kind, 7, compiled=False).choose(view, REQUEST, u)
    there = trial(kind, 7, compiled=False).choose(shuffled, REQUEST, u)
    assert here == (order[there] if there >= 0 else -1)


@pytest.mark.parametrize("kind", ["openrouter_classic", "weighted", "power_of_d", "thompson", "peak_ewma"])
def test_the_order_of_the_list_does_not_matter_for_draws(kind):
    view = priced(1.0, 1.5, 2.0, 4.0)
    view[:, v.THROUGHPUT_EWMA] = [10, 20, 30, 40]
    view[:, v.IN_FLIGHT] = [3, 1, 1, 0]
    view[:, v.COST_USD] *= 5.0  # comparable with Thompson's value of an answer
    order = np.array([2, 0, 3, 1])
    here = trial(kind, 4).counts(view, REQUEST, DRAWS)[:-1]
    there = trial(kind, 4).counts(np.ascontiguousarray(view[order]), REQUEST, DRAWS)[:-1]
    assert np.all(np.abs(here[order] - there) <= 5 * np.sqrt(2 * DRAWS * 0.25))


@pytest.mark.parametrize("replacement", [False, True])
def test_power_of_d_shares(replacement):
    view = blank_view(4)
    view[:, v.IN_FLIGHT] = [0, 1, 2, 3]
    counts = trial("power_of_d", 4, d=2, replacement=replacement).counts(view, REQUEST, DRAWS)
    exact = [7 / 16, 5 / 16, 3 / 16, 1 / 16] if replacement else [1 / 2, 1 / 3, 1 / 6, 0]
    assert_shares(counts, exact)
    one = trial("power_of_d", 4, d=1, replacement=replacement).counts(view, REQUEST, DRAWS)
    assert_shares(one, [0.25] * 4)  # random


def test_weighted_follows_throughput():
    view = priced(1.0, 1.0)
    view[:, v.THROUGHPUT_EWMA] = [30.0, 10.0]
    assert_shares(trial("weighted", 2).counts(view, REQUEST, DRAWS), [0.75, 0.25])
    assert_shares(trial("weighted", 2, exponent=2.0).counts(view, REQUEST, DRAWS), [0.9, 0.1])


def test_round_robin_keeps_its_place_over_closed_rows():
    seat = trial("round_robin", 3)
    view = blank_view(3)
    assert [seat.choose(view, REQUEST, 0.3) for _ in range(4)] == [0, 1, 2, 0]
    view[1, v.OPEN] = 0.0
    assert [seat.choose(view, REQUEST, 0.3) for _ in range(3)] == [2, 0, 2]
    view[1, v.OPEN] = 1.0
    assert [seat.choose(view, REQUEST, 0.3) for _ in range(3)] == [0, 1, 2]


def test_smooth_wrr_sequence_is_nginx():
    view = priced(1.0, 4.0, 4.0)  # k = 1: weights 4, 1, 1
    seat = trial("smooth_wrr", 3, k=1.0)
    assert [seat.choose(view, REQUEST, 0.9) for _ in range(12)] == [0, 0, 1, 0, 2, 0] * 2
    equal = trial("smooth_wrr", 3, k=0.0)
    assert [equal.choose(view, REQUEST, 0.9) for _ in range(6)] == [0, 1, 2] * 2


def test_drift_plus_penalty_spills_at_v_times_the_price_gap():
    view = priced(1.0, 2.0)  # USD/Mtok, both directions
    view[:, v.COST_USD] = np.array([1.0, 2.0]) * 1100 / 1e6
    seat = trial("drift_plus_penalty", 2, v=5000.0)  # spills when the cheap one holds 5000 tokens more
    for backlog, row in ((4999.0, 0), (5001.0, 1)):
        view[0, v.OUTSTANDING_TOKENS] = backlog
        assert seat.choose(view, REQUEST, 0.5) == row
