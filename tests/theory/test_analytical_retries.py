"""Attempts that fail independently with probability p, at most m of them: 1 - p^m are completed (both engines)."""

import numpy as np
import pytest

from sim.draws import FAST_FAILURE, MIDSTREAM, derive, of_attempt
from sim.engines import outcome as o
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from worlds.small import affine, drive, offer, requests, world

FAILS = 0.3
REQUESTS = 2000


def served(engine, attempts):
    """One offer, of whose attempts three in ten fail at once; a second try starts a second later."""
    retry = {"attempts": {"maximum": attempts, "retry_tried": True, "backoff_s": 1.0}}
    market = world([offer(affine(0.01), fast_failure_share=FAILS)], routers={"main": retry},
                   traffic={"sample_share": 0.0})
    keys = np.random.default_rng(attempts).integers(0, 1 << 63, REQUESTS)
    rows = requests(market, ({"arrive_s": 20.0 * i, "prompt": 1, "output": 2, "key": key}
                             for i, key in enumerate(keys.tolist())))
    return drive(engine(market, iter([rows])))


@pytest.mark.parametrize("engine", [CompiledEngine, ReferenceEngine])
@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 5])
def test_share_completed_and_attempts_a_request(engine, attempts):
    """Attempts are geometric, cut at m: their mean is (1 - p^m)/(1 - p)."""
    result = served(engine, attempts)
    share = 1 - FAILS**attempts
    found = result.outcomes[0, o.MEASURED, o.COMPLETED] / REQUESTS
    assert abs(found - share) <= 3.3 * np.sqrt(share * (1 - share) / REQUESTS)
    tries = np.arange(1, attempts + 1)
    chance = FAILS ** (tries - 1.0) * np.where(tries < attempts, 1 - FAILS, 1.0)
    mean = (1 - FAILS**attempts) / (1 - FAILS)
    assert chance @ tries == pytest.approx(mean)
    deviation = np.sqrt(max(chance @ tries**2 - mean**2, 0.0))
    made = result.class_sums[0, o.MEASURED, o.ATTEMPTS] / REQUESTS
    assert abs(made - mean) <= 3.3 * deviation / np.sqrt(REQUESTS) + 1e-12


def test_first_attempts_have_the_draws_of_their_offer_alone():
    assert of_attempt(17, MIDSTREAM, 0, 5) == derive(17, MIDSTREAM, 5)
    assert of_attempt(17, MIDSTREAM, 2, 5) == derive(17, MIDSTREAM, 2 * 2**20 + 5)


def test_draws_of_two_attempts_are_independent():
    """Uniform in pairs: counts of the four quarters of the unit square, by chi-square with 3 degrees of freedom."""
    keys = np.random.default_rng(1).integers(0, 1 << 63, 4000).tolist()
    pairs = np.array([[of_attempt(key, FAST_FAILURE, attempt, 3) for attempt in (0, 1)] for key in keys])
    quarter = np.bincount(2 * (pairs[:, 0] < 0.5) + (pairs[:, 1] < 0.5), minlength=4)
    assert ((quarter - 1000) ** 2 / 1000).sum() < 17.7  # fails once in two thousand seeds
