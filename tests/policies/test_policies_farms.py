"""C3, join the idle queue, bounded hashing, GIE's scorers, Vercel's sorts, and Prequal's own book, by hand."""

import math
from collections import Counter

import numpy as np
import pytest

from policies import bind
from policies.gie import SCORE, prefix_score, queue_score
from policies.prequal import LATENCY, PROBES
from policies.trial import Trial, blank_view, plain_request
from sim import view as v
from sim.policy import CANCELLED, DISPATCH, DONE, FAILED, FIRST_TOKEN, NO_FAILURE, OUTAGE, Event
from sim.scenario import PolicyChoice

REQUEST = plain_request()
DRAWS = 60_000


def trial(kind, rows, **parameters):
    return Trial(bind(PolicyChoice(kind=kind, **parameters)), rows)


def event(kind, row, now_s=1.0, ttft_s=0.0, e2e_s=0.0):
    return Event(kind, row, now_s, 1000, 1, ttft_s, e2e_s, OUTAGE if kind == FAILED else NO_FAILURE)


# C3


def c3_trial(**parameters):
    """Averages begin at zero: waits .9·2 and .9·.5 s, services .9·4 and .9·10 s."""
    seat = trial("c3", 2, **parameters)
    seat.observe(event(DONE, 0, ttft_s=2.0, e2e_s=6.0))
    seat.observe(event(DONE, 1, ttft_s=0.5, e2e_s=10.5))
    return seat


@pytest.mark.parametrize(("in_flight", "parameters", "scores"), [
    ((0, 0), {}, (1.8 + 3.6, 0.45 + 9.0)),
    ((2, 0), {}, (1.8 + 27 * 3.6, 0.45 + 9.0)),
    ((1, 0), {"clients": 3.0}, (1.8 + 64 * 3.6, 0.45 + 9.0)),
    ((1, 1), {"exponent": 1.0}, (1.8 + 2 * 3.6, 0.45 + 2 * 9.0)),
])
def test_c3_scores_by_hand(in_flight, parameters, scores):
    seat, view = c3_trial(**parameters), blank_view(2)
    view[:, v.IN_FLIGHT] = in_flight
    assert seat.choose(view, REQUEST, 0.5) == int(np.argmin(scores))
    assert seat.memory.offers[:, 0] == pytest.approx(scores)


def test_c3_hears_a_publication_once():
    seat, view = c3_trial(), blank_view(2)
    view[0, [v.PUBLISHED_IN_FLIGHT, v.PUBLISHED_AT_S]] = [1.0, 0.0]
    for _ in range(2):
        seat.choose(view, REQUEST, 0.5)
        assert seat.memory.offers[0, 0] == pytest.approx(1.8 + 1.9**3 * 3.6)
    view[0, v.PUBLISHED_AT_S] = 5.0
    seat.choose(view, REQUEST, 0.5)
    assert seat.memory.offers[0, 0] == pytest.approx(1.8 + 1.99**3 * 3.6)


# Join the idle queue


def test_jiq_takes_who_has_been_idle_for_longest_and_else_any():
    seat, view = trial("jiq", 3), blank_view(3)
    for row, kind, now_s in ((2, DONE, 5.0), (0, FAILED, 3.0), (1, CANCELLED, 4.0)):
        seat.observe(event(kind, row, now_s=now_s))
    seat.observe(event(DISPATCH, 0, now_s=9.0))
    assert seat.choose(view, REQUEST, 0.5) == 0
    view[0, v.IN_FLIGHT] = 1.0
    assert seat.choose(view, REQUEST, 0.5) == 1
    view[1, v.OPEN] = 0.0
    assert seat.choose(view, REQUEST, 0.5) == 2
    view[:, v.OPEN], view[:, v.IN_FLIGHT] = 1.0, [1.0, 7.0, 1.0]
    counts = seat.counts(view, REQUEST, DRAWS)[:3]
    assert np.all(np.abs(counts - DRAWS / 3) <= 5 * math.sqrt(DRAWS * 2 / 9))


# Consistent hashing with bounded loads


@pytest.mark.parametrize("slack", [0.25, 1.0])
def test_no_load_exceeds_the_bound(slack):
    seat, view = trial("bounded_hash", 7, slack=slack), blank_view(7)
    rng = np.random.default_rng(20261129)
    for placed in range(1, 200):
        row = seat.choose(view, REQUEST._replace(session=int(rng.integers(0, 5))), 0.5)  # five keys, seven offers
        view[row, v.IN_FLIGHT] += 1.0
        assert view[:, v.IN_FLIGHT].max() <= math.ceil((1.0 + slack) * placed / 7)


def test_keys_keep_their_offers_and_few_move_when_one_closes():
    seat, view = trial("bounded_hash", 8), blank_view(8)
    rows = [seat.choose(view, REQUEST._replace(session=key), 0.5) for key in range(2000)]
    assert rows == [seat.choose(view, REQUEST._replace(session=key, now_s=9.0), 0.9) for key in range(2000)]
    assert set(rows) == set(range(8))
    view[3, v.OPEN] = 0.0
    moved = [seat.choose(view, REQUEST._replace(session=key), 0.5) for key in range(2000)]
    assert all(new == old for new, old in zip(moved, rows, strict=True) if old != 3)
    heirs = Counter(new for new, old in zip(moved, rows, strict=True) if old == 3)
    assert len(heirs) == 1  # the next one clockwise: places are not doubled


def test_without_a_session_the_client_class_is_the_key():
    seat, view = trial("bounded_hash", 8), blank_view(8)
    rows = [seat.choose(view, REQUEST._replace(client_class=key), 0.5) for key in range(60)]
    assert len(set(rows)) > 4
    assert rows == [seat.choose(view, REQUEST._replace(client_class=key), 0.1) for key in range(60)]


# GIE


def test_gie_scorers():
    assert [queue_score(q, 2.0, 6.0) for q in (2.0, 3.0, 6.0)] == [1.0, 0.75, 0.0]
    assert queue_score(5.0, 5.0, 5.0) == 1.0
    assert prefix_score(160.0, 319.0) == pytest.approx(10 / 19)  # whole blocks of 16 tokens
    assert prefix_score(9000.0, 8000.0) == 1.0
    assert prefix_score(2048.0, 80_000.0) == 0.5  # 256 blocks are looked up
    assert prefix_score(10.0, 15.0) == 0.0


def test_gie_adds_its_scores():
    seat, view = trial("gie", 3), blank_view(3)
    view[:, v.PUBLISHED_IN_FLIGHT] = [0.0, 4.0, 2.0]
    view[:, v.OUTSTANDING_TOKENS] = [8000.0, 0.0, 2000.0]
    assert seat.choose(view, REQUEST._replace(session=7), 0.5) == 2
    assert seat.memory.offers[:, SCORE] == pytest.approx([2.0, 2.0, 1.0 + 2 * 0.75])
    seat.observe(event(DISPATCH, 2)._replace(session=7))
    view[:, v.PUBLISHED_IN_FLIGHT] = [0.0, 0.0, 9.0]
    following = REQUEST._replace(session=7, prompt_tokens=1600, history_tokens=1100)
    assert seat.choose(view, following, 0.5) == 1
    known = 3 * 62 / 100  # blocks of 1000 tokens among those of 1600
    assert seat.memory.offers[:, SCORE] == pytest.approx([2.0, 4.0, 1.5 + known])
    seat.choose(view, REQUEST, 0.5)
    assert seat.memory.offers[:, SCORE] == pytest.approx([2.0, 4.0, 1.5])


# Vercel


@pytest.mark.parametrize(("preset", "row"), [
    ("vercel_2026", 3), ("vercel_cost_2026", 0), ("vercel_ttft_2026", 1), ("vercel_tps_2026", 2)])
def test_vercel_sorts(preset, row):
    view = blank_view(4)
    view[:, v.PRICE_IN] = [1.0, 2.0, 3.0, 4.0]
    view[:, v.PRICE_OUT] = [99.0, 2.0, 3.0, 4.0]  # the price of input decides
    view[:, v.TTFT_P50] = [3.0, 1.0, 2.0, 1.5]
    view[:, v.THROUGHPUT_P50] = [10.0, 20.0, 40.0, 30.0]
    view[1, [v.ERROR_SHARE_5M, v.REFUSAL_SHARE_5M]] = [0.3, 0.2]  # 1 s at an uptime of a half is 2 s
    assert trial(preset, 4).choose(view, REQUEST, 0.5) == row


# Prequal where nothing is published


def test_prequal_keeps_a_book_of_its_own_where_nothing_is_published():
    seat, view = trial("prequal", 1), blank_view(1)
    view[0, v.PUBLISHED_LATENCY_S] = 77.0
    for now_s in (1.0, 2.0, 3.0):  # they meet 0, 1 and 2 requests
        seat.observe(event(DISPATCH, 0, now_s=now_s))
    for sent_s, ttft_s in ((1.0, 4.0), (2.0, 8.0), (3.0, 16.0)):
        seat.observe(event(FIRST_TOKEN, 0, now_s=sent_s + ttft_s, ttft_s=ttft_s))
    for own, latency_s in ((0.0, 4.0), (1.0, 8.0), (2.0, 16.0), (9.0, 16.0)):
        view[0, v.IN_FLIGHT] = view[0, v.PUBLISHED_IN_FLIGHT] = own
        seat.choose(view, plain_request(now_s=100.0 * own), 0.5)
        assert seat.memory.shared[PROBES + LATENCY] == latency_s
    for kind in (DONE, FAILED, CANCELLED):
        seat.observe(event(kind, 0, now_s=30.0))
    seat.observe(event(DISPATCH, 0, now_s=31.0))
    seat.observe(event(FIRST_TOKEN, 0, now_s=32.0, ttft_s=1.0))  # it met nobody: 1 and 4 s, of which the lower
    view[0, v.PUBLISHED_IN_FLIGHT] = 0.0
    seat.choose(view, plain_request(now_s=2000.0), 0.5)
    assert seat.memory.shared[PROBES + LATENCY] == 1.0
    view[0, v.PUBLISHED_AT_S] = 1999.0
    seat.choose(view, plain_request(now_s=3000.0), 0.5)
    assert seat.memory.shared[PROBES + LATENCY] == 77.0  # what a provider publishes goes first
