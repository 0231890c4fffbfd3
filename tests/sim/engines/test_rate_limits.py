"""Rate limits worked out by hand, in both engines."""

from fractions import Fraction

import numpy as np
import pytest

from sim.engines import outcome
from sim.engines.bucket import Rates
from sim.engines.compiled import CompiledEngine
from sim.engines.grid import grid_per_s
from sim.engines.outcome import COMPLETED, MEASURED, REFUSED
from sim.engines.reference import ReferenceEngine
from sim.engines.reference.rates import Door
from sim.units import DAY_S
from worlds.small import Client, affine, drive, offer, requests, world

RATE_LIMITED = outcome.ENDED_BY + 3
ENGINES = pytest.mark.parametrize("engine", [ReferenceEngine, CompiledEngine], ids=["reference", "compiled"])
QUICK = affine(0.001)


def outcomes(market, engine, rows, until_s=1e6):
    """The run, and what became of each request, in their order (the keys of ``requests`` count up)."""
    result = drive(engine(market, iter([requests(market, rows)])), until_s=until_s)
    samples = np.sort(result.samples, order="key")
    return result, (samples["outcome"] == COMPLETED).tolist()


def at(*times, **fields):
    return [{"arrive_s": t, "prompt": 100, "output": 1, **fields} for t in times]


EDGE = [0.0, *[59.5] * 59, *[60.0] * 60, *[61.0] * 5]


@ENGINES
@pytest.mark.parametrize(("by_minute", "passing"), [(False, [1, 59, 1, 1]), (True, [1, 59, 60, 0])])
def test_the_edge_of_a_minute(engine, by_minute, passing):
    """A bucket of 60 is full again at 59.5; half a request comes back until 60, and a whole one until 61."""
    market = world([offer(QUICK, requests_per_min=60, by_minute=by_minute)])
    _, passed = outcomes(market, engine, at(*EDGE))
    assert [sum(passed[i:j]) for i, j in ((0, 1), (1, 60), (60, 120), (120, 125))] == passing


@ENGINES
def test_tokens_flow_back_and_what_is_refused_takes_none(engine):
    market = world([offer(QUICK, tokens_per_min=300, requests_per_min=4)])
    # 101 tokens each: 300, 199, 98; after 0.5 s 100.5, after 0.75 s 101.75
    _, passed = outcomes(market, engine, at(0, 0, 0, 0.5, 0.75, 0.75))
    assert passed == [True, True, False, False, True, False]


@ENGINES
@pytest.mark.parametrize("by_minute", [False, True])
def test_what_weighs_more_than_a_minute_allows_never_passes(engine, by_minute):
    market = world([offer(QUICK, tokens_per_min=100, by_minute=by_minute)])
    result, passed = outcomes(market, engine, at(10, 500) + at(600, prompt=99))
    assert passed == [False, False, True]
    assert result.offer_sums[0, MEASURED, RATE_LIMITED] == 2


@ENGINES
def test_a_day_ends_at_midnight(engine):
    market = world([offer(QUICK, requests_per_day=2)], traffic={"duration_s": 3 * DAY_S})
    times = (10, 20, 30, DAY_S - 0.25, DAY_S, DAY_S + 1, DAY_S + 2, 2.5 * DAY_S)
    _, passed = outcomes(market, engine, at(*times))
    assert passed == [True, True, False, False, True, True, False, True]


@ENGINES
def test_tokens_of_a_day(engine):
    market = world([offer(QUICK, tokens_per_day=202)], traffic={"duration_s": 3 * DAY_S})
    _, passed = outcomes(market, engine, at(1, 2, 3, DAY_S - 1, DAY_S))
    assert passed == [True, True, False, False, True]


@ENGINES
@pytest.mark.parametrize(("per_customer", "passing"), [(False, [True, False, False]), (True, [True, True, False])])
def test_a_customer_may_have_a_limit_for_itself(engine, per_customer, passing):
    market = world([offer(QUICK, requests_per_min=1, per_customer=per_customer)], clients=[Client(), Client()])
    rows = at(1) + at(2, client_class=1) + at(3, client_class=0)
    _, passed = outcomes(market, engine, rows)
    assert passed == passing


@ENGINES
def test_routers_are_counted_apart(engine):
    market = world([offer(QUICK, requests_per_min=1)], routers={"main": {}, "other": {}},
                   clients=[Client(), Client(router="other")])
    _, passed = outcomes(market, engine, at(1) + at(2, client_class=1) + at(3, client_class=1))
    assert passed == [True, True, False]


@ENGINES
def test_a_marketplace_refuses_before_anybody_is_asked(engine):
    """Its limits are counted for each customer and model, and what it refuses takes nothing from an offer."""
    limits = {"requests_per_min": 2, "requests_per_day": 3}
    market = world([offer(QUICK, model="a"), offer(QUICK, model="b")], routers={"main": {"limits": limits}},
                   clients=[Client("a"), Client("a"), Client("b")], traffic={"duration_s": 2.0 * DAY_S})
    rows = at(0, 0, 0, client_class=0) + at(1, client_class=1) + at(1, client_class=2)
    rows += at(100, 101, DAY_S, client_class=0)
    result, passed = outcomes(market, engine, rows)
    assert passed == [True, True, False, True, True, True, False, True]
    assert result.offer_sums[:, MEASURED, outcome.PLACED].tolist() == [5, 1]
    assert result.class_sums[0, MEASURED, outcome.ATTEMPTS] == 4
    assert result.outcomes[0, MEASURED, REFUSED] == 2
    turned_away = result.samples[result.samples["outcome"] == REFUSED]
    assert turned_away["attempts"].tolist() == [0, 0]
    assert turned_away["end_s"].tolist() == [0.0, 101.0]


@pytest.mark.parametrize("limit", [1, 7, 59, 60, 61, 600, 4_369])
def test_a_bucket_loses_nothing_to_rounding(limit):
    """Against exact fractions, at times on the finest grid of all runs of a day and less."""
    rng = np.random.default_rng(limit)
    ticks = np.repeat(np.cumsum(rng.integers(0, int(120 / limit * grid_per_s(60.0)), 300)), rng.integers(1, 4, 300))
    door = Door(Rates(limit, 0, 0, 0, 0))
    level, last = Fraction(limit), Fraction(0)
    for tick in ticks.tolist():
        now = Fraction(tick, 2**35)
        level = min(Fraction(limit), level + (now - last) * limit / 60)
        last = now
        lets_in = level >= 1
        assert door.within_limits((0,), 1, tick / 2**35) == lets_in
        level -= lets_in


@pytest.mark.parametrize("limit", [1, 3, 7, 30, 70, 6_000_000])
def test_requests_as_fast_as_a_bucket_fills_all_pass(limit):
    """Whole buckets, each at the moment that it is full again: none is late by a last bit."""
    door = Door(Rates(0, limit, 0, 0, 0))
    assert door.within_limits((0,), limit, 0.0)
    assert all(door.within_limits((0,), limit, 60.0 * minute) for minute in range(1, 200))
    assert not door.within_limits((0,), limit, 60.0 * 200 - 2.0**-20)
