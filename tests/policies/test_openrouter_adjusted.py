"""``openrouter_adjusted`` against OpenRouter's published example, and its mechanics against values worked out by hand.

The example is in the figures of OpenRouterTeam/docs@3634e3c, guides/providers/traffic-routing. Draws are evenly spaced
uniforms, 100,000 of them: shares are within .5 % of their probabilities.
"""

import math

import numpy as np
import pytest

from policies import bind
from policies.openrouter_adjusted import (
    CAP,
    COST,
    ENDED,
    ERROR_SHARE,
    ERRORS,
    FIRST_S,
    IN_USD,
    LOOK_S,
    PAUSED,
    REFUSED,
    TOKEN_S,
    TTFT_S,
    TTFTS,
    adjusted_price,
    effective_price,
    look,
    slowness,
)
from policies.openrouter_curve import preference
from policies.toolbox import middle
from policies.trial import Trial, blank_view, plain_request
from sim import view as v
from sim.engines.bill import Terms, prompt_pico, told_usd
from sim.policy import (
    CANCELLED,
    DISPATCH,
    DONE,
    FAILED,
    FAILURES,
    FIRST_TOKEN,
    MIDSTREAM,
    OUTAGE,
    QUEUE_FULL,
    RATE_LIMITED,
    SERVER_ERROR,
    TIMED_OUT,
    TOO_LONG,
    Event,
)
from sim.scenario import PolicyChoice
from sim.units import DAY_S

DRAWS = 100_000
NAMES = ("Balanced", "Fast", "Budget", "Slow start", "Unreliable")
EFFECTIVE = (0.80, 1.16, 0.62, 0.85, 0.80)  # parts of the adjusted price, USD per million tokens
FIRST_TOKENS = (0.14, 0.12, 0.18, 0.65, 0.14)
FAILING = (0.03, 0.03, 0.03, 0.03, 1.00)
REFUSING = (0.01, 0.01, 0.01, 0.01, 0.12)
ADJUSTED = (0.98, 1.32, 0.84, 1.54, 2.06)
SPEEDS = (92, 125, 59, 77, 83)  # tokens a second
SHARES = (35, 34, 22, 7, 2)  # per cent
EDGE = ((45.21, 0.476), (59.23, 0.998), (73.22, 1.321), (93.21, 1.614), (121.22, 1.862), (159.22, 2.058))


def seat(rows=1, **parameters):
    return Trial(bind(PolicyChoice(kind="openrouter_adjusted", **parameters)), rows, compiled=False)


def many(trial, compiled_rows, now_s=0.0, **parameters):
    """Shares of the draws with the memory of a trial."""
    judge = Trial(bind(PolicyChoice(kind="openrouter_adjusted", **parameters)), len(trial.memory.offers))
    judge.memory.offers[:] = trial.memory.offers
    judge.memory.shared[:] = trial.memory.shared
    counts = judge.counts(compiled_rows, plain_request(now_s=now_s), DRAWS)
    assert counts[-1] == 0
    return counts[:-1] / DRAWS


def answer(row, now_s=0.0, **told):
    """An answer of 100 tokens to 1000 in 2 s at 1 USD per million, unless told otherwise."""
    plain = {"prompt_tokens": 1000, "output_tokens": 100, "ttft_s": 0.5, "e2e_s": 2.0, "failure": 0,
             "prompt_usd": 1e-3, "output_usd": 1e-4}
    return Event(kind=DONE, row=row, now_s=now_s, **{**plain, **told})


def first_token(row, ttft_s, now_s=0.0):
    return Event(FIRST_TOKEN, row, now_s, 1000, 0, ttft_s, ttft_s, 0)


def failure(row, kind, now_s=0.0):
    return Event(FAILED, row, now_s, 1000, 0, 0.0, 0.1, kind)


def hear(trial, event, times=1):
    for _ in range(times):
        trial.observe(event)


def example(**parameters):
    """A trial that has seen the example's five endpoints, a thousand requests each."""
    trial = seat(5, peer_requests=0.0, peer_bills=0.0, breaker_gap=1.0, **parameters)
    for row in range(5):
        bill = 1e-6 * EFFECTIVE[row]
        hear(trial, answer(row, e2e_s=100 / SPEEDS[row], prompt_usd=1000 * bill, output_usd=100 * bill), 1000)
        hear(trial, first_token(row, FIRST_TOKENS[row] / 0.2), 1000)
        own = trial.memory.offers[row]
        own[ERRORS] = own[ENDED] * FAILING[row] / (8 * EFFECTIVE[row])
        own[REFUSED] = own[ENDED] * REFUSING[row] / 2.5
    return trial


# The published example


def test_the_published_shares():
    found = many(example(), blank_view(5), peer_requests=0.0, peer_bills=0.0, breaker_gap=1.0)
    for name, share, published in zip(NAMES, 100 * found, SHARES, strict=True):
        assert abs(share - published) <= 0.6, name  # as docs/policies.md says; asked is one point
    assert 0.5 * np.abs(found - np.array(SHARES) / 100).sum() < 0.01


def test_the_published_adjusted_prices_and_distances():
    trial, view, request = example(), blank_view(5), plain_request()
    trial.choose(view, request, 0.5)
    for row in range(5):
        own = trial.memory.offers[row]
        assert abs(adjusted_price(view[row], trial.memory, own, request) - ADJUSTED[row]) <= 0.02, NAMES[row]
        assert slowness(view[row], own) == pytest.approx(1 / SPEEDS[row], rel=1e-12)
    distances = trial.memory.offers[:, COST] / trial.memory.offers[:, COST].min() - 1
    np.testing.assert_allclose(distances, [0, 0.026, 0.226, 0.373, 0.580], atol=1.5e-3)


@pytest.mark.parametrize(("speed", "price"), EDGE)
def test_the_drawn_edge(speed, price):
    """Six points of it: as far from the best as the edge's mark, 0.30."""
    trial = seat(2, peer_requests=0.0, peer_bills=0.0, ttft_cost=0.0)
    for row, (rate, usd) in enumerate(((92.02, 0.9795), (speed, price))):
        hear(trial, answer(row, e2e_s=100 / rate, prompt_usd=1e-3 * usd, output_usd=1e-4 * usd), 10)
    trial.choose(blank_view(2), plain_request(), 0.5)
    assert trial.memory.offers[1, COST] == pytest.approx(2.687, abs=1.5e-3)
    assert trial.memory.offers[1, COST] / trial.memory.offers[0, COST] - 1 == pytest.approx(0.30, abs=1e-3)


def test_the_worked_effective_price():
    """40 k uncached at 2.00, 60 k cached at .50 and 4 k of output at 8.00 cost .142 USD."""
    terms = Terms(2_000_000, 8_000_000, 500_000, 2_000_000, 0, 1_000_000)
    prompt_usd = told_usd(prompt_pico(terms, 100_000, 60_000), 1_000_000)
    output_usd = told_usd(4000 * terms.output, 1_000_000)
    assert (prompt_usd, output_usd) == pytest.approx((0.110, 0.032), rel=1e-12)
    trial = seat(peer_bills=0.0)
    # half the traffic, and as much again in requests of another mix: prices are by kind of token
    trial.observe(answer(0, prompt_tokens=100_000, output_tokens=4000, prompt_usd=prompt_usd, output_usd=output_usd))
    trial.observe(answer(0, prompt_tokens=100_000, output_tokens=10, prompt_usd=prompt_usd, output_usd=10 * 8e-6))
    view = blank_view(1)
    look(trial.memory, 1.0)
    per_mtok = effective_price(view[0], trial.memory.offers[0], plain_request(1.0, 100_000, 4000.0))
    assert per_mtok * 104_000 / 1e6 == pytest.approx(0.142, rel=1e-12)


@pytest.mark.parametrize(("distance", "weight"), [(0.0, 1.0), (0.07, 0.905), (0.25, 0.522), (0.31, 0.331),
                                                  (0.28, 0.4265), (0.72, 0.002), (0.86, 0.001), (1.0, 0.0), (5.0, 0.0)])
def test_the_drawn_curve(distance, weight):
    assert preference(distance) == pytest.approx(weight, abs=1e-12)


# Parts


def price_of(trial, now_s=0.0):
    look(trial.memory, now_s)
    request = plain_request(now_s=now_s)
    return adjusted_price(blank_view(1)[0], trial.memory, trial.memory.offers[0], request)


ALONE = {"ttft_cost": 0.0, "peer_requests": 0.0, "peer_bills": 0.0}


@pytest.mark.parametrize(("bad", "good", "kind", "streams_are_errors", "raised"), [
    (1, 99, SERVER_ERROR, True, 0.08), (1, 99, MIDSTREAM, True, 0.08), (5, 95, MIDSTREAM, False, 0.05)])
def test_failed_and_broken_answers_raise_the_price(bad, good, kind, streams_are_errors, raised):
    trial = seat(streams_are_errors=streams_are_errors, **ALONE)
    hear(trial, answer(0), good)
    assert price_of(trial) == pytest.approx(1.0)
    hear(trial, failure(0, kind), bad)
    assert price_of(trial) == pytest.approx(1.0 + raised)


def test_429s_and_waits_add_to_the_price():
    trial = seat(**ALONE)
    hear(trial, answer(0), 249)
    hear(trial, failure(0, RATE_LIMITED))
    assert price_of(trial) == pytest.approx(1.01)  # .4 % at 2.50
    trial = seat(**{**ALONE, "ttft_cost": 0.2})
    hear(trial, answer(0), 3)
    hear(trial, first_token(0, 0.4), 2)
    hear(trial, first_token(0, 1.3))
    assert price_of(trial) == pytest.approx(1.0 + 0.2 * 0.7)


def test_speed_is_end_to_end():
    trial = seat(**ALONE)
    trial.observe(answer(0, output_tokens=500, ttft_s=5.0, e2e_s=10.0))  # the drawn example: 50 tokens a second
    look(trial.memory, 0.0)
    assert 1 / trial.memory.offers[0, TOKEN_S] == pytest.approx(50.0)


def test_what_counts_as_an_error():
    errors, refusals = {OUTAGE, SERVER_ERROR, MIDSTREAM, TIMED_OUT}, {RATE_LIMITED, QUEUE_FULL}
    for kind in range(1, len(FAILURES)):
        trial = seat()
        trial.observe(failure(0, kind))
        own = trial.memory.offers[0]
        assert (own[ERRORS], own[REFUSED]) == (kind in errors, kind in refusals), FAILURES[kind]
        assert own[ENDED] == (kind != TOO_LONG)  # a bad request is not the endpoint's
    trial = seat()
    trial.observe(Event(CANCELLED, 0, 1.0, 1000, 0, 0.0, 1.0, 0))  # nor is a customer who leaves
    assert trial.memory.offers[0, ENDED] == 0


def test_before_any_evidence_posted_prices_and_the_view_count():
    view = blank_view(2)
    view[:, v.COST_USD] = [1.1e-3, 2.2e-3]
    view[:, v.THROUGHPUT_EWMA] = 50.0
    view[:, v.TTFT_EWMA_S] = 1.0
    trial = seat(2)
    trial.choose(view, plain_request(), 0.5)
    np.testing.assert_allclose(trial.memory.offers[:, COST], [1.0 + 0.2 + 2.0, 2.0 + 0.2 + 2.0])


# Evidence


def test_an_offer_with_little_traffic_looks_like_a_typical_peer():
    trial = seat(4, peer_requests=10.0, peer_bills=5.0)
    for row, ttft_s in enumerate((1.0, 2.0, 9.0)):
        hear(trial, first_token(row, ttft_s), 1000)
    look(trial.memory, 0.0)
    assert trial.memory.offers[3, FIRST_S] == 2.0  # the median of those that were seen
    hear(trial, first_token(3, 6.0), 10)
    look(trial.memory, 0.0)
    usual = 4.0  # of 1, 2, 6, 9
    assert trial.memory.offers[3, FIRST_S] == pytest.approx((usual + 6.0) / 2)
    hear(trial, first_token(3, 6.0), 90)
    look(trial.memory, 0.0)
    assert trial.memory.offers[3, FIRST_S] == pytest.approx(usual + 10 / 11 * 2.0)


def test_evidence_fades_and_bills_last_half_an_hour():
    trial = seat(1, memory_s=100.0)
    hear(trial, first_token(0, 2.0), 10)
    trial.observe(answer(0))
    trial.observe(failure(0, SERVER_ERROR, now_s=100.0))
    own = trial.memory.offers[0]
    assert own[[TTFTS, TTFT_S, ENDED, ERRORS]] == pytest.approx(
        [10 / math.e, 20 / math.e, 1 + 1 / math.e, 1.0])
    for now_s, usd in ((1799.0, 1e-3), (1800.0, 0.0)):
        look(trial.memory, now_s)
        assert own[IN_USD] == pytest.approx(usd), now_s
    trial.observe(answer(0, now_s=1900.0, prompt_usd=5e-3))
    look(trial.memory, 40_000.0)
    assert own[IN_USD] == 0.0  # every slot is out of date after a long silence


def test_estimates_are_made_anew_once_a_second():
    trial = seat(1, **ALONE)
    view = blank_view(1)
    trial.choose(view, plain_request(now_s=5.0), 0.5)
    trial.observe(answer(0, now_s=5.1))
    trial.choose(view, plain_request(now_s=5.0 + LOOK_S / 2), 0.5)
    assert np.isnan(trial.memory.offers[0, TOKEN_S])
    trial.choose(view, plain_request(now_s=5.0 + LOOK_S), 0.5)
    assert trial.memory.offers[0, TOKEN_S] == pytest.approx(0.02)


# Limits on top of the shares


def served(rows, times=20, now_s=0.0, **parameters):
    """Offers that all served as many requests, without a fault."""
    trial = seat(rows, **parameters)
    for row in range(rows):
        hear(trial, answer(row, now_s), times)
        hear(trial, first_token(row, 0.5, now_s), times)
    return trial


@pytest.mark.parametrize("kind", [SERVER_ERROR, RATE_LIMITED])
def test_the_breaker_pauses_who_is_far_worse(kind):
    trial, view = served(3), blank_view(3)
    hear(trial, failure(0, kind), 8)
    look(trial.memory, 0.0)
    assert trial.memory.offers[0, PAUSED] == 0.0  # 8 of 28: not .3 above the others
    hear(trial, failure(0, kind))
    look(trial.memory, 0.0)  # 9 of 29
    assert trial.memory.offers[0, PAUSED] == 1.0
    trial.memory.shared[0] = 1e9  # no further look
    assert many(trial, view, 59.9) == pytest.approx([0.0, 0.5, 0.5], abs=5e-3)
    # then exploration alone, until it has gone well five times
    assert many(trial, view, 60.0) == pytest.approx([0.08 / 3, *[0.46 + 0.08 / 3] * 2], abs=5e-3)
    hear(trial, answer(0, 61.0), 4)
    look(trial.memory, 61.0)
    assert trial.memory.offers[0, PAUSED] == 1.0
    hear(trial, answer(0, 61.0))
    look(trial.memory, 61.0)
    assert trial.memory.offers[0, PAUSED] == 0.0
    look(trial.memory, 62.0)
    assert trial.memory.offers[0, ERROR_SHARE] == 0.0  # what made it pause is forgotten


def test_a_pause_that_ends_badly_begins_again():
    trial = served(3)
    hear(trial, failure(0, OUTAGE), 20)
    look(trial.memory, 0.0)
    hear(trial, failure(0, OUTAGE, 30.0), 9)  # sent before the pause
    look(trial.memory, 59.0)
    hear(trial, failure(0, OUTAGE, 61.0), 2)
    hear(trial, answer(0, 61.0), 3)
    look(trial.memory, 62.0)
    assert trial.memory.offers[0, PAUSED] == 1.0
    assert trial.choose(blank_view(1)[:1], plain_request(now_s=121.0), 0.5) == 0  # nobody else: it has to do
    shares = many(trial, blank_view(3), 121.0)
    assert shares[0] == 0.0


def test_all_equally_bad_pause_nobody():
    trial = seat(3)
    for row in range(3):
        hear(trial, failure(row, OUTAGE), 100)
    look(trial.memory, 0.0)
    assert not trial.memory.offers[:, PAUSED].any()


def test_a_spike_of_429s_sets_the_cap_and_quiet_minutes_raise_it():
    trial, view = served(2), blank_view(2)
    hear(trial, Event(DISPATCH, 0, 10.0, 1000, 0, 0.0, 0.0, 0), 640)
    hear(trial, failure(0, RATE_LIMITED, 20.0), 130)
    look(trial.memory, 60.0)
    assert trial.memory.offers[0, CAP] == pytest.approx(0.85 * 510)  # drawn: 430 of 510
    for minute in range(1, 25):  # drawn: 430 to 525 in 21 minutes
        hear(trial, Event(DISPATCH, 0, 60.0 * minute + 1.0, 1000, 0, 0.0, 0.0, 0), 10)
        look(trial.memory, 60.0 * minute + 30.0)
    assert trial.memory.offers[0, CAP] == pytest.approx(0.85 * 510 * 1.01**23)
    hear(trial, Event(DISPATCH, 0, 1501.0, 1000, 0, 0.0, 0.0, 0), 500)
    hear(trial, failure(0, QUEUE_FULL, 1502.0), 5)  # a small steady rate: it holds
    look(trial.memory, 1560.0)
    before = trial.memory.offers[0, CAP]
    look(trial.memory, 1620.0)
    assert trial.memory.offers[0, CAP] == before  # nor does a minute without requests teach anything
    # at half a minute, with a second lent, it may have had 31/60 of the cap
    trial.memory.offers[0, CAP] = 60.0
    hear(trial, Event(DISPATCH, 0, 1621.0, 1000, 0, 0.0, 0.0, 0), 31)
    trial.memory.shared[0] = 1e9
    assert many(trial, view, 1649.9)[0] == 0.0
    assert many(trial, view, 1650.1)[0] > 0.3


@pytest.mark.parametrize("why", ["429s", "latency"])
def test_a_burst_and_a_jump_lower_the_share_for_a_while(why):
    trial, view = served(3, times=400), blank_view(3)
    look(trial.memory, 400.0)
    for at in range(6):
        trial.observe(failure(0, RATE_LIMITED, 400.0) if why == "429s" else first_token(0, 10.0, 400.0 + 0.1 * at))
    look(trial.memory, 400.5)
    trial.memory.shared[0] = 1e9
    even, low = (1 - 0.08) / 3 + 0.08 / 3, 0.25
    shares = many(trial, view, 401.0, ttft_cost=0.0, refusal_cost=0.0)
    assert shares == pytest.approx(np.array([low, 1, 1]) * even / (even * (2 + low)), abs=5e-3)
    look(trial.memory, 480.0)  # five time constants later
    assert many(trial, view, 481.0, ttft_cost=0.0, refusal_cost=0.0)[0] == pytest.approx(1 / 3, abs=5e-3)


def test_a_flagged_offer_gets_exploration_only():
    trial, view = served(2, times=89), blank_view(2)
    hear(trial, failure(0, MIDSTREAM), 11)
    look(trial.memory, 0.0)
    trial.memory.shared[0] = 1e9
    assert many(trial, view) == pytest.approx([0.04, 0.96], abs=5e-3)
    hear(trial, answer(0), 10)  # 11 of 110
    assert many(trial, view, error_cost=0.0)[0] > 0.4


def test_a_retry_draws_by_the_same_weights_among_those_left():
    trial, view = example(), blank_view(5)
    view[0, v.OPEN] = 0.0
    shares = many(trial, view, peer_requests=0.0, peer_bills=0.0, breaker_gap=1.0)
    costs = np.array(ADJUSTED[1:]) + 100 / np.array(SPEEDS[1:])
    weights = np.array([preference(cost / costs.min() - 1) for cost in costs])
    assert shares == pytest.approx([0.0, *(0.92 * weights / weights.sum() + 0.08 / 4)], abs=1.5e-2)


@pytest.mark.parametrize(("kind", "even"), [("openrouter_adjusted", {}), ("openrouter_classic", {"k": 2.0})])
def test_a_cut_of_the_last_week_lowers_the_share(kind, even):
    view = blank_view(2)
    view[:, v.COST_USD] = 1e-3
    view[0, v.PRICE_CUT_S] = 0.0
    for now_s, parameters, share in ((7 * DAY_S, {}, 0.5), (6.9 * DAY_S, {}, 0.5),
                                     (6.9 * DAY_S, {"cut_weight": 0.134}, 0.134 / 1.134),
                                     (7 * DAY_S, {"cut_weight": 0.134}, 0.5),
                                     (7 * DAY_S, {"cut_weight": 0.134, "cut_memory_s": 8 * DAY_S}, 0.134 / 1.134)):
        trial = Trial(bind(PolicyChoice(kind=kind, **even, **parameters)), 2)
        counts = trial.counts(view, plain_request(now_s=float(now_s)), DRAWS)
        assert counts[0] / DRAWS == pytest.approx(share, abs=5e-3)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_the_median_of_those_who_know(count):
    rng = np.random.default_rng(count)
    table = np.full((count + 2, 3), np.nan)
    table[2:, 1] = rng.integers(0, 4, count)
    assert middle(table, 1) == np.median(table[2:, 1])
    assert np.isnan(middle(table, 0))
