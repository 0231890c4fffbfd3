"""LiteLLM's strategies decide as its releases did, by their recorded decisions (`originals.record`), and by hand.

History: of the 1.110.2 decisions recorded here the presets of before (``litellm_latency_2026`` and the like, at commit
c173849) missed 59 % for latency, 25 % for least busy, 46 % for cost, 68 % for usage and 61 % for shuffle (29 November
2026); those of today miss none of any release.
"""

import json

import numpy as np
import pytest

from originals.happenings import STRATEGIES, WORLDS
from originals.record import FILE, obeying
from policies import PRESETS, bind
from policies.labels import choice_of
from policies.litellm_least_busy import MOST_PICKS, PICKS
from policies.trial import Trial, blank_view, plain_request
from sim import view as v
from sim.policy import CANCELLED, DISPATCH, DONE, FAILED, FIRST_TOKEN, NO_FAILURE, SERVER_ERROR, TIMED_OUT, Event
from sim.scenario import PolicyChoice

RECORDED = json.loads(FILE.read_text("utf-8"))
RELEASES = {  # by release: the preset of each strategy that stands for it
    "1.80.0": ("@1.80", "@1.80", "@1.80", "@1.80", "@1.80"),
    "1.85.0": ("@1.85", "@1.80", "@1.80", "@1.80", "@1.80"),
    "1.100.0": ("@1.85", "@1.80", "@1.80", "@1.80", "@1.80"),
    "1.104.0": ("@1.104", "@1.104", "@1.80", "@1.80", "@1.104"),
    "1.110.2": ("", "", "", "", ""),
}
NAMES = {(release, strategy): f"litellm_{strategy}{versions[STRATEGIES.index(strategy)]}"
         for release, versions in RELEASES.items() for strategy in STRATEGIES}


def trial(kind, rows, **parameters):
    return Trial(bind(PolicyChoice(kind=kind, **parameters)), rows, compiled=False)


def agreement(release, strategy, kind):
    """Share of a release's recorded decisions that a policy, asked along the way, would have made."""
    agreed = []
    for world in WORLDS:
        seat = trial(kind, world.deployments)
        decide, agrees = obeying(RECORDED[release]["decisions"][strategy][world.name], seat.choose)
        world.play(decide, seat.observe)
        agreed += agrees
    assert len(agreed) >= 4000
    return np.mean(agreed)


def test_a_release_of_every_range_is_recorded():
    assert set(RECORDED) == set(RELEASES)
    assert {name for name in PRESETS if name.startswith("litellm")} <= {*NAMES.values(), "litellm_least_busy@1.110"}
    assert bind(PolicyChoice(kind="litellm_least_busy@1.110")) == bind(PolicyChoice(kind="litellm_least_busy"))
    assert FILE.stat().st_size < 200_000


@pytest.mark.parametrize(("release", "strategy"), NAMES)
def test_decisions_are_those_of_the_release(release, strategy):
    assert agreement(release, strategy, NAMES[release, strategy]) >= 0.995


@pytest.mark.parametrize(("release", "strategy", "kind"), [
    ("1.85.0", "latency", "litellm_latency@1.80"), ("1.110.2", "latency", "litellm_latency@1.85"),
    ("1.110.2", "least_busy", "litellm_least_busy@1.104"), ("1.110.2", "shuffle", "litellm_shuffle@1.80"),
])
def test_those_worlds_tell_releases_apart(release, strategy, kind):
    assert agreement(release, strategy, kind) < 0.8


def test_labels_name_releases():
    assert bind(choice_of("litellm_latency@1.80")).values.frozen_list
    assert bind(choice_of("litellm_latency@1.80:frozen_list=false:list_size=3")).values.list_size == 3
    newest = bind(choice_of("litellm_latency@1.104"))
    assert newest == bind(choice_of("litellm_latency"))


# By hand


REQUEST = plain_request()


def done(row, now_s=1.0, ttft_s=1.0, e2e_s=2.0, tokens=1):
    return Event(DONE, row, now_s, 1000, tokens, ttft_s, e2e_s, NO_FAILURE)


def failed(row, failure, now_s=1.0):
    return Event(FAILED, row, now_s, 1000, 0, 0.0, 0.005, failure)


def started(row, now_s=1.0):
    return Event(DISPATCH, row, now_s, 1000, 0, 0.0, 0.0, NO_FAILURE)


def chosen(seat, view=None, now_s=1.0, rows=2):
    return {seat.choose(blank_view(rows) if view is None else view, plain_request(now_s), u)
            for u in np.linspace(0.0, 0.99, 20)}


def test_streams_are_ranked_by_the_plain_mean_of_first_tokens():
    seat = trial("litellm_latency", 2)
    seat.observe(done(0, tokens=1000, ttft_s=2.0, e2e_s=12.0))
    seat.observe(done(1, tokens=10, ttft_s=0.5, e2e_s=0.7))
    assert chosen(seat) == {1}
    old = trial("litellm_latency@1.85", 2)  # 2.0 / 1000 against 0.5 / 10
    old.observe(done(0, tokens=1000, ttft_s=2.0, e2e_s=12.0))
    old.observe(done(1, tokens=10, ttft_s=0.5, e2e_s=0.7))
    assert chosen(old) == {0}


@pytest.mark.parametrize(("kind", "row"), [("litellm_latency", 1), ("litellm_latency@1.80", 0)])
def test_time_outs_make_a_stream_look_quick_in_1_80_alone(kind, row):
    seat = trial(kind, 2, per_token=False, first_per_token=False)
    seat.observe(done(0, ttft_s=1.2))
    seat.observe(done(1, ttft_s=1.0))
    assert chosen(seat) == {1}
    seat.observe(failed(0, TIMED_OUT))  # 1.2 over a list of two answers
    assert chosen(seat) == {row}


@pytest.mark.parametrize(("percentile", "row"), [(0.0, 0), (0.5, 1), (0.9, 0)])
def test_a_percentile_of_first_tokens_stands_in_for_their_mean(percentile, row):
    seat = trial("litellm_latency", 2, ttft_percentile=percentile)
    for ttft_s in (0.1, 0.1, 0.1, 3.0):  # mean .825; of the four .5 is number 2, .9 number 4
        seat.observe(done(1, ttft_s=ttft_s))
    seat.observe(done(0, ttft_s=0.5))
    assert chosen(seat) == {row}


def test_an_unseen_offer_gets_a_sample_of_zero_once_there_is_a_map():
    seat = trial("litellm_latency", 2, streaming=False, per_token=False)
    assert chosen(seat) == {0, 1}  # no map yet, no zero
    seat.observe(done(0, e2e_s=1.0))
    assert chosen(seat) == {1}
    seat.observe(done(1, e2e_s=1.9))  # (0 + 1.9) / 2
    assert chosen(seat) == {1}
    seat.observe(done(1, e2e_s=1.9))
    assert chosen(seat) == {0}


def test_failures_leave_no_trace_but_time_outs_do():
    seat = trial("litellm_latency", 2, streaming=False, per_token=False)
    seat.observe(done(0, e2e_s=1.0))
    seat.observe(done(1, e2e_s=2.0))
    for _ in range(5):
        seat.observe(failed(0, SERVER_ERROR))
    assert chosen(seat) == {0}  # the sinkhole
    seat.observe(failed(0, TIMED_OUT))  # mean (1 + 1000) / 2
    assert chosen(seat) == {1}


def test_answers_of_the_minute_count_against_limits_and_what_is_in_flight_does_not():
    view = blank_view(2)
    view[0, v.RPM_LIMIT] = 2
    for kind in ("litellm_latency", "litellm_cost"):
        seat = trial(kind, 2)
        view[:, [v.PRICE_IN, v.PRICE_OUT]] = [[1.0, 1.0], [2.0, 2.0]]
        for now_s in (1.0, 2.0):
            seat.observe(started(0, now_s))
        assert chosen(seat, view) >= {0}, kind
        for now_s in (30.0, 59.9):
            seat.observe(done(0, now_s, ttft_s=1e-9))
        seat.observe(done(1, 30.0))
        assert chosen(seat, view, 59.95) == {1}, kind
        assert chosen(seat, view, 60.0) == {0}, kind
        view[0, v.RPM_LIMIT], view[0, v.TPM_LIMIT] = v.NO_LIMIT, 3001  # two answers of 1,001 tokens, and 1,000 more
        assert chosen(seat, view, 59.95) == {1}, kind
        view[0, v.TPM_LIMIT] = 3002
        assert chosen(seat, view, 59.95) == {0}, kind
        view[0, v.RPM_LIMIT], view[0, v.TPM_LIMIT] = 2, v.NO_LIMIT


def test_a_choice_is_a_reservation_until_it_starts_or_30_s_are_over():
    seat = trial("litellm_least_busy", 3)
    view = blank_view(3)
    assert [seat.choose(view, plain_request(0.0), 0.5) for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]
    seat.observe(started(0, 1.0))  # 3, 2, 2: of the first's three one has started
    assert seat.choose(view, plain_request(1.0), 0.5) == 1
    assert seat.choose(view, plain_request(29.9), 0.5) == 2
    assert [seat.choose(view, plain_request(30.0), 0.5) for _ in range(2)] == [0, 1]  # 1, 1, 1: of time 0 none is left
    old = trial("litellm_least_busy@1.104", 3)
    assert [old.choose(view, plain_request(0.0), 0.5) for _ in range(4)] == [0, 0, 0, 0]


def test_the_oldest_of_too_many_reservations_is_forgotten():
    seat = trial("litellm_least_busy", 1)
    for k in range(3 * MOST_PICKS):
        seat.choose(blank_view(1), plain_request(0.01 * k), 0.5)
    assert seat.memory.offers[0, PICKS] == MOST_PICKS
    seat.choose(blank_view(1), plain_request(0.01 * (2 * MOST_PICKS) + 30.015), 0.5)
    assert seat.memory.offers[0, PICKS] == MOST_PICKS - 2 + 1  # the oldest that was kept is of then, less 30.015 s


def test_counts_have_a_floor_of_zero_and_begin_anew_after_an_hour():
    seat, old = trial("litellm_least_busy", 2), trial("litellm_least_busy@1.80", 2)
    for it in (seat, old):
        it.observe(done(1))
        it.observe(started(1))
        it.observe(Event(FIRST_TOKEN, 1, 1.0, 1000, 0, 1.0, 1.0, NO_FAILURE))
    assert seat.choose(blank_view(2), REQUEST, 0.5) == 0  # 0 against 1
    assert old.choose(blank_view(2), REQUEST, 0.5) == 1  # 0 and 0: the second stands first in the map
    old.observe(Event(CANCELLED, 1, 1.0, 1000, 0, 0.0, 1.0, NO_FAILURE))
    view = blank_view(2)
    view[1, v.OPEN] = 0.0
    assert old.choose(view, REQUEST, 0.5) == 0  # -1, but closed: any open one
    seat.observe(started(0))
    seat.observe(started(0))
    assert seat.choose(blank_view(2), plain_request(3601.0), 0.5) == 1
    assert seat.choose(blank_view(2), plain_request(3602.0), 0.5) == 0  # its two requests are forgotten


def test_ties_of_cost_go_to_who_answered_first_and_free_is_dear():
    view = blank_view(3)
    view[:, [v.PRICE_IN, v.PRICE_OUT]] = [[1.0, 3.0], [2.0, 2.0], [0.0, 0.5]]
    seat = trial("litellm_cost", 3)
    assert seat.choose(view, REQUEST, 0.9) == 0
    seat.observe(done(1))
    assert seat.choose(view, REQUEST, 0.9) == 1
    assert seat.choose(view, plain_request(601.5), 0.9) == 0  # the map is gone
    assert trial("litellm_cost", 3, free_is_unknown=False).choose(view, REQUEST, 0.9) == 2


@pytest.mark.parametrize(("limit", "used", "quirk", "row"), [
    (10, 8, True, 0), (10, 9, True, -1), (10, 9, False, 0), (10, 10, False, -1), (1, 0, True, 0), (1, 1, True, -1),
])
def test_the_last_request_of_a_minute_is_not_used(limit, used, quirk, row):
    view = blank_view(1)
    view[0, v.RPM_LIMIT] = limit
    seat = trial("litellm_usage", 1, last_slot_unusable=quirk)
    for _ in range(used):
        seat.observe(started(0, 59.0))
    assert seat.choose(view, plain_request(59.5), 0.5) == row
    assert seat.choose(view, plain_request(60.0), 0.5) == 0


def test_usage_goes_to_the_fewest_tokens_of_answers():
    seat, view = trial("litellm_usage", 3), blank_view(3)
    for row, tokens in enumerate((100, 200, 300)):
        seat.observe(started(row))
        seat.observe(done(row, tokens=tokens))
    assert chosen(seat, view) == {0}
    view[0, v.TPM_LIMIT] = 2099  # 1,100 used and 1,000 more do not fit
    assert chosen(seat, view) == {1}
    assert chosen(seat, view, 61.0) == {0, 1, 2}
