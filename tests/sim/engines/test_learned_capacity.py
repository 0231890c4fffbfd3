"""Both engines learn what an offer takes as the scenario says; random markets hardly ever depend on it."""

import numpy as np
import pytest

from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.policy import BoundPolicy, NoParameters, Policy
from sim.view import CAPACITY_PER_S, OPEN
from worlds.small import affine, drive, lowest, offer, requests, world

OTHERS = {"many_refused": 0.6, "few_refused": 0.15, "capacity_cut": 0.4, "capacity_growth": 1.5}


def choose(view, request, memory, u):
    """Draw an open offer with a weight of one and its learned capacity, at most ten requests a second.

    Without the one a factor on all capacities, as `capacity_cut` nearly is, would change nothing.
    """
    total = 0.0
    for row in range(view.shape[0]):
        total += (1.0 + min(view[row, CAPACITY_PER_S], 10.0)) * view[row, OPEN]
    left = u * total
    chosen = -1
    for row in range(view.shape[0]):
        if view[row, OPEN] > 0.0 and left >= 0.0:
            chosen = row
            left -= 1.0 + min(view[row, CAPACITY_PER_S], 10.0)
    return chosen


PROPORTIONAL = BoundPolicy(Policy("proportional", choose, "By capacity.", "tests", "none"), NoParameters())


def served(engine, **settings):
    """What each of three offers of different speed did with a stream of short requests."""
    offers = [offer(affine(step), max_batch=1, queue=2) for step in (0.2, 0.3, 0.5)]
    router = {"telemetry": {"slot_s": 0.5, **settings}, "attempts": {"maximum": 2}}
    market = world(offers, PROPORTIONAL, routers={"main": router})
    times = np.cumsum(np.random.default_rng(4).exponential(0.12, 800))
    rows = requests(market, [{"arrive_s": time, "prompt": 1, "output": 1} for time in times.tolist()])
    return drive(engine(market, iter([rows]))).offer_sums


@pytest.fixture(scope="module")
def usual():
    return served(CompiledEngine)


@pytest.mark.parametrize("field", sorted(OTHERS))
def test_each_setting_changes_what_both_engines_do_and_both_do_the_same(usual, field):
    found = served(CompiledEngine, **{field: OTHERS[field]})
    np.testing.assert_array_equal(found, served(ReferenceEngine, **{field: OTHERS[field]}))
    assert (found != usual).any()


def test_a_capacity_that_grows_without_end_is_none_in_both_engines():
    offers = [offer(affine(step), max_batch=1, queue=2) for step in (0.2, 0.3, 0.5)]
    market = world(offers, lowest(CAPACITY_PER_S), routers={"main": {
        "telemetry": {"slot_s": 0.5, "capacity_growth": 10.0}, "attempts": {"maximum": 3}}})
    times = [*np.arange(0.0, 10.0, 0.05), *np.arange(11.0, 200.0, 0.6)]  # too many for all, then few
    rows = requests(market, [{"arrive_s": time, "prompt": 1, "output": 1} for time in times])
    fast, plain = (drive(engine(market, iter([rows.copy()]))) for engine in (CompiledEngine, ReferenceEngine))
    np.testing.assert_array_equal(fast.offer_sums, plain.offer_sums)
    few = fast.samples[fast.samples["born_s"] > 150.0]["offer"]
    assert np.bincount(few, minlength=3).min() > 10  # none is lower than the others
