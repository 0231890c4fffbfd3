"""Sequential stopping: what it finds, when it gives up, and how often its intervals cover."""

import numpy as np
import pytest

from experiments.stats.refusals import StatisticsError
from experiments.stats.sequential import Stopping, Target, enough_of, replicate


def series(*values):
    return lambda replication: {"x": values[replication]}


def test_the_look_ahead_sees_through_luck():
    """Three equal values meet any target; the fourth shows that they were luck."""
    values = [1.0, 1.0, 1.0, 9.0, *[1.0, 3.0] * 40]
    rule = {"targets": {"x": Target(0.5)}, "most": 80}
    assert replicate(series(*values), Stopping(**rule, look_ahead=0)).enough == 3
    got = replicate(series(*values), Stopping(**rule, look_ahead=5))
    assert got.enough > 20
    assert len(got.values["x"]) == got.enough + 5
    assert got.intervals["x"].half_width <= 0.5
    assert got.intervals["x"].n == got.enough + 5


def test_all_targets_must_be_met():
    def play(replication):
        return {"x": replication % 2, "y": 10 * (replication % 2), "other": 1.0}

    alone = replicate(play, Stopping({"x": Target(0.3)}))
    both = replicate(play, Stopping({"x": Target(0.3), "y": Target(0.3, relative=True)}))
    assert alone.enough < both.enough
    assert set(both.intervals) == {"x", "y", "other"}


def test_the_maximum_ends_it():
    got = replicate(lambda r: {"x": float(r % 2)}, Stopping({"x": Target(0.01)}, most=12))
    assert got.enough is None
    assert got.intervals["x"].n == 12


def test_a_relative_target_scales_with_the_mean():
    values = [10.0, 11.0, 9.0, 10.5, 9.5, 10.0, 10.2, 9.8, 10.1, 9.9, 10.0, 10.0]
    # half-widths of the first 4 and 5 are t * s / sqrt(n): 3.182 * 0.854 / 2 = 1.36 and 2.776 * 0.791 / 2.236 = 0.98
    for factor in (1.0, -1.0, 1e-3, 1e6):
        scaled = {"x": [factor * value for value in values]}
        assert enough_of(scaled, Stopping({"x": Target(0.1, relative=True)})) == 5


def test_beyond_a_hundred_the_look_ahead_grows():
    assert Stopping({"x": Target(1)}).ahead(100) == 5
    assert Stopping({"x": Target(1)}).ahead(250) == 12


def test_undefined_replications_count_for_nothing():
    values = {"x": [1.0, np.nan, 1.1, 0.9, 1.0, 1.0, 1.1, 0.9]}
    assert enough_of(values, Stopping({"x": Target(0.3)}, look_ahead=0)) == 4


def test_mistakes_are_told():
    with pytest.raises(StatisticsError, match="half-width is 0"):
        Target(0.0)
    with pytest.raises(StatisticsError, match="target 'y' is not a metric of the replications: x"):
        enough_of({"x": [1.0]}, Stopping({"y": Target(1.0)}))
    with pytest.raises(StatisticsError, match="most is 2"):
        Stopping({"x": Target(1.0)}, most=2)
    with pytest.raises(StatisticsError, match="at least one metric"):
        Stopping({})


def test_coverage_after_stopping():
    """2,000 studies of normal values: 94 % with the look-ahead and 3 first replications, 90 % without."""
    rng = np.random.default_rng(5)

    def covered(look_ahead):
        rule = Stopping({"x": Target(0.5)}, look_ahead=look_ahead, most=200)
        got = [replicate(lambda r: {"x": rng.normal(2, 1)}, rule).intervals["x"] for _ in range(2000)]
        return np.mean([abs(each.mean - 2) <= each.half_width for each in got])

    assert covered(0) < 0.92
    assert 0.93 <= covered(5) <= 0.97
