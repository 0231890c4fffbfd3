"""Policies of real systems against hand-computed numbers, quirks included; the registry and its errors.

Statistical checks allow five standard errors (false alarm 5.7e-7 each, below 1e-5 in all); draws are fixed.
"""

import math

import numpy as np
import pytest
from scipy import special, stats

from policies import POLICIES, PRESETS, bind, register
from policies.llmgateway import LATENCY, RING, SCORE, SPEED, UPTIME, uptime_penalty
from policies.prequal import AT, HISTORY, POOL, SEEN, SIZE, _remember, choose_prequal, reuse_limit, threshold
from policies.toolbox import gamma, normal
from policies.trial import Trial, blank_view, plain_request
from sim import view as v
from sim.errors import PolicyError, ScenarioError
from sim.policy import (
    DONE,
    FAILED,
    FIRST_TOKEN,
    NO_FAILURE,
    RATE_LIMITED,
    SERVER_ERROR,
    Event,
    Policy,
)
from sim.scenario import PolicyChoice
from worlds.places import ROOT

REQUEST = plain_request()
DRAWS = 100_000


def trial(kind, rows, **parameters):
    return Trial(bind(PolicyChoice(kind=kind, **parameters)), rows)


def done(row, now_s=1.0, ttft_s=1.0, e2e_s=2.0, tokens=1):
    return Event(DONE, row, now_s, 1000, tokens, ttft_s, e2e_s, NO_FAILURE)


def failed(row, failure, now_s=1.0):
    return Event(FAILED, row, now_s, 1000, 0, 0.0, 0.005, failure)


# LiteLLM (and `test_litellm_releases`)


@pytest.mark.parametrize(
    ("rpm", "tpm", "first_decides", "shares"),
    [
        ((100, 300, None), (None, None, None), True, (0.25, 0.75, 0.0)),
        ((None, 300, 300), (None, None, None), True, (1 / 3, 1 / 3, 1 / 3)),
        ((None, 300, 300), (10, 10, 20), True, (0.25, 0.25, 0.5)),
        ((None, 300, 100), (None, None, None), False, (0.0, 0.75, 0.25)),
        ((None, None, None), (None, 10, 30), False, (0.0, 0.25, 0.75)),
        ((None, None, None), (None, None, None), False, (1 / 3, 1 / 3, 1 / 3)),
        ((100, 300, 400), (1, None, None), False, (0.125, 0.375, 0.5)),
    ],
)
def test_litellm_shuffle_weights(rpm, tpm, first_decides, shares):
    view = blank_view(3)
    view[:, v.RPM_LIMIT] = [v.NO_LIMIT if x is None else x for x in rpm]
    view[:, v.TPM_LIMIT] = [v.NO_LIMIT if x is None else x for x in tpm]
    counts = trial("litellm_shuffle", 3, first_decides=first_decides).counts(view, REQUEST, DRAWS)
    for count, share in zip(counts, shares, strict=False):
        assert abs(count - DRAWS * share) <= 5 * math.sqrt(DRAWS * share * (1 - share))


def test_litellm_latency_buffer_draws_uniformly_within_it():
    seat = trial("litellm_latency", 2, streaming=False, per_token=False, buffer=0.5)
    for row, e2e_s in ((0, 1.0), (1, 1.5)):
        seat.observe(done(row, e2e_s=e2e_s))
    counts = seat.counts(blank_view(2), REQUEST, DRAWS)
    assert abs(counts[0] - DRAWS / 2) <= 5 * math.sqrt(DRAWS / 4)


@pytest.mark.parametrize(("frozen", "mean"), [(True, (9 * 1 + 100) / 10), (False, (5 * 1 + 5 * 100) / 10)])
def test_litellm_latency_frozen_list(frozen, mean):
    view = blank_view(2)
    for other, row in ((mean * 1.001, 0), (mean * 0.999, 1)):
        seat = trial("litellm_latency", 2, streaming=False, per_token=False, frozen_list=frozen)
        for e2e_s in [1.0] * 10 + [100.0] * 5:
            seat.observe(done(0, e2e_s=e2e_s))
        seat.observe(done(1, e2e_s=other))
        assert seat.choose(view, REQUEST, 0.5) == row


def test_litellm_latency_forgets_all_at_once():
    seat = trial("litellm_latency", 2, ttl_s=100.0)  # first sample at 1 s
    seat.observe(done(0, ttft_s=1.0))
    seat.observe(done(1, ttft_s=2.0, now_s=60.0))
    view = blank_view(2)
    assert {seat.choose(view, plain_request(now_s=101.0), u) for u in np.linspace(0, 0.99, 20)} == {0}
    assert {seat.choose(view, plain_request(now_s=101.1), u) for u in np.linspace(0, 0.99, 20)} == {0, 1}


# LLM Gateway


@pytest.mark.parametrize(
    ("uptime", "penalty"), [(100, 0), (95, 0), (90, 0.07), (80, 0.62), (70, 1.73), (60, 3.39), (50, 5.61)]
)
def test_llmgateway_penalty(uptime, penalty):
    assert uptime_penalty(float(uptime)) == pytest.approx(penalty, abs=0.005)


def test_llmgateway_score_by_hand():
    seat = trial("llmgateway", 2, exploration=0.0)
    view = blank_view(2)
    view[:, [v.PRICE_IN, v.PRICE_OUT]] = [[1.0, 1.0], [1.0, 1.2]]
    for _ in range(9):
        seat.observe(done(0, now_s=10.0, ttft_s=2.0, e2e_s=4.0, tokens=100))  # 25 tokens/s
    seat.observe(failed(0, SERVER_ERROR, now_s=10.0))  # uptime 90
    assert seat.choose(view, plain_request(now_s=30.0), 0.5) == 0  # not known before the minute is over
    assert seat.choose(view, plain_request(now_s=60.0), 0.5) == 1
    offers = seat.memory.offers
    assert list(offers[:, UPTIME]) == [pytest.approx(90.0), 100.0]
    assert list(offers[:, LATENCY]) == [2.0, 1.0]
    assert list(offers[:, SPEED]) == [25.0, 50.0]
    total = 0.6 + 0.5 + 0.3 + 0.075
    first = (0.5 * (100 / 90 - 1) + 0.3 * 1.0 + 0.075 * 1.0) / total + (25 / 95) ** 2
    assert offers[0, SCORE] == pytest.approx(first)
    assert offers[1, SCORE] == pytest.approx(0.6 * 0.1 / total)


def llmgateway_scores(preset, speeds, prices, ttfts=(1.0, 1.0)):
    """Scores of two offers by their tokens per second, list prices and times to first token."""
    seat = trial(preset, 2, exploration=0.0)
    for row in (0, 1):
        seat.observe(done(row, now_s=10.0, ttft_s=ttfts[row], e2e_s=1.0, tokens=speeds[row]))
    view = blank_view(2)
    view[:, v.PRICE_IN] = view[:, v.PRICE_OUT] = prices
    seat.choose(view, plain_request(now_s=60.0), 0.5)
    return seat.memory.offers[:, SCORE].tolist()


def test_llmgateway_slowness_counts_up_to_a_fourth_of_the_speed():
    total = 0.6 + 0.5 + 0.3 + 0.075
    assert llmgateway_scores("llmgateway_2026", (200, 10), (1.0, 1.0)) == pytest.approx([0.0, 0.3 * 3.0 / total])
    assert llmgateway_scores("llmgateway_2026", (200, 100), (1.0, 1.0)) == pytest.approx([0.0, 0.3 * 1.0 / total])
    third = 0.6 + 0.5 + 0.05 + 0.025
    assert llmgateway_scores("llmgateway_2026_third", (200, 10), (1.0, 1.0)) == pytest.approx([0.0, 0.05 * 19 / third])
    total = 0.3 + 0.5 + 0.05 + 0.025
    assert llmgateway_scores("llmgateway_2026_second", (200, 10), (1.0, 1.0)) == pytest.approx([0.0, 0.05 * 19 / total])


def test_llmgateway_ranks_what_is_paid_behind_what_is_free():
    total = 0.6 + 0.5 + 0.3 + 0.075
    assert llmgateway_scores("llmgateway_2026", (50, 50), (0.0, 2.0)) == pytest.approx([0.0, 0.6 * 1.0 / total])


def test_llmgateway_scored_first_by_the_place_between_best_and_worst():
    # the first: dearest and quickest; the second: cheapest, slowest and latest
    scores = llmgateway_scores("llmgateway_2026_first", (200, 10), (1.1, 1.0), (1.0, 9.0))
    assert scores == pytest.approx([0.2, 0.2 + 0.1])


def test_llmgateway_weighs_minutes_ten_three_one():
    seat = trial("llmgateway", 1)
    for now_s, ttft_s in ((0.0, 1.0), (3540.0, 2.0), (3360.0, 3.0), (3600.0, 99.0)):
        seat.observe(done(0, now_s=now_s, ttft_s=ttft_s))  # minutes 0, 59, 56, and the running one
    seat.choose(blank_view(1), plain_request(now_s=3600.0), 0.5)
    # minute 0 shares its place in the ring with minute 60, which has overwritten it
    assert seat.memory.offers[0, LATENCY] == pytest.approx((10 * 2.0 + 3 * 3.0) / 13)
    seat.choose(blank_view(1), plain_request(now_s=3660.0), 0.5)
    assert seat.memory.offers[0, LATENCY] == pytest.approx((10 * 99.0 + 3 * 2.0 + 3 * 3.0) / 16)
    seat.choose(blank_view(1), plain_request(now_s=3600.0 + 20 * 60.0), 0.5)
    assert seat.memory.offers[0, LATENCY] == pytest.approx((99.0 + 2.0 + 3.0) / 3)
    seat.choose(blank_view(1), plain_request(now_s=3600.0 + 120 * 60.0), 0.5)
    assert seat.memory.offers[0, LATENCY] == 1.0  # the default again
    assert seat.memory.offers.shape[1] > RING


def test_llmgateway_keeps_what_it_counts_in_one_minute_apart_from_the_next():
    seat = trial("llmgateway", 1)
    for now_s, tokens in ((10.0, 40), (70.0, 100)):  # 10 and 25 tokens/s
        seat.observe(done(0, now_s=now_s, e2e_s=4.0, tokens=tokens))
    seat.choose(blank_view(1), plain_request(now_s=120.0), 0.5)
    assert seat.memory.offers[0, SPEED] == pytest.approx((3 * 10.0 + 10 * 25.0) / 13)
    assert seat.memory.offers[0, LATENCY] == 1.0


def test_llmgateway_reckons_metrics_once_a_minute_whatever_leaves_its_ring_within_it():
    seat = trial("llmgateway", 1)
    seat.observe(done(0, now_s=10.0, ttft_s=2.0))
    seat.choose(blank_view(1), plain_request(now_s=3600.0), 0.5)
    assert seat.memory.offers[0, LATENCY] == 2.0
    seat.observe(done(0, now_s=3610.0, ttft_s=9.0))  # minute 60 takes the place of minute 0
    seat.choose(blank_view(1), plain_request(now_s=3659.0), 0.5)
    assert seat.memory.offers[0, LATENCY] == 2.0
    seat.choose(blank_view(1), plain_request(now_s=3660.0), 0.5)
    assert seat.memory.offers[0, LATENCY] == 9.0


def test_llmgateway_explores_one_request_in_a_hundred():
    view = blank_view(2)
    view[:, v.PRICE_IN] = [1.0, 2.0]
    counts = trial("llmgateway", 2).counts(view, REQUEST, 10 * DRAWS)
    assert abs(counts[1] - 10 * DRAWS * 0.005) <= 5 * math.sqrt(10 * DRAWS * 0.005)


def test_llmgateway_sessions_stick_and_spread():
    seat = trial("llmgateway", 4, sessions=True)
    view = blank_view(4)
    view[:, v.PRICE_IN] = [1.0, 2.0, 3.0, 4.0]
    rows = [seat.choose(view, REQUEST._replace(session=s), 0.5) for s in range(2000)]
    assert rows == [seat.choose(view, REQUEST._replace(session=s), 0.9) for s in range(2000)]
    assert np.all(np.abs(np.bincount(rows, minlength=4) - 500) <= 5 * math.sqrt(2000 * 0.25 * 0.75))
    view[2, v.OPEN] = 0.0  # only the sessions of the closed offer move
    moved = [seat.choose(view, REQUEST._replace(session=s), 0.5) for s in range(2000)]
    assert all(new == old for new, old in zip(moved, rows, strict=True) if old != 2)


# Prequal


def test_prequal_reuse_formula():
    assert reuse_limit(100, 3.0, 1.0, 1.0) == pytest.approx(1.316, abs=5e-4)
    assert reuse_limit(100, 100.0, 1.0, 1.0) == 1.0
    assert reuse_limit(POOL, 3.0, 1.0, 1.0) == np.inf


def test_prequal_threshold_is_the_quantile_of_the_last_64():
    shared = np.zeros(POLICIES["prequal"].shared_slots)
    assert threshold(shared, 0.5) == np.inf
    rng = np.random.default_rng(1)
    values = rng.integers(0, 9, 200).astype(float)
    for count, value in enumerate(values, start=1):
        _remember(shared, value)
        recent = np.sort(values[max(0, count - HISTORY) : count])
        for q in (0.0, 0.3, 0.84, 0.999):
            assert threshold(shared, q) == recent[max(0, math.ceil(q * len(recent)) - 1)]
        assert threshold(shared, 1.0) == np.inf


def probed(**parameters):
    """Three offers whose probes (RIF 0, 5, 9; latency 3, 2, 1) were taken at time 0."""
    seat = trial("prequal", 3, r_remove=0.0, **parameters)
    view = blank_view(3)
    view[:, v.PUBLISHED_IN_FLIGHT] = [0.0, 5.0, 9.0]
    view[:, v.PUBLISHED_LATENCY_S] = [3.0, 2.0, 1.0]
    seat.choose(view, REQUEST, 0.5)
    return seat, view


@pytest.mark.parametrize(
    ("q", "at_threshold", "row"),
    [(1.0, False, 2), (0.0, False, 0), (0.0, True, 0), (0.5, False, 1), (0.5, True, 0), (0.999, True, 1)],
)
def test_prequal_hot_cold_rule(q, at_threshold, row):
    seat, view = probed(q_rif=q, hot_at_threshold=at_threshold)
    assert {seat.choose(view, REQUEST, 0.5)} == {row}


def test_prequal_uses_probes_only_from_the_next_query_and_while_fresh():
    picks = []
    for u in np.linspace(0.0, 0.99, 40):
        seat = trial("prequal", 3, q_rif=1.0)
        view = blank_view(3)
        view[:, v.PUBLISHED_LATENCY_S] = [3.0, 2.0, 1.0]
        picks.append(seat.choose(view, REQUEST, u))
    assert set(picks) == {0, 1, 2}  # no probe yet: random
    later = []
    for u in np.linspace(0.0, 0.99, 40):
        seat, view = probed(q_rif=1.0)
        assert seat.choose(view, plain_request(now_s=1.0), u) == 2
        seat, view = probed(q_rif=1.0)
        later.append(seat.choose(view, plain_request(now_s=1.01), u))
    assert set(later) == {0, 1, 2}


def test_prequal_counts_its_own_use_and_averts_errors():
    seat, view = probed(q_rif=0.0, hot_at_threshold=True, r_probe=1e-9)
    assert seat.choose(view, REQUEST, 0.5) in (0, 1, 2)  # r_probe ~ 0: nothing was probed
    seat, view = probed(q_rif=0.0, hot_at_threshold=True)
    seat.memory.params[AT.r_probe] = 0.0  # no further probes: the pool's RIF grows by use alone
    assert [seat.choose(view, REQUEST, 0.5) for _ in range(5)] == [0] * 5
    seat, view = probed(q_rif=0.0, hot_at_threshold=True, max_error_share=0.2)
    view[0, v.ERROR_SHARE_30S] = 0.3
    assert seat.choose(view, REQUEST, 0.5) == 1


@pytest.mark.parametrize("rate", [0.25, 1.0, 2.5])
def test_prequal_probes_at_exactly_its_rate(rate):
    seat = trial("prequal", 40, r_probe=rate, r_remove=0.0)
    for query in range(8):
        seat.choose(blank_view(40), REQUEST, query / 8)
    assert seat.memory.shared[4] == 8 * rate  # SEEN


@pytest.mark.parametrize("compiled", [True, False])
def test_prequal_owes_probes_and_removals_apart_where_both_rates_are_fractions(compiled):
    seat = Trial(bind(PolicyChoice(kind="prequal", r_probe=1.5, r_remove=0.25)), 24, compiled)
    probed, held = [], []
    for query in range(8):  # each finds three open offers that nobody has probed, so no probe is used or replaced
        view = blank_view(24)
        view[:, v.OPEN] = 0.0
        view[3 * query : 3 * query + 3, v.OPEN] = 1.0
        seat.choose(view, REQUEST, query / 8)
        probed.append(seat.memory.shared[SEEN])
        held.append(seat.memory.shared[SIZE])
    assert probed == [1, 3, 4, 6, 7, 9, 10, 12]  # one and two in turn
    assert held == [1, 3, 4, 5, 6, 8, 9, 10]  # the fourth query and the eighth remove one


def test_prequal_reuse_is_rounded_at_random_to_its_mean():
    seat = trial("prequal", 100, r_remove=1.0)
    uses = []
    for query in range(3000):
        seat.choose(blank_view(100), plain_request(now_s=query * 10.0), (query + 0.5) / 3000)
        uses += [seat.memory.shared[5 + 5 * place + 4] for place in range(int(seat.memory.shared[0]))]
    limit = reuse_limit(100, 3.0, 1.0, 1.0)
    assert set(uses) == {1.0, 2.0}
    assert abs(np.mean(uses) - limit) <= 5 * math.sqrt(0.25 / len(uses))


def test_prequal_is_plain_python_too():
    seat = Trial(bind(PolicyChoice(kind="prequal")), 5, compiled=False)
    assert 0 <= choose_prequal(blank_view(5), REQUEST, seat.memory, 0.3) < 5


# Peak-EWMA, Thompson


def first_token(row, now_s, ttft_s):
    return Event(FIRST_TOKEN, row, now_s, 1000, 0, ttft_s, ttft_s, NO_FAILURE)


@pytest.mark.parametrize("decay_on_read", [False, True])
def test_peak_ewma_jumps_up_and_decays_down(decay_on_read):
    seat = trial("peak_ewma", 2, decay_on_read=decay_on_read)
    seat.observe(first_token(0, 0.0, 4.0))
    assert seat.memory.offers[0, 0] == 4.0
    seat.observe(first_token(0, 30.0, 1.0))
    kept = 4.0 * math.exp(-1.0)
    assert seat.memory.offers[0, 0] == pytest.approx(kept if decay_on_read else kept + 1.0 - math.exp(-1.0))
    seat.observe(first_token(0, 31.0, 9.0))
    assert seat.memory.offers[0, 0] == 9.0


def test_peak_ewma_cost_is_latency_times_outstanding_plus_one():
    seat = trial("peak_ewma", 2)
    seat.observe(first_token(0, 0.0, 1.0))  # the other still has the default of 0.25 s
    view = blank_view(2)
    for in_flight, row in ((2.0, 1), (4.0, 0)):
        view[1, v.IN_FLIGHT] = in_flight
        assert seat.choose(view, REQUEST, 0.5) == row


def test_normal_and_gamma_variates():
    p = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 999), [1e-12, 1e-40, 0.5]])
    np.testing.assert_allclose([normal(x) for x in p], special.ndtri(p), rtol=3e-7, atol=1e-9)
    for shape in (1.0, 2.5, 60.0):
        sample = [gamma(shape, (j + 0.5) / 20_000, 64) for j in range(20_000)]
        assert stats.kstest(sample, stats.gamma(shape).cdf).pvalue > 1e-6  # false alarm 1e-6 each


def test_thompson_weighs_service_against_cost_and_forgets():
    view = blank_view(2)
    view[:, v.COST_USD] = [0.001, 0.002]
    seat = trial("thompson", 2, value_usd=0.01)
    for _ in range(50):
        seat.observe(failed(0, RATE_LIMITED))
        seat.observe(done(1, ttft_s=0.5))
    assert seat.counts(view, plain_request(now_s=1.0), 10_000)[1] > 9990
    # half an hour later the evidence has gone: symmetric up to the tenth of the value that prices differ by
    late = seat.counts(view, plain_request(now_s=1.0 + 1800.0), DRAWS)
    assert 0.5 < late[0] / DRAWS < 0.75
    worthless = trial("thompson", 2, value_usd=0.0)
    assert worthless.counts(view, REQUEST, 1000)[0] == 1000
    late_answers = trial("thompson", 2)
    for _ in range(50):
        late_answers.observe(done(0, ttft_s=2.1))
        late_answers.observe(done(1, ttft_s=1.9))
    assert late_answers.counts(view, plain_request(now_s=1.0), 10_000)[1] > 9900


# Registry


def test_every_policy_and_preset_binds_and_is_documented():
    for name in [*POLICIES, *PRESETS]:
        bound = bind(PolicyChoice(kind=name))
        assert len(bound.parameter_array()) == len(type(bound.values).model_fields)
    for policy in POLICIES.values():
        assert policy.summary.endswith(".")
        assert policy.source
        assert policy.ties
        for field in policy.parameters.model_json_schema().get("properties", {}).values():
            assert field["unit"] and field["source"] and field["description"]  # noqa: PT018
    for preset in PRESETS.values():
        assert preset.kind in POLICIES
        assert set(preset.parameters) <= set(POLICIES[preset.kind].parameters.model_fields)


def test_the_documentation_lists_policies_parameters_and_presets_as_they_are():
    text = (ROOT / "docs/policies.md").read_text()
    for policy in POLICIES.values():
        assert f"| `{policy.kind}` | {policy.summary} | {policy.ties} | {policy.source} |" in text
        for name, field in policy.parameters.model_fields.items():
            default = str(field.default).lower() if isinstance(field.default, bool) else f"{field.default:g}"
            assert f"| `{policy.kind}.{name}` | {default} | {field.json_schema_extra['unit']} |" in text
    for preset in PRESETS.values():
        assert f"| `{preset.name}` | `{preset.kind}` |" in text


def test_parameters_override_a_preset():
    bound = bind(PolicyChoice(kind="openrouter_classic_2025", k=1))
    assert bound.policy.kind == "openrouter_classic"
    assert list(bound.parameter_array()) == [1.0, 30.0, 0.0, 1.0, 604_800.0]


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (
            {"kind": "openrouter_clasic"},
            "routers.a.policy.kind is 'openrouter_clasic', which is no policy or preset; "
            "did you mean openrouter_classic",
        ),
        ({"kind": "zzz"}, "routers.a.policy.kind is 'zzz', which is no policy or preset; known are random, "),
        (
            {"kind": "power_of_d", "d": 0},
            "routers.a.policy.d is 0, but must be greater than or equal to 1",
        ),
        ({"kind": "power_of_d", "d": 2.5}, "routers.a.policy.d is 2.5, but must be a valid integer"),
        (
            {"kind": "power_of_d", "e": 2},
            "routers.a.policy.e is no parameter of policy 'power_of_d'; its parameters "
            "are: d, replacement, by_tokens",
        ),
        (
            {"kind": "random", "d": 2},
            "routers.a.policy.d is no parameter of policy 'random'; its parameters are: none",
        ),
        ({"kind": "openrouter_classic", "k": float("inf")}, "routers.a.policy.k is inf"),
    ],
)
def test_wrong_choices_get_one_sentence(choice, sentence):
    with pytest.raises(ScenarioError) as error:
        bind(
            PolicyChoice.model_construct(**choice) if "k" in choice else PolicyChoice(**choice),
            "routers.a.policy",
        )
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_shares_end_at_one_and_seconds_may_be_fractions():
    shares = []
    for kind, policy in POLICIES.items():
        for name, field in policy.parameters.model_fields.items():
            said = f"{field.description}"
            if said.startswith("Share of ") and "[1]" in said:
                shares.append(f"{kind}.{name}")
                bind(PolicyChoice(kind=kind, **{name: 1.0}))
                with pytest.raises(ScenarioError, match=name):
                    bind(PolicyChoice(kind=kind, **{name: 1.5}))
            if "[s]" in said:
                bind(PolicyChoice(kind=kind, **{name: 0.5}))
    assert {"sglang_cache_aware.cache_threshold", "llmgateway.exploration", "dynamo_kv.prune_to"} < set(shares)


def test_registering_refuses_duplicates_and_false_oracles():
    def choose(view, request, memory, u):
        return 0

    for kind in ("random", "prequal_nsdi24"):
        with pytest.raises(PolicyError, match="already registered"):
            register(Policy(kind, choose, "Nothing.", "test", "none"))
    for kind, oracle in (("oracle_x", False), ("x", True)):
        with pytest.raises(PolicyError, match="oracle"):
            register(Policy(kind, choose, "Nothing.", "test", "none", oracle=oracle))
    assert "oracle_x" not in POLICIES
