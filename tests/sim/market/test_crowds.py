"""A crowd of an offer's replicas stands for all of them in a sampled run: how many serve, and what is kept for them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sim.engines import outcome
from sim.errors import ScenarioError
from sim.market import market_world
from sim.market.board import Board
from sim.market.sampler import STRETCHES_S, Sampler
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


def test_memory_is_kept_for_a_crowd_or_refused_in_a_sentence():
    many = [replace(offer("a", "m", 1_000_000, 1_000_000), replicas=3_000_000)]
    sampled, full = (SimpleNamespace(horizon=SimpleNamespace(resolution=name)) for name in ("sampled", "full"))
    assert [one.replicas for one in market_world._held(sampled, many)] == [32]
    with pytest.raises(ScenarioError, match=r"up to 3,000,000 replicas.*at most 2,000,000; lower"):
        market_world._held(full, many)
