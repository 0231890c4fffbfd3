"""LLM Gateway's stable preference by hand: when an organisation stays with an offer, and when it leaves."""

import pytest

from policies import bind
from policies.trial import Trial, blank_view, plain_request
from sim.policy import DONE, FAILED, NO_FAILURE, SERVER_ERROR, Event
from sim.scenario import PolicyChoice
from sim.units import HOUR_S
from sim.view import OPEN, PRICE_IN, PRICE_OUT


def seat_of(**parameters):
    settings = {"stable_s": HOUR_S, "exploration": 0.0, **parameters}
    return Trial(bind(PolicyChoice(kind="llmgateway", **settings)), 2, compiled=False)


def choose(seat, prices, now_s=0.0, client_class=0, attempt=0, closed=()):
    view = blank_view(2)
    view[:, PRICE_IN] = view[:, PRICE_OUT] = prices
    view[list(closed), OPEN] = 0.0
    request = plain_request(now_s=now_s)._replace(client_class=client_class, attempt=attempt)
    return seat.choose(view, request, 0.5)


@pytest.mark.parametrize(("dearer", "row"), [(1.36, 0), (1.38, 1)])
def test_a_class_stays_until_another_is_better_by_the_margin(dearer, row):
    # only prices differ: .6 / (.6 + .5 + .3 + .075) x (ratio - 1) is .15 at a ratio of 1.369
    seat = seat_of()
    assert choose(seat, (1.0, 1.2)) == 0
    assert choose(seat, (dearer, 1.0), now_s=1.0) == row
    assert choose(seat, (1.0, 1.1) if row else (1.1, 1.0), now_s=2.0) == row  # where it was, though it is not the best


def test_without_it_a_class_goes_to_the_best():
    seat = seat_of(stable_s=0.0)
    assert [choose(seat, prices) for prices in ((1.0, 1.2), (1.2, 1.0))] == [0, 1]


@pytest.mark.parametrize(("now_s", "row"), [(HOUR_S - 1.0, 0), (HOUR_S, 1)])
def test_it_is_over_an_hour_after_it_began_however_often_it_was_used(now_s, row):
    seat = seat_of()
    choose(seat, (1.0, 1.2))
    assert choose(seat, (1.2, 1.0), now_s=1800.0) == 0
    assert choose(seat, (1.2, 1.0), now_s=now_s) == row


@pytest.mark.parametrize(("least", "row"), [(0.97, 0), (0.99, 1)])
def test_an_uptime_that_is_too_low_ends_it(least, row):
    seat = seat_of(stable_uptime=least)
    choose(seat, (1.0, 1.2))
    for failure in (SERVER_ERROR, *[NO_FAILURE] * 49):  # uptime 98
        kind = FAILED if failure else DONE
        seat.observe(Event(kind, 0, 10.0, 1000, 50, 1.0, 1.0, failure))
    assert choose(seat, (1.0, 1.0), now_s=60.0) == row  # behind by .5 x (100 / 98 - 1) / 1.475, far within the margin


def test_classes_have_preferences_of_their_own():
    seat = seat_of()
    assert choose(seat, (1.0, 1.2), client_class=3) == 0
    assert choose(seat, (1.2, 1.0), client_class=4) == 1
    assert [choose(seat, (1.0, 1.0), client_class=one) for one in (3, 4)] == [0, 1]
    # a class that shares the place of another takes it
    assert choose(seat, (1.0, 1.2), client_class=4 + 256) == 0
    assert choose(seat, (1.0, 1.1), client_class=4) == 0


def test_who_is_closed_is_left_and_retries_change_nothing():
    seat = seat_of()
    assert choose(seat, (1.0, 1.2)) == 0
    assert choose(seat, (1.2, 1.0), attempt=1) == 1
    assert choose(seat, (1.2, 1.0)) == 0
    assert choose(seat, (1.0, 1.2), closed=[0]) == 1
    assert choose(seat, (1.0, 1.2)) == 1


def test_exploration_goes_by_nothing_and_is_not_remembered():
    seat = seat_of(exploration=1.0)
    choose(seat, (1.0, 1.2))
    assert not seat.memory.shared.any()
