"""A day of expected volumes, worked out by hand: two models, three offers, three workloads."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.engines import outcome
from sim.engines.outcome import Tally
from sim.market.billed_tokens import TokenBill
from sim.market.expected_days import ExpectedDays, Pace
from sim.market.lengths_now import MeanLengths
from sim.market.price_day import PriceDay
from sim.market.room import lost_with
from sim.market.surfaces import Sample, Surfaces
from sim.market.volume_meter import VolumeMeter
from sim.units import HOUR_S

OFFER_MODEL = np.array([0, 0, 1])
MODEL = np.array([0, 0, 1])  # of the workloads
USD = 1_000_000  # pico-dollars a token: 1 USD per million tokens
PRICES = np.array([[1 * USD, 2 * USD, 1 * USD], [2 * USD, 4 * USD, 1 * USD], [4 * USD, 8 * USD, 4 * USD]])
LENGTHS = MeanLengths(np.array([1000.0, 3000.0, 500.0]), np.array([0.0, 1500.0, 0.0]), np.array([100.0, 300.0, 50.0]))
REQUESTS = np.array([600.0, 200.0, 10.0])


def board(listed=(True, True, True)):
    return SimpleNamespace(listed=np.array(listed), prices=PRICES, replicas=np.array([1, 2, 1]))


def meter(surfaces=None, exponent=2.0):
    world = SimpleNamespace(offers=[SimpleNamespace(block_tokens=0)] * 3, classes=("u", "v", "w"))
    return VolumeMeter(world, surfaces or Surfaces.unknown(OFFER_MODEL, 2, 3), exponent)


def hour(found, up=(1.0, 1.0, 1.0)):
    found.hour(board(), np.array(up), MODEL, REQUESTS, LENGTHS)
    return found.close()


def test_an_hour_at_the_rule_alone():
    day = hour(meter())
    # the second offer of model 0 costs twice as much: shares 4/5 and 1/5; model 0 sells 800 requests
    assert day.served == pytest.approx([640, 160, 10])
    assert day.completed == pytest.approx(REQUESTS)
    prompt = 600 * 1000 + 200 * 3000
    assert day.sold_prompt == pytest.approx([0.8 * prompt, 0.2 * prompt, 5000])
    assert day.sold_cached == pytest.approx([0.8 * 300_000, 0.2 * 300_000, 0])
    # nano-dollars: 1 USD a million tokens is 1000 a thousand; a cached token costs 1 at both
    first = 0.8 * (prompt * 1000 + 120_000 * 2000) / 1
    second = 0.2 * (900_000 * 2000 + 300_000 * 1000 + 120_000 * 4000)
    assert day.revenue_nano == pytest.approx([first, second, 5000 * 4000 + 500 * 8000])
    assert day.cost_nano.sum() == pytest.approx(day.revenue_nano.sum())
    # workload u has no cached tokens: .8·1000 + .2·2000 a prompt token, .8·2000 + .2·4000 one of an answer
    assert day.cost_nano[0] == pytest.approx(600_000 * 1200 + 60_000 * 2400)
    assert day.replica_s == pytest.approx([HOUR_S, 2 * HOUR_S, HOUR_S])


def test_what_is_down_sells_nothing_and_what_nobody_sells_is_lost():
    day = hour(meter(), up=(0.0, 1.0, 0.25))
    assert day.served == pytest.approx([0, 800, 2.5])
    assert day.lost == pytest.approx([0, 0, 7.5])


def test_by_the_hand_of_the_market_books_close_to_the_unit():
    found, days = meter(), ExpectedDays(Surfaces.unknown(OFFER_MODEL, 2, 3))
    found.hour(board(), np.ones(3), MODEL, REQUESTS / 7, LENGTHS)
    volumes = found.close()
    sold = days.offers(volumes, REPLICAS)
    bought = days.workloads(volumes, sold, MODEL, np.zeros(3), Pace(np.array([0.5, 2.0]), np.array([0.01, 0.1])))
    assert sold.served.sum() == bought.completed.sum() == 116  # of 810/7 = 115.7
    assert sold.revenue_nano.sum() == bought.cost_nano.sum() == round(volumes.revenue_nano.sum())
    # nothing was measured: an empty replica's times, for answers of 100, 300 and 50 tokens
    assert bought.ttft_s.tolist() == [0.5, 0.5, 2.0]
    assert bought.e2e_s == pytest.approx([0.5 + 0.99, 0.5 + 2.99, 2.0 + 4.9])
    assert sold.prompt_tokens.sum() == bought.prompt_tokens.sum()
    assert sold.output_tokens.sum() == bought.output_tokens.sum()


REPLICAS = np.array([2, 4, 1])


def tally():
    return Tally(np.zeros((3, 2), np.int64), np.zeros((3, 2, len(outcome.OUTCOMES)), np.int64),
                 np.zeros((3, 2, len(outcome.CLASS_SUMS)), np.int64),
                 np.zeros((3, 2, len(outcome.OFFER_SUMS)), np.int64),
                 np.zeros((3, len(outcome.OFFER_WORK))), np.zeros((3, len(outcome.METRICS))))


def sample(served, lost=0):
    """A stretch of model 0 in which its offers served so many, and workload u lost some."""
    counted = tally()
    counted.offer_sums[:2, 1, outcome.SERVED] = served
    counted.offer_sums[0, 1, outcome.OFFER_SUMS.index("rate_limited")] = lost
    counted.outcomes[0, 1, outcome.COMPLETED], counted.outcomes[0, 1, outcome.REFUSED] = sum(served), lost
    counted.class_metric_sums[0] = 2.0 * sum(served)
    rule = np.array([0.8, 0.2, 1.0])
    return Sample(np.array([True, False]), np.array([True, True, False]), counted, np.zeros((2, 3, 2048), np.int64),
                  MODEL, rule, REPLICAS)


def test_shares_lean_towards_what_was_measured():
    surfaces = Surfaces.unknown(OFFER_MODEL, 2, 3)
    surfaces.see(sample([500, 500]))
    # (500 + 50)/(800 + 50) and (500 + 50)/(200 + 50) of the rule's shares
    assert surfaces.inclination() == pytest.approx([550 / 850, 2.2, 1.0])
    first, second = 0.8 * 550 / 850, 0.2 * 2.2
    whole = first + second
    assert hour(meter(surfaces)).served[:2] == pytest.approx([800 * first / whole, 800 * second / whole])


def test_a_sample_of_200_requests_halves_what_was_known():
    surfaces = Surfaces.unknown(OFFER_MODEL, 2, 3)
    surfaces.see(sample([100, 100]))
    surfaces.see(sample([150, 40], lost=10))
    assert surfaces.sums[:2, outcome.SERVED].tolist() == [200, 90]
    assert surfaces.ended_as()[0, [outcome.COMPLETED, outcome.REFUSED]] == pytest.approx([290 / 300, 10 / 300])
    assert surfaces.waits[0].tolist() == [2.0, 2.0, 2.0]
    assert np.isnan(surfaces.waits[1]).all()
    # of its first 200 requests half count, with 200 new ones, 10 of them lost; the other workload has the model's share
    assert surfaces.completed_share(MODEL, REPLICAS)[1] == pytest.approx(290 / 300)
    assert surfaces.completed_share(MODEL, REPLICAS)[0] == pytest.approx((290 + 20 * 290 / 300) / (300 + 20))
    assert surfaces.completed_share(np.array([1, 1, 1]), REPLICAS).tolist() == [1.0, 1.0, 1.0]


def test_what_finds_no_room_follows_the_replicas():
    """Of 250 requests 100 were lost, half of them given up: six replicas served 150, so nine would serve 225."""
    surfaces = Surfaces.unknown(OFFER_MODEL, 2, 3)
    full = sample([120, 30], lost=100)
    full.counted.outcomes[0, 1, [outcome.REFUSED, outcome.ABANDONED]] = 50, 50
    full.counted.offer_sums[0, 1, [outcome.OFFER_SUMS.index("queue_full"), outcome.CANCELLED]] = 20, 10
    surfaces.see(full)
    measured = surfaces.completed_share(MODEL, REPLICAS)
    assert measured[1] == pytest.approx(150 / 250)
    more = np.array([3, 6, 1])
    assert surfaces.completed_share(MODEL, more)[1] == pytest.approx(225 / 250)
    assert surfaces.completed_share(MODEL, 10 * REPLICAS).tolist() == [1.0, 1.0, 1.0]
    assert surfaces.completed_share(MODEL, np.array([1, 2, 1]))[1] == pytest.approx(75 / 250)
    # of 150 attempts at the first offer 30 found no room: at three replicas in place of two none do, at one 90 of 150
    assert surfaces.refused_factor(REPLICAS)[0] == pytest.approx(1.0)
    assert surfaces.refused_factor(more)[0] == 0.0
    assert surfaces.refused_factor(np.array([1, 4, 1]))[0] == pytest.approx((90 / 60) / (30 / 120))
    # of each of 120 served 20 met a full queue and 10 gave up; a rate limit, met 100 times, knows no replicas
    for replicas, times in ((REPLICAS, 1.0), (more, 0.0), (np.array([1, 4, 1]), 6.0)):
        found = meter(surfaces)
        volumes = hour(found)
        sold, served = ExpectedDays(surfaces).offers(volumes, replicas), volumes.served[0]
        assert sold.queue_full[0] == pytest.approx(times * served * 20 / 120, abs=1)
        assert sold.abandoned[0] == pytest.approx(times * served * 10 / 120, abs=1)
        assert sold.rate_limited[0] == pytest.approx(served * 100 / 120, abs=1)


def test_a_few_losses_are_bursts_and_follow_no_replicas():
    assert lost_with(np.array([0.019, 0.02, 0.5]), np.array([4, 4, 0]), np.array([8, 8, 8])).tolist() == [0.019, 0, 0.5]


def test_tokens_of_what_was_lost_are_not_billed():
    bill, before, after = TokenBill(3, 2), tally(), tally()
    bill.open(before, MODEL, np.array([[100, 200_000, 1000.0], [0, 0, 0], [0, 0, 0]]))
    after.outcomes[0, 1, outcome.COMPLETED] = 80
    after.class_sums[0, 1, [outcome.PROMPT_TOKENS, outcome.OUTPUT_TOKENS]] = 120_000, 800
    bill.settle(after)
    # a completed request has 1500 prompt tokens, a drawn one 2000; answers are all of the same length
    assert bill.ratio(MODEL).tolist() == [[0.75, 1.0], [0.75, 1.0], [1.0, 1.0]]
    assert bill.ratio(np.array([1, 0, 0])).tolist() == [[1.0, 1.0], [0.75, 1.0], [0.75, 1.0]]


def test_a_day_s_prices_are_means_of_its_hours():
    posted = board((True, False, False))
    day = PriceDay(posted)
    for number in range(24):
        posted.prices = PRICES * (4 if number < 6 else 1)
        posted.listed = np.array([True, number >= 12, False])
        day.hour(posted, np.array([300.0, 300.0, 1.0]) if number < 6 else np.array([100.0, 300.0, 1.0]))
    means = day.close(posted)
    assert means[0].tolist() == [1_750_000, 3_500_000, 1_750_000]  # a quarter of the day at four times as much
    assert means[1].tolist() == PRICES[1].tolist()
    assert means[2].tolist() == PRICES[2].tolist()  # never listed: what stands
    assert day.paid[0] == pytest.approx(PRICES[0] * 2.5)  # half of the requests came then
