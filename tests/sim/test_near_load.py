"""The latency that a server tells: the lower median of recent ones at or near its present load."""

from statistics import median_low

import numpy as np
import pytest

from sim.near_load import NEAR, NEAR_SHARE, PAIR, RECENT, latency_at, note


def told(samples, load):
    ring = np.zeros(3 + PAIR * RECENT)
    for seen, (met, latency_s) in enumerate(samples):
        note(ring, 3, seen, met, latency_s)
    assert not ring[:3].any()
    return latency_at(ring, 3, len(samples), load)


def test_nothing_is_told_before_the_first_sample():
    assert np.isnan(told([], 0.0))


@pytest.mark.parametrize(("load", "latency_s"), [
    (0.0, 1.0),  # of 1, 2: the lower one
    (1.0, 5.0), (0.5, 2.0),  # half a request is near: 1, 2, 5 and 6
    (2.0, 6.0),  # nobody met two: those who met one or three are as near, 5, 6 and 9
    (3.0, 9.0), (400.0, 30.0), (361.0, 30.0), (100.0, 9.0),
])
def test_hand_worked(load, latency_s):
    assert told([(0.0, 2.0), (1.0, 5.0), (0.0, 1.0), (1.0, 6.0), (3.0, 9.0), (390.0, 30.0)], load) == latency_s


def test_only_recent_samples_count():
    assert told([(0.0, 1.0)] * 5 + [(4.0, 7.0)] * RECENT, 0.0) == 7.0
    assert told([(0.0, 1.0)] * 5 + [(4.0, 7.0)] * (RECENT - 1), 0.0) == 1.0


def test_it_is_the_median_of_the_definition():
    rng = np.random.default_rng(20261129)
    for count in rng.integers(1, 3 * RECENT, 300):
        samples = list(zip(rng.integers(0, 60, count) / 4, rng.integers(0, 9, count).astype(float), strict=True))
        load = float(rng.integers(0, 80) / 4)
        kept = samples[-RECENT:]
        reach = max(min(abs(met - load) for met, _ in kept), NEAR, NEAR_SHARE * load)
        assert told(samples, load) == median_low(s for met, s in kept if abs(met - load) <= reach)
