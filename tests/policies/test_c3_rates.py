"""C3's rate control by hand: tokens, what happens without any, and the cubic law."""

import pytest

from policies import bind
from policies.c3 import RATE, RATE_BEFORE_CUT, RECEIVED, SCORE, SERVICE_S, TOKENS
from policies.trial import Trial, blank_view, plain_request
from sim.policy import DISPATCH, DONE, FAILED, NO_FAILURE, OUTAGE, Event
from sim.scenario import PolicyChoice
from sim.view import OPEN


def seat_of(rows, **parameters):
    """C3 with intervals of a second; the first offer's services are the shortest."""
    seat = Trial(bind(PolicyChoice(kind="c3", rate_interval_s=1.0, **parameters)), rows, compiled=False)
    seat.memory.offers[:, SERVICE_S] = range(1, rows + 1)
    return seat


def event(kind, row, now_s):
    return Event(kind, row, now_s, 1000, 1, 0.5, 1.0, OUTAGE if kind == FAILED else NO_FAILURE)


def choose(seat, now_s):
    return seat.choose(blank_view(len(seat.memory.offers)), plain_request(now_s=now_s), 0.5)


def test_an_offer_is_passed_over_until_it_has_a_token_again():
    seat = seat_of(2, first_rate=2.0)
    for _ in range(2):
        assert choose(seat, 1.0) == 0
        seat.observe(event(DISPATCH, 0, 1.0))
    assert seat.memory.offers[0, TOKENS] == 0.0
    assert choose(seat, 1.0) == 1
    assert choose(seat, 1.25) == 1  # half a token
    assert choose(seat, 1.5) == 0  # 2 a second
    choose(seat, 60.0)
    assert seat.memory.offers[0, TOKENS] == 2.0  # no more than that is saved up


def test_without_a_token_anywhere_the_rank_decides_and_nothing_is_owed():
    seat = seat_of(2, first_rate=2.0)
    choose(seat, 1.0)
    for row, sent in ((0, 3), (1, 2)):
        for _ in range(sent):
            seat.observe(event(DISPATCH, row, 1.0))
    assert seat.memory.offers[:, TOKENS].tolist() == [0.0, 0.0]
    assert choose(seat, 1.0) == 0
    assert seat.memory.offers[:, SCORE].tolist() == [1.0, 2.0]
    seat.memory.offers[1, TOKENS] = 1.0
    assert choose(seat, 1.0) == 1
    view = blank_view(2)
    view[1, OPEN] = 0.0  # who is closed is out of the question, token or not
    assert seat.choose(view, plain_request(now_s=1.0), 0.5) == 0


def cut_twice(**parameters):
    """Five answers in the first second, two after the third: .1 x 5 x .9 x .9 a second, far below ten."""
    seat = seat_of(1, **parameters)
    for _ in range(5):
        seat.observe(event(DONE, 0, 0.5))
    assert seat.memory.offers[0, RATE] == 10.0  # nothing is known of answers before an interval is over
    for now_s, rate, before in ((3.0, 2.0, 10.0), (3.1, 0.4, 2.0)):
        seat.observe(event(DONE, 0, now_s))
        own = seat.memory.offers[0]
        assert own[[RECEIVED, RATE, RATE_BEFORE_CUT]].tolist() == pytest.approx([0.405, rate, before])
    return seat


def test_a_rate_falls_by_a_factor_and_grows_by_a_cubic():
    seat = cut_twice()
    seat.observe(event(DONE, 0, 3.2))  # .4 is less than .405
    # the plateau of 2 would be reached (2 x .2 / .032)^(1/3) = 2.3208 intervals after the cut; .1 have gone
    assert seat.memory.offers[0, RATE] == pytest.approx(2.0 - 0.032 * 2.2208**3, abs=1e-4)
    seat.observe(event(DONE, 0, 3.9))
    assert seat.memory.offers[0, RATE] == pytest.approx(1.6495, abs=1e-4)  # not cut within two intervals of a rise


def test_a_rise_is_limited_and_failures_are_no_answers():
    seat = cut_twice(largest_step=0.5)
    seat.observe(event(FAILED, 0, 3.2))
    assert seat.memory.offers[0, RATE] == pytest.approx(0.4)
    seat.observe(event(DONE, 0, 3.2))
    assert seat.memory.offers[0, RATE] == pytest.approx(0.9)


def test_a_short_hysteresis_lets_a_rate_be_cut_sooner():
    seat = cut_twice(hysteresis=0.5)
    for now_s in (3.2, 3.9):
        seat.observe(event(DONE, 0, now_s))
    assert seat.memory.offers[0, RATE] == pytest.approx(0.2 * 1.6495, abs=1e-4)


def test_there_is_none_unless_it_is_asked_for():
    seat = Trial(bind(PolicyChoice(kind="c3")), 1, compiled=False)
    for kind in (DISPATCH, DONE):
        seat.observe(event(kind, 0, 5.0))
    choose(seat, 5.0)
    assert seat.memory.offers[0, [RATE, TOKENS, RECEIVED]].tolist() == [0.0, 0.0, 0.0]
