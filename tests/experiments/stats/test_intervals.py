"""Intervals and paired comparisons against hand-computed values."""

import math

import numpy as np
import pytest

from experiments.stats import interval, paired


def test_interval_of_known_values():
    got = interval([1.0, 2.0, 3.0, 4.0])
    # t(0.975, 3) = 3.182446, s = 1.290994
    assert (got.mean, got.n) == (2.5, 4)
    assert got.half_width == pytest.approx(3.182446 * 1.290994 / 2, rel=1e-6)


def test_interval_leaves_undefined_values_out():
    assert interval([1.0, math.nan, 3.0]).n == 2
    assert interval([1.0]).mean == 1.0
    assert math.isnan(interval([1.0]).half_width)
    assert math.isnan(interval([math.nan]).mean)
    assert interval([2.0, 2.0]).half_width == 0


def test_interval_covers_as_often_as_it_says():
    """2,000 intervals of 5 normal values: coverage .95 with standard error .0049, and 4 of those each way."""
    rng = np.random.default_rng(11)
    got = [interval(list(rng.normal(3, 2, 5))) for _ in range(2000)]
    inside = sum(abs(each.mean - 3) <= each.half_width for each in got)
    assert 0.93 <= inside / 2000 <= 0.97


def test_pairing_removes_common_noise():
    noise = np.random.default_rng(3).normal(0, 1, 50)
    own = np.random.default_rng(4).normal(0, 0.1, 50)
    got = paired(list(5 + noise + own), list(4 + noise))
    assert got.difference.mean == pytest.approx(1 + own.mean())
    assert got.correlation > 0.99
    assert got.variance_reduction > 100
    assert got.variance_reduction == pytest.approx(
        ((noise + own).var(ddof=1) + noise.var(ddof=1)) / own.var(ddof=1), rel=1e-9)


def test_pairing_needs_the_same_replications():
    with pytest.raises(ValueError, match="equal lengths, not 2 and 1"):
        paired([1.0, 2.0], [1.0])
    assert paired([1.0, 2.0], [1.0, math.nan]).difference.n == 1
    assert math.isnan(paired([1.0, 2.0], [3.0, 3.0]).correlation)
