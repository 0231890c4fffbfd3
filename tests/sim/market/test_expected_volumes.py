"""A day of expected volumes, worked out by hand: two models, three offers, three workloads."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.engines import outcome
from sim.engines.outcome import Tally
from sim.market.accounts import QUEUE_FULL
from sim.market.billed_tokens import TokenBill
from sim.market.customers.observed import LatencyLately
from sim.market.expected_days import ExpectedDays, Pace
from sim.market.lengths_now import MeanLengths
from sim.market.price_day import PriceDay
from sim.market.room import lost_now, room_seen
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
    sold = days.offers(volumes)
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
                 np.zeros((3, len(outcome.OFFER_WORK))), np.zeros((3, len(outcome.METRICS))),
                 np.zeros((3, 1, len(outcome.ROUTER_SUMS)), np.int64))


def sample(served, lost=0):
    """A hundred seconds of model 0 in which its offers served so many, and workload u lost some."""
    counted = tally()
    counted.offer_sums[:2, 1, outcome.SERVED] = served
    counted.offer_sums[0, 1, outcome.OFFER_SUMS.index("rate_limited")] = lost
    counted.outcomes[0, 1, outcome.COMPLETED], counted.outcomes[0, 1, outcome.REFUSED] = sum(served), lost
    counted.class_metric_sums[0] = 2.0 * sum(served)
    rule = np.array([0.8, 0.2, 1.0])
    return Sample(np.array([True, False]), np.array([True, True, False]), counted, np.zeros((2, 3, 2048), np.int64),
                  MODEL, rule, REPLICAS, 100.0, np.zeros(3))


def test_shares_lean_towards_what_was_measured():
    surfaces = Surfaces.unknown(OFFER_MODEL, 2, 3)
    surfaces.see(sample([500, 500]))
    # (500 + 50)/(800 + 50) and (500 + 50)/(200 + 50) of the rule's shares
    assert surfaces.inclination(np.arange(3)) == pytest.approx([550 / 850, 2.2, 1.0])
    first, second = 0.8 * 550 / 850, 0.2 * 2.2
    whole = first + second
    assert hour(meter(surfaces)).served[:2] == pytest.approx([800 * first / whole, 800 * second / whole])


def test_a_sample_counts_offers_by_their_shares_and_knows_their_room():
    surfaces = Surfaces.unknown(OFFER_MODEL, 2, 3)
    one = sample([500, 300])
    one.counted.offer_sums[0, 1, QUEUE_FULL] = one.counted.outcomes[0, 1, outcome.REFUSED] = 200
    surfaces.see(one._replace(weight=np.array([1.0, 4.0, 1.0])))
    # the second offer had four times its requests: it counts as 75 of 775 that its model's offers were asked
    assert surfaces.sums[:2, outcome.SERVED].tolist() == [500.0, 75.0]
    assert surfaces.inclination(np.arange(2)) == pytest.approx([750 / (0.8 * 775 + 50), 125 / (0.2 * 775 + 50)])
    # of 1,000 attempts 200 found no room, and 200 of 775 would have: so many more of all requests are lost
    assert surfaces.ended_as()[0, outcome.REFUSED] == pytest.approx(200 / 775)


def test_a_sample_of_1000_requests_halves_what_was_known():
    surfaces = Surfaces.unknown(OFFER_MODEL, 2, 3)
    surfaces.see(sample([500, 500]))
    surfaces.see(sample([750, 200], lost=50))
    assert surfaces.sums[:2, outcome.SERVED].tolist() == [1000, 450]
    assert surfaces.ended_as()[0, [outcome.COMPLETED, outcome.REFUSED]] == pytest.approx([1450 / 1500, 50 / 1500])
    assert surfaces.waits[0].tolist() == [2.0, 2.0, 2.0]
    assert np.isnan(surfaces.waits[1]).all()
    # of its first 1000 half count, with 1000 new ones, 50 of them lost; the other workload has its model's share
    none = np.zeros(2)
    assert surfaces.completed_share(MODEL, none)[1] == pytest.approx(1450 / 1500)
    assert surfaces.completed_share(MODEL, none)[0] == pytest.approx((1450 + 20 * 1450 / 1500) / (1500 + 20))
    assert surfaces.completed_share(np.array([1, 1, 1]), none).tolist() == [1.0, 1.0, 1.0]


def test_a_sample_of_many_requests_leaves_nothing_of_those_before_of_a_small_workload_either():
    """Of 5,000 new requests v has 50, which its own few before would outweigh: 1/32 of all is kept, and of v's."""
    surfaces = Surfaces.unknown(OFFER_MODEL, 2, 3)
    for of_v, of_u, completed in ((320, 4680, 1.0), (50, 4950, 0.2)):
        one = sample([completed * 5000, 0])
        for workload, requests in enumerate((of_u, of_v)):
            one.counted.outcomes[workload, 1, [outcome.COMPLETED, outcome.REFUSED]] = (
                completed * requests, (1 - completed) * requests)
        surfaces.see(one)
    of_model = (1000 + 5000 / 32) / (5000 + 5000 / 32)
    assert surfaces.ended_as()[0, outcome.COMPLETED] == pytest.approx(of_model)
    def of_v():
        return surfaces.completed_share(MODEL, np.zeros(2))[1]

    assert of_v() == pytest.approx((10 + 10 + 20 * of_model) / (50 + 10 + 20))
    # v goes elsewhere, and what it remembers fades with the model's all the same
    elsewhere = sample([2000, 0])
    elsewhere.counted.outcomes[0, 1, outcome.COMPLETED] = 2000
    surfaces.see(elsewhere._replace(model=np.array([0, 1, 1])))
    of_model = (2000 + (1000 + 5000 / 32) / 4) / (2000 + (5000 + 5000 / 32) / 4)
    assert of_v() == pytest.approx((20 / 4 + 20 * of_model) / (60 / 4 + 20))
    # what it lost with another model is none of this one's
    for model in (1, 0):
        one = sample([1000, 0])
        one.counted.outcomes[0, 1, outcome.COMPLETED], one.counted.outcomes[1, 1, outcome.REFUSED] = 1000, 40 * model
        surfaces.see(one._replace(models=np.array([not model, bool(model)]), model=np.array([0, model, 1])))
    assert surfaces.by_workload[1].tolist() == [0.0, 0.0]


def test_requests_that_fit_nowhere_are_no_measure_of_losses():
    """Of 300 requests that ended 60 were too long for all offers, and 30 of the other 240 found no room."""
    surfaces, one = Surfaces.unknown(OFFER_MODEL, 2, 3), sample([150, 60], lost=90)
    surfaces.see(one._replace(unfit=np.array([60, 0, 0])))
    assert surfaces.completed_share(MODEL, np.zeros(2))[1] == pytest.approx(210 / 240)
    one = sample([150, 60], lost=3)  # of those that came before the count began some are refused in it, or not yet
    surfaces = Surfaces.unknown(OFFER_MODEL, 2, 3)
    surfaces.see(one._replace(unfit=np.array([5, 0, 0])))
    assert surfaces.ended_as()[0, [outcome.COMPLETED, outcome.REFUSED]].tolist() == [1.0, 0.0]


def test_who_is_turned_away_is_lost_and_buys_nothing():
    found = meter()
    found.turn_away(np.array([30.0, 0.0, 2.0]))
    day = hour(found)
    assert day.lost.tolist() == [30.0, 0.0, 2.0]
    assert day.completed == pytest.approx(REQUESTS)


def test_who_turns_everybody_away_has_as_many_refusals_as_were_seen_and_no_more():
    """Served fades to nothing sample by sample, refusals do not: the ratio of both would pass all whole numbers."""
    surfaces = Surfaces.unknown(OFFER_MODEL, 2, 3)
    for served, lost in [(200, 0)] + 200 * [(0, 200)]:
        surfaces.see(sample([served, 200 - served], lost=lost))
    assert 0.0 < surfaces.sums[0, outcome.SERVED] < 1e-50
    limited = surfaces.attempts_per_served(np.array([0]), np.zeros(1))[0, 0]
    assert limited == pytest.approx(400.0)  # 200, and half of those before


def test_a_sample_is_never_outweighed_by_a_larger_one_before_it():
    surfaces = Surfaces.unknown(OFFER_MODEL, 2, 3)
    surfaces.see(sample([500, 500]))
    surfaces.see(sample([150, 150]))
    assert surfaces.sums[:2, outcome.SERVED].tolist() == [300, 300]  # .3 of 500, and 150


def full():
    """Of 300 requests that the first offer was asked in 100 s its two replicas lost 60, one fifth; the second none.

    Three of four are workload v's, the fourth is u's: prompts of 2500 tokens, 1125 cached, and answers of 250.
    """
    surfaces, one = Surfaces.unknown(OFFER_MODEL, 2, 3), sample([240, 60], lost=60)
    for column, tokens in ((outcome.SERVED_PROMPT, 2500), (outcome.SERVED_CACHED, 1125), (outcome.SERVED_OUTPUT, 250)):
        one.counted.offer_sums[:2, 1, column] = 240 * tokens, 60 * tokens
    one.counted.outcomes[0, 1, [outcome.REFUSED, outcome.ABANDONED]] = 40, 20
    one.counted.offer_sums[0, 1, [outcome.OFFER_SUMS.index("queue_full"), outcome.CANCELLED]] = 40, 20
    surfaces.see(one)
    return surfaces


WORK = 2500 - 0.9 * 1125 + 5 * 250  # 2737.5, in tokens of a prompt, and of one of v's 3000 - .9 * 1500 + 5 * 300
WORK_OF_V = 3150


@pytest.mark.parametrize(("asked_per_s", "replicas", "lost"), [
    (3.0, 2, 0.2),  # as measured: 1.2 a second and replica
    (3.0, 1, 0.6), (6.0, 2, 0.6), (3.2, 2, 0.25),
    (3.0, 3, 0.03), (2.4, 2, 0.03), (0.0, 2, 0.03),  # with room, bursts are left
])
def test_who_is_full_serves_what_it_can_at_any_load(asked_per_s, replicas, lost):
    surfaces, load, there = full(), np.array([asked_per_s * WORK, 1.0]), np.array([replicas, 1])
    assert surfaces.lost(np.array([0, 1]), load, there) == pytest.approx([lost, 0.0])


def test_longer_requests_take_more_of_the_room():
    """Requests of v alone are 15 % more work than three of v and one of u: so many fewer are served."""
    surfaces = full()
    first, second = 0.8 * 350 / 338, 0.2 * 110 / 122
    for workload, billed, work in ((1, 1.0, WORK_OF_V), (1, 0.5, WORK_OF_V / 2), (0, 1.0, 1000 + 5 * 100)):
        asked, found = 3.0 * HOUR_S * (first + second) / first, meter(surfaces)
        found.bill = SimpleNamespace(ratio=lambda model, part=billed: np.full((len(model), 2), part))
        requests = np.where(np.arange(3) == workload, asked, 0.0)
        found.hour(board(), np.ones(3), MODEL, requests, LENGTHS)
        served = min(1.2 * WORK / work / 3.0, 0.97)
        assert found.close().served[0] / HOUR_S == pytest.approx(3.0 * served)


def test_a_prefix_cache_takes_work_off_and_long_requests_are_more_of_it():
    """Both offers of model 0 find half of their prompts; of 12,000 a second each asks for what it is used to."""
    surfaces, one = Surfaces.unknown(OFFER_MODEL, 2, 3), sample([150, 150])
    for column, tokens in ((outcome.SERVED_PROMPT, (1000, 3000)), (outcome.SERVED_CACHED, (500, 1500)),
                           (outcome.SERVED_OUTPUT, (300, 100))):
        one.counted.offer_sums[:2, 1, column] = np.array(tokens) * 150
    surfaces.see(one)
    sums = MeanLengths(*(np.array([tokens * HOUR_S, 0.0]) for tokens in (12_000.0, 4000.0, 1000.0)))
    rows = np.arange(2)
    # prompts of 1000 and 3000 where 2000 is the mean, answers of 300 and 100 where 200 is, 150 requests beside 50
    prompt, answer = 12_000 * np.array([125, 275]) / 200, 1000 * np.array([275, 125]) / 200
    found = meter(surfaces)
    # without a cache of its own a third is billed as cached, as its customers expect
    assert found._work_per_s(rows, sums) == pytest.approx(prompt - 0.3 * prompt + 5 * answer)
    found._has_cache = np.ones(3, bool)
    assert found._work_per_s(rows, sums) == pytest.approx(prompt - 0.45 * prompt + 5 * answer)


def test_who_serves_nobody_says_nothing_of_its_room():
    surfaces, one = Surfaces.unknown(OFFER_MODEL, 2, 3), sample([0, 60])
    one.counted.offer_sums[0, 1, QUEUE_FULL] = 300
    with np.errstate(all="raise"):
        surfaces.see(one)
    assert surfaces.offer_room[0] == np.inf


def test_room_is_what_was_served_when_full_and_rises_with_what_is_served_later():
    known, load, held = np.array([np.inf, np.inf, 2.0, 2.0, 2.0]), np.full(5, 12.0), np.full(5, 4.0)
    lost = np.array([0.25, 0.05, 0.25, 0.05, 0.5])
    assert room_seen(known, lost, load, held) == pytest.approx([2.25, np.inf, 2.25, 2.85, 1.5])
    # who serves 2.97 where 2 was room, and loses less than bursts cost, has more; who is asked less says nothing of it
    assert room_seen(known[2:4], np.full(2, 0.01), np.array([12.0, 6.0]), held[2:4]).tolist() == [np.inf, 2.0]
    # little is lost to bursts, whatever comes; and never less than what was measured so
    assert lost_now(np.array([0.099, 0.05]), np.array([np.inf, 2.0]), np.array([1e9, 3.0]),
                    np.ones(2)) == pytest.approx([0.099, 1 / 3])
    with np.errstate(all="raise"):  # where nobody asks, what was measured stands
        assert lost_now(np.array([0.05]), np.array([2.0]), np.zeros(1), np.ones(1)) == pytest.approx(0.05)


def test_requests_that_find_no_room_follow_what_offers_lose():
    """Of 360 requests 60 were lost for want of room, as many as attempts."""
    surfaces = full()
    for lost, completed in ((1 / 6, 5 / 6), (0.5, 0.5), (0.0, 1.0), (1.0, 0.0)):
        assert surfaces.completed_share(MODEL, np.array([lost, 0.0]))[1] == pytest.approx(completed)
    # of each of 240 served 40 met a full queue and 20 gave up
    found = surfaces.attempts_per_served(np.zeros(4, int), np.array([0.2, 0.0, 0.6, 0.5]))
    assert found[:, 1] == pytest.approx(np.array([1.0, 0.0, 6.0, 4.0]) * 40 / 240)
    assert found[:, 4] == pytest.approx(np.array([1.0, 0.0, 6.0, 4.0]) * 20 / 240)


def test_an_hour_of_an_offer_that_is_full():
    """One replica asked three requests a second serves 1.2; the second offer, with room, all that it is asked."""
    surfaces = full()
    first, second = 0.8 * 350 / 338, 0.2 * 110 / 122
    asked = 3.0 * HOUR_S * (first + second) / first
    found = meter(surfaces)
    found.hour(board(), np.ones(3), MODEL, np.array([0.25 * asked, 0.75 * asked, 0.0]), LENGTHS)
    day = found.close()
    assert day.completed[1] / (0.75 * asked) == pytest.approx(1.0 - 0.6 * first / (first + second))
    assert day.served[0] / day.served[1] == pytest.approx(0.4 * first / second)
    sold = ExpectedDays(surfaces).offers(day)
    assert sold.queue_full[0] == pytest.approx(6.0 * day.served[0] * 40 / 240, abs=1)
    assert sold.abandoned[0] == pytest.approx(6.0 * day.served[0] * 20 / 240, abs=1)
    assert sold.rate_limited[0] == pytest.approx(day.served[0] * 60 / 240, abs=1)  # a rate limit knows no replicas


def test_attempts_of_an_hour_are_of_the_measurement_of_that_hour():
    """One replica loses .6 of what it is asked: 1 full queue and .5 given up for each that it serves.

    Then it is measured to refuse 49 of 50. The morning's attempts stay: a factor on one measurement times the counts
    of the next made hundreds of billions of them in a day.
    """
    surfaces = full()
    first, second = 0.8 * 350 / 338, 0.2 * 110 / 122
    found = meter(surfaces)
    asked = 3.0 * WORK / WORK_OF_V * HOUR_S * (first + second) / first
    found.hour(board(), np.ones(3), MODEL, np.array([0.0, asked, 0.0]), LENGTHS)
    late = sample([20, 60], lost=980)
    late.counted.offer_sums[0, 1, [outcome.OFFER_SUMS.index("queue_full"), outcome.CANCELLED]] = 500, 480
    surfaces.see(late)
    day = found.close()
    assert day.attempts[0, [1, 4]] == pytest.approx([day.served[0], 0.5 * day.served[0]])
    sold = ExpectedDays(surfaces).offers(day)
    assert [sold.queue_full[0], sold.abandoned[0]] == [round(day.served[0]), round(0.5 * day.served[0])]


def test_longer_requests_go_to_some_offers():
    """Of 360,000 prompt tokens 240 requests have 1000 each and 60 have 2000: 1200 on average."""
    surfaces, one = Surfaces.unknown(OFFER_MODEL, 2, 3), sample([240, 60])
    one.counted.offer_sums[:2, 1, outcome.SERVED_PROMPT] = 240_000, 120_000
    one.counted.offer_sums[:2, 1, outcome.SERVED_OUTPUT] = 2400, 600
    surfaces.see(one)
    leans = surfaces.length_leans(np.arange(3))
    assert leans[0] == pytest.approx([250 / 290, 150 / 110, 1.0])
    assert leans[1] == pytest.approx([1.0, 1.0, 1.0])
    day = hour(meter(surfaces))
    weights = 0.8 * 290 / 290 * leans[0, 0], 0.2 * 110 / 110 * leans[0, 1]
    assert day.sold_prompt[:2] == pytest.approx(np.array(weights) / sum(weights) * 1_200_000)
    assert day.sold_output[0] == pytest.approx(4 * day.sold_output[1])
    assert day.cost_nano.sum() == pytest.approx(day.revenue_nano.sum())


def test_tokens_of_what_was_lost_are_not_billed():
    bill, before, after = TokenBill(3, 2), tally(), tally()
    bill.open(before, MODEL, np.array([[100, 200_000, 1000.0], [0, 0, 0], [0, 0, 0]]))
    after.outcomes[0, 1, outcome.COMPLETED] = 80
    after.class_sums[0, 1, [outcome.PROMPT_TOKENS, outcome.OUTPUT_TOKENS]] = 120_000, 800
    bill.settle(after)
    # a completed request has 1500 prompt tokens, a drawn one 2000; answers are all of the same length
    assert bill.ratio(MODEL).tolist() == [[0.75, 1.0], [0.75, 1.0], [1.0, 1.0]]
    assert bill.ratio(np.array([1, 0, 0])).tolist() == [[1.0, 1.0], [0.75, 1.0], [0.75, 1.0]]


def settled(bill, drawn, completed, prompt):
    """A stretch in which the first two workloads, of one model, send so many requests and tokens of prompts."""
    before, after = tally(), tally()
    bill.open(before, MODEL, np.array([*([n, tokens, 10.0 * n] for n, tokens in drawn), [0, 0, 0]]))
    after.outcomes[:2, 1, outcome.COMPLETED] = completed
    after.class_sums[:2, 1, outcome.PROMPT_TOKENS] = prompt
    after.class_sums[:2, 1, outcome.OUTPUT_TOKENS] = 10 * np.array(completed)
    bill.settle(after)


def test_whose_requests_are_completed_says_nothing_of_how_long_they_are():
    """Nearly all agents and a tenth of chats: the mean of what is billed is 27,100, of what was sent 15,500."""
    bill = TokenBill(3, 2)
    settled(bill, [(100, 100_000), (100, 3_000_000)], [10, 90], [10_000, 2_700_000])
    assert bill.ratio(np.array([1, 1, 0])).tolist() == [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    # prompts of agents are half as long: 10,000 and 1,350,000 tokens over what those requests had in the mean
    bill = TokenBill(3, 2)
    settled(bill, [(100, 100_000), (100, 3_000_000)], [10, 90], [10_000, 1_350_000])
    assert bill.ratio(np.array([1, 1, 0]))[2] == pytest.approx([1_360_000 / 2_710_000, 1.0])


def test_bills_of_who_sends_little_fade_with_those_of_his_model():
    bill = TokenBill(3, 2)
    settled(bill, [(100, 100_000), (96, 96_000)], [100, 96], [100_000, 48_000])
    assert bill.ratio(MODEL)[1, 0] == pytest.approx((96 * 0.5 + 20 * 148 / 196) / 116)
    settled(bill, [(5000, 5_000_000), (0, 0)], [5000, 0], [5_000_000, 0])
    of_model = (5_000_000 + 148_000 / 32) / (5_000_000 + 196_000 / 32)
    assert bill.ratio(MODEL)[1, 0] == pytest.approx((3 * 0.5 + 20 * of_model) / 23)


def test_customers_learn_of_measured_latencies_once_a_day():
    """A fifth of the newest day's; of a model that nobody uses nobody sees anything."""
    known = LatencyLately.__new__(LatencyLately)
    known._models, known._seen_s = 2, np.full((2, 2), np.nan)
    for ttft_s in (1.0, 2.0, 2.0):
        known.see_means(np.array([[ttft_s, 0.1, 9.0], [5.0, 0.2, 9.0]]), np.array([0, 0, -1]))
    assert known._seen_s[0] == pytest.approx([1.36, np.nan], nan_ok=True)
    assert known._seen_s[1] == pytest.approx([0.1, np.nan], nan_ok=True)


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
