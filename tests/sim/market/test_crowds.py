"""A crowd of an offer's replicas stands for all of them in a sampled run: how many serve, and what is kept for them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sim.engines import outcome
from sim.errors import ScenarioError
from sim.histogram import FINE_BITS, bin_of, bins, midpoint
from sim.market import market_world
from sim.market.board import Board
from sim.market.crowds import Leans, fair_outcomes, fair_waits, of_workloads, weights
from sim.market.sampler import STRETCHES_S, Sampler
from sim.market.surfaces import FOR_WANT_OF_ROOM, Sample
from worlds.synthetic_market import offer


class Heard:
    """An engine that only remembers how many replicas it was told."""

    def __init__(self):
        self.replicas = []

    def set_listed(self, offer, listed):
        pass

    def set_replicas(self, offer, replicas):
        self.replicas.append(replicas)


def made(crowd):
    engine = Heard()
    return Board((offer("a", "m", 1_000_000, 1_000_000),), engine, crowd=crowd), engine


def test_the_engine_serves_with_a_crowd_and_the_board_knows_all():
    board, engine = made(32)
    board.set_replicas(0.0, 0, 500)
    board.serve_with(0, 0.04)
    board.serve_with(0, 0.0001)
    assert engine.replicas == [32, 20, 1]
    assert board.replicas.tolist() == [500]


def test_an_engine_that_holds_all_is_told_all():
    board, engine = made(None)
    board.set_replicas(0.0, 0, 500)
    assert engine.replicas == [500]


@pytest.mark.parametrize(("largest", "requests", "share"), [
    (100, 5_000.0, 0.32),  # within a quarter of the budget of 20,000, but only 32 are held
    (20, 5_000.0, 1.0),
    (100, 50_000.0, 0.1),  # a tenth of the requests are a quarter of the budget, at ten replicas
    (40, 50_000.0, 0.15),  # a tenth would be four, fewer than six
    (4, 50_000.0, 1.0),  # fewer than six are not thinned
])
def test_a_share_is_the_budget_s_between_6_and_32_replicas(largest, requests, share):
    sampler = SimpleNamespace(_board=SimpleNamespace(replicas=np.array([1, largest])), _offers_of=[np.array([0, 1])],
                              _budget=20_000.0)
    assert Sampler._thinned(sampler, 0, requests) == pytest.approx(share)


@pytest.mark.parametrize(("answer_s", "per_s", "stretch_s"), [
    (np.nan, 100.0, 300),  # nothing is known yet: a short one, so that a new model of many requests has its turn
    (30.0, 100.0, 300), (30.1, 100.0, 900),  # ten answers
    (30.0, 0.25, 900),  # two hundred requests take 800 s
    (500.0, 100.0, 2700),  # never more than the longest
])
def test_a_stretch_is_ten_answers_and_two_hundred_requests_long(answer_s, per_s, stretch_s):
    waits = np.zeros((1, len(outcome.METRICS)))
    waits[0, outcome.E2E] = answer_s
    sampler = SimpleNamespace(_surfaces=SimpleNamespace(waits=waits))
    assert STRETCHES_S[Sampler._stretch_of(sampler, 0, per_s)] == stretch_s


@pytest.mark.parametrize(("was", "now", "replicas", "age"), [
    (100.0, 100.0, (4, 4), 7.0),  # a week old
    (100.0, 100.0, (4, 5), 21.0),  # its replicas changed: three times as old
    (100.0, 199.0, (4, 4), 7.0), (100.0, 51.0, (4, 5), 21.0),
    (100.0, 200.0, (4, 4), np.inf), (100.0, 50.0, (4, 5), np.inf),  # twice or half of the load: before all
    (0.0, 1.0, (4, 4), np.inf),
    (np.nan, 100.0, (4, 4), 7.0),  # load was never measured
])
def test_who_has_twice_or_half_the_load_of_its_sample_is_measured_first(was, now, replicas, age):
    sampler = SimpleNamespace(_load=np.array([was]), _load_now=np.array([now]), _last_day=np.array([3.0]),
                              _state={0: replicas[:1]}, _state_of=lambda model: replicas[1:])
    assert Sampler._age(sampler, 0, 10) == age


def test_the_load_of_a_sample_is_requests_over_replicas_that_are_for_sale_on_its_day():
    """Workloads of 6 and 4 requests a second at 3 and 2 replicas, and 7 that are not listed: 2 each."""
    sampler = object.__new__(Sampler)
    sampler._customers = SimpleNamespace(model=np.array([0, 0, -1]))
    sampler._traffic = SimpleNamespace(up=np.ones(3, bool), feed=SimpleNamespace(
        rates_per_s=lambda now_s: np.array([6.0, 4.0, 9.0])))
    sampler._surfaces = SimpleNamespace(offer_model=np.zeros(3, int), waits=np.full((1, len(outcome.METRICS)), np.nan))
    sampler._board = SimpleNamespace(listed=np.array([True, True, False]), replicas=np.array([3, 2, 7]))
    sampler._last_day, sampler._state, sampler._load = np.full(1, -np.inf), {}, np.full(1, np.nan)
    sampler._budget, sampler._credit, sampler._weighs, sampler._offers_of = 1e6, 0.0, False, [np.arange(3)]
    sampler._state_of, sampler._take_in = lambda model: (1,), lambda sample, counted: None
    assert [turn.share.tolist() for turn in Sampler._choose(sampler, 5, 0.0)] == [[1.0]]
    sample = Sample(np.ones(1, bool), np.array([True, True, False]), None, np.zeros((2, 1)), None, None, None, 1.0,
                    np.zeros(1))
    Sampler._learn(sampler, sample, np.ones(3, bool), 5, None)
    assert (sampler._load.tolist(), sampler._last_day.tolist()) == ([2.0], [5.0])


def test_memory_is_kept_for_a_crowd_or_refused_in_a_sentence():
    many = [replace(offer("a", "m", 1_000_000, 1_000_000), replicas=3_000_000)]
    sampled, full = (SimpleNamespace(horizon=SimpleNamespace(resolution=name)) for name in ("sampled", "full"))
    assert [one.replicas for one in market_world._held(sampled, many)] == [32]
    with pytest.raises(ScenarioError, match=r"up to 3,000,000 replicas.*at most 2,000,000; lower"):
        market_world._held(full, many)


def test_offers_weigh_as_much_as_their_replicas_stand_for():
    # a twentieth of 28, 100 and 2 replicas is 1.4, 5 and 0.1; of another model nothing is simulated
    held = np.array([1.0, 5.0, 1.0, 7.0])
    found = weights(held, np.array([28, 100, 2, 7]), np.array([0.05, 0.05, 0.05, 0.0]))
    assert found == pytest.approx([1 / 1.4, 1.0, 10.0, 1.0])


def test_requests_come_as_their_rule_s_offers_weigh_and_of_who_names_one_as_that_offer_does():
    leans = Leans(np.array([0.5, 4.0, 1.0]), np.array([[1.25, 4.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]))
    model, rule = np.array([0, 0, 0, 1, -1]), np.array([0, 1, 3, 0, 0])
    found = of_workloads(leans, model, rule, np.array([-1, -1, 1, -1, -1]))
    assert found.tolist() == [1.25, 4.0, 4.0, 1.0, 1.25]


def test_waits_count_each_offer_as_it_should():
    latencies = np.zeros((2, 3, bins(FINE_BITS)), np.int64)
    short, long = bin_of(1.0, FINE_BITS), bin_of(4.0, FINE_BITS)
    latencies[0, 0, short], latencies[1, 0, long] = 100, 100
    low, high = midpoint(short, FINE_BITS), midpoint(long, FINE_BITS)
    # the second offer was asked four times its share: 100 and 25 requests, not 100 and 100
    found = fair_waits(latencies, np.array([1.0, 4.0]), np.array([0, 0]), 2)
    assert found[0, 0] == pytest.approx(((100 * low + 25 * high) / 125) / ((low + high) / 2))
    assert found[0, 1:].tolist() == [1.0, 1.0]  # nothing was counted
    assert found[1].tolist() == [1.0, 1.0, 1.0]


def test_losses_count_each_offer_as_it_should():
    ended = np.zeros((2, len(outcome.OUTCOMES)), np.int64)
    ended[:, outcome.COMPLETED], ended[:, outcome.REFUSED], ended[:, outcome.FAILED] = 80, 15, 5
    found = fair_outcomes(ended, np.array([0.2, 0.0]), np.array([0.4, 0.0]), FOR_WANT_OF_ROOM)
    assert found[0, [outcome.COMPLETED, outcome.REFUSED, outcome.FAILED]].tolist() == [65.0, 30.0, 5.0]
    assert found[1, [outcome.COMPLETED, outcome.REFUSED, outcome.FAILED]].tolist() == [80.0, 15.0, 5.0]
    most = fair_outcomes(ended, np.array([0.01, 1.0]), np.array([1.0, 1.0]), FOR_WANT_OF_ROOM)
    assert most[0, [outcome.COMPLETED, outcome.REFUSED]].tolist() == [0.0, 95.0]  # all that was completed, and no more


def test_a_board_tells_its_engine_weights():
    told = []
    board, engine = made(32)
    engine.set_weight = lambda offer, factor: told.append((offer, factor))
    board.weigh(0, 2.5)
    assert told == [(0, 2.5)]
