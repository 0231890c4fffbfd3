"""Parts of policies that are off by default do the same in both engines, and they do something."""

import numpy as np
import pytest

from policies import bind
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.scenario import PolicyChoice
from worlds.small import affine, drive, offer, requests, world

PARTS = [
    ("c3", {"rate_interval_s": 1.0, "first_rate": 3.0}),
    ("llmgateway", {"stable_s": 500.0, "stable_margin": 99.0, "stable_uptime": 0.0}),
]


def served(engine, kind, parameters):
    """What each of three offers of different speed did with a stream of short requests."""
    offers = [offer(affine(step), max_batch=1, queue=2) for step in (0.2, 0.3, 0.5)]
    market = world(offers, bind(PolicyChoice(kind=kind, **parameters)), routers={"main": {"attempts": {"maximum": 2}}})
    times = np.cumsum(np.random.default_rng(4).exponential(0.12, 800))
    rows = requests(market, [{"arrive_s": time, "prompt": 1, "output": 1} for time in times.tolist()])
    return drive(engine(market, iter([rows]))).offer_sums


@pytest.mark.parametrize(("kind", "parameters"), PARTS)
def test_both_engines_do_the_same_and_something_else_than_without(kind, parameters):
    found = served(CompiledEngine, kind, parameters)
    np.testing.assert_array_equal(found, served(ReferenceEngine, kind, parameters))
    assert (found != served(CompiledEngine, kind, {})).any()
