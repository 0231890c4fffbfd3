"""What markets are held to facts by, worked out by hand where the small markets of `worlds.hand_market` have none."""

from dataclasses import replace
from datetime import date
from math import isnan, log, sqrt

import numpy as np
import pytest

from experiments.measures.market.hedonics import cv_slope, hedonic, host_effects, log_prices, of_models, open_discount
from experiments.measures.market.market_size import on_offer, price_of_month, weekend_requests
from experiments.measures.market.run import Run
from experiments.measures.market.turnover import adoption_weeks, family_diversion, top_ten_half_life
from sim.market.result import Switch
from sim.units import DAY_S
from worlds.hand_market import hand_market


def test_four_hosts_of_an_open_model_and_two_of_a_closed_one():
    listed = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 1, 0]]) > 0
    found = on_offer(listed, np.array([0, 1, 2, 3, 0, 4]), np.array([0, 0, 0, 0, 1, 1]), np.array([True, False]))
    assert found == (4.5 - 0.5, 2.0, 5.0, 0.5, 1.5)  # five and three providers; four hosts of it on one day of two


def test_price_of_a_month_that_there_is():
    """Four days from 30 January: the second month is 1 and 2 February."""
    assert price_of_month(Run(hand_market()), 2) == pytest.approx((0.096 + 0.1504) / (80e3 + 152e3) * 1e6)
    assert isnan(price_of_month(Run(hand_market()), 3))


def test_a_weekend_between_weekdays_that_grow():
    """From a Monday on: 100 a weekday, 120 on Saturday and Sunday, 400 a weekday: 120 over the root of 40,000."""
    born = np.array([100] * 5 + [120] * 2 + [400] * 5)
    assert weekend_requests(born, date(2025, 1, 6).weekday()) == pytest.approx(120 / 200)
    assert isnan(weekend_requests(born[:-1], 0))  # four weekdays after it
    assert isnan(weekend_requests(born[1:], 1))  # and four before


def test_openness_makes_cheaper_at_equal_quality():
    """A point of quality doubles the price, openness takes nine tenths of it."""
    quality, is_open = np.array([0.0, 1.0, 2.0, 0.0, 1.0, 3.0]), np.array([0, 0, 0, 1, 1, 1]) > 0
    logs = log(3) + quality * log(2) + is_open * log(0.1)
    assert open_discount(logs, quality, is_open) == pytest.approx(0.9)
    assert open_discount(np.append(logs, np.nan), np.append(quality, 9), np.append(is_open, True)) == pytest.approx(0.9)
    assert isnan(open_discount(logs[:3], quality[:3], is_open[:3]))  # nobody is open


def test_what_creators_add_to_the_variance_explained():
    """Quality says nothing of four prices, which creators say all of; openness is the same for all."""
    logs, quality = np.array([1.0, 1.0, 3.0, 3.0]), np.array([0.0, 1.0, 0.0, 1.0])
    found = hedonic(logs, quality, np.zeros(4, bool), np.array([7, 7, 9, 9]))
    assert found == pytest.approx((0.0, 1.0), abs=1e-12)
    found = hedonic(np.array([0.0, 1.0, 2.0, 3.0]), quality, np.zeros(4, bool), np.array([7, 7, 9, 9]))
    assert found == pytest.approx((1 / 5, 4 / 5))  # squares 5 in all, of which quality has 1 and creators 4
    assert isnan(hedonic(np.array([1.0, 2.0, np.nan]), quality[:3], np.zeros(3, bool), np.zeros(3, int)).quality_r2)


def test_mean_logs_of_offers_and_of_models():
    price, listed = np.array([[1.0, 4.0, 0.0], [4.0, 9.0, 0.0]]), np.array([[1, 1, 1], [1, 0, 1]]) > 0
    logs = log_prices(price, listed)
    assert logs[:2] == pytest.approx([log(2), log(4)])
    assert isnan(logs[2])  # free
    assert of_models(logs, np.array([1, 1, 0]), 3) == pytest.approx([np.nan, log(8) / 2, np.nan], nan_ok=True)
    assert of_models(np.array([log(3), log(2), log(8)]), np.array([0, 1, 1]), 2) == pytest.approx([log(3), log(4)])


def test_dispersion_against_the_number_of_hosts():
    """Three hosts at 1, 1, 2.5 and six at 2 with one at 4: coefficients of variation of .577 and .350."""
    price = np.array([[1, 1, 2.5, 2, 2, 2, 2, 2, 4.0]])
    three, six = sqrt(0.75) / 1.5, sqrt((5 * (1 / 3) ** 2 + (5 / 3) ** 2) / 5) / (7 / 3)
    model, listed = np.array([0] * 3 + [1] * 6), np.ones((3, 9), bool)
    assert cv_slope(np.repeat(price, 3, axis=0), listed, model) == pytest.approx((six - three) / log(2))
    assert isnan(cv_slope(price, listed[:1], np.zeros(9, int)))  # all have as many


def test_prices_by_the_number_of_hosts():
    logs, hosts = np.array([0.0, 1.0, -1.0, -2.0, -3.0, 5.0, np.nan]), np.array([1, 1, 2, 5, 9, 3, 2])
    assert host_effects(logs, hosts) == (-1.0 - 0.5, -2.5 - 0.5)
    assert isnan(host_effects(logs[2:], hosts[2:]).two)


def test_weeks_until_a_frontier_model_is_taken_up():
    """A hundred a day from the eleventh day of the first, from the first of the second: 80 in a week ends on day 16."""
    tokens = np.zeros((200, 4))
    tokens[20:, 0] = 100  # out on day 10; the week of days 18 to 24 of the run, and no earlier, has not 80 yet
    tokens[30:, 1] = 50
    tokens[150:, 2] = 1  # its third month is not over
    tokens[40:, 3] = 9  # worse than what was there
    release, quality = np.array([10.0, 30.0, 150.0, 40.0]), np.array([0.5, 0.5, 0.9, 0.4])
    slow = (20 + 6 - 1 - 10 + 1) / 7  # six of seven days suffice
    assert adoption_weeks(tokens, release, quality) == pytest.approx((slow + 1) / 2)
    assert isnan(adoption_weeks(tokens, release - 200, quality))


def test_from_whom_a_new_model_takes():
    def move(day, before, after):
        return Switch(day * DAY_S, 0, before, after, "release", 0.0)
    moves = [move(11, 0, 1), move(40, 2, 1), move(12, 2, 1), move(13, 2, 1),  # one of four in its first thirty days
             move(41, 0, 1), move(12, -1, 1), move(12, 1, -1), move(12, 1, 0)]  # late, from nothing, to nothing, old
    assert family_diversion(moves, ["x", "x", "y"], np.array([-5.0, 10.0, -5.0])) == 1 / 4
    assert isnan(family_diversion(moves[4:], ["x", "x", "y"], np.array([-5.0, 10.0, -5.0])))


def test_months_until_leaders_have_half():
    """Twelve models; ten lead in the first month and have 1, .6, .4 later; those of the second and third are open."""
    months = np.zeros((3, 12))
    months[0, :10], months[1, :10], months[2, :10] = 1, 0.6, 0.4
    months[1, 10], months[2, 10:] = 4, 3
    # leaders of the second month: the eleventh model and nine of the ten: 9.4 of 10, then 3.6 + 3 of 10: not half
    assert top_ten_half_life(months) == 2.0  # half of those that are seen for two months
    assert top_ten_half_life(months[:2]) == 1.0  # none halved: the longest that was seen
    assert isnan(top_ten_half_life(np.zeros((3, 12))))


def test_months_are_of_the_calendar():
    late = replace(hand_market(), start=date(2025, 2, 1))
    assert isnan(price_of_month(Run(late), 2))
