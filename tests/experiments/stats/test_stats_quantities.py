"""Ratios, quantiles and printed means, against scipy, by hand, and by how often their intervals cover."""

import math

import numpy as np
import pytest
from scipy import stats

from experiments.stats import Interval, interval
from experiments.stats.digits import counted, decimals, measured, pair, sentence
from experiments.stats.quantiles import observations_needed, quantile_by_replication, quantile_interval
from experiments.stats.ratio import ratio, ratio_of_means
from experiments.stats.refusals import StatisticsError


def test_intervals_are_those_of_scipy():
    values = list(np.random.default_rng(1).normal(3, 2, 9))
    low, high = stats.t.interval(0.9, 8, np.mean(values), stats.sem(values))
    got = interval(values, 0.9)
    assert (got.mean - got.half_width, got.mean + got.half_width) == pytest.approx((low, high))


def test_a_ratio_by_replication_counts_each_replication_the_same():
    assert ratio([1.0, 90.0], [1.0, 30.0]).mean == 2.0
    assert ratio([1.0, 90.0, 0.0], [1.0, 30.0, 0.0]).n == 2
    with pytest.raises(StatisticsError, match="not 2 and 1"):
        ratio([1.0, 2.0], [1.0])


def test_a_ratio_of_means_by_the_jackknife():
    """Three replications by hand: pseudo-values 3 R - 2 R_without."""
    above, below = [2.0, 9.0, 4.0], [1.0, 3.0, 2.0]
    pseudo = [3 * 15 / 6 - 2 * (15 - a) / (6 - b) for a, b in zip(above, below, strict=True)]
    expected = interval(pseudo)
    got = ratio_of_means(above, below)
    assert (got.mean, got.half_width, got.n) == pytest.approx((expected.mean, expected.half_width, 3))
    with pytest.raises(StatisticsError, match="at least 2 replications, not 1"):
        ratio_of_means([1.0], [1.0])
    with pytest.raises(StatisticsError, match="do not add up to 0"):
        ratio_of_means([1.0, 1.0], [1.0, 0.0])


def test_a_ratio_of_means_covers():
    """Sums over Poisson numbers of customers: E[above] / E[below] is 2, in 2,000 studies of 15 replications."""
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(2000):
        customers = rng.poisson(20, 15)
        above = [rng.exponential(2, n).sum() for n in customers]
        got = ratio_of_means(above, [float(n) for n in customers])
        inside += abs(got.mean - 2) <= got.half_width
    assert 0.93 <= inside / 2000 <= 0.97


@pytest.mark.parametrize(("n", "share"), [(60, 0.5), (60, 0.9), (400, 0.99), (6, 0.5)])
def test_order_statistics_cover_at_least_what_they_say(n, share):
    """Confidence is the binomial probability of the ranks, and that is how often it covers."""
    values = np.arange(1.0, n + 1)
    got = quantile_interval(values, share)
    ranks = stats.binom(n, share)
    assert got.confidence == pytest.approx(ranks.cdf(got.high - 1) - ranks.cdf(got.low - 1))
    assert got.confidence >= 0.95
    truth = -math.log(1 - share)
    drawn = [quantile_interval(row, share) for row in np.random.default_rng(3).exponential(1, (1000, n))]
    inside = np.mean([each.low <= truth <= each.high for each in drawn])
    assert abs(inside - got.confidence) <= 4 * math.sqrt(got.confidence * (1 - got.confidence) / 1000)


def test_quantiles_of_too_few_observations_are_refused():
    with pytest.raises(StatisticsError, match="needs at least 368 observations, not 100"):
        quantile_interval(range(100), 0.99)
    for share in (0.5, 0.9, 0.99, 0.05):
        need = observations_needed(share)
        quantile_interval(range(need), share)
        with pytest.raises(StatisticsError, match=f"at least {need} observations"):
            quantile_interval(range(need - 1), share)
    with pytest.raises(StatisticsError, match="share of a quantile is 1"):
        quantile_interval(range(10), 1.0)


def test_quantiles_by_replication():
    assert quantile_by_replication([[1, 2, 3, 4], [3, 4, 5, 6], []], 0.5) == interval([2.0, 4.0])


def test_decimals_follow_the_half_width():
    assert [decimals(half) for half in (0.0423, 0.0123, 1.0, 4.0, 96.0, 355.0, 99.6)] == [3, 3, 1, 1, 0, -1, -1]
    assert pair(52350.0, 3297.0) == ("52400", "3300")
    assert pair(0.3, 9.96) == ("0", "10")
    assert pair(-0.4, 12.0) == ("0", "12")
    assert pair(3.0, 1e-14) == ("3.000", "0")  # a sum of rounding errors is no spread


def test_no_mean_without_half_width():
    assert measured(Interval(0.81734, 0.0012, 5)) == "0.8173±.0012"
    assert measured(Interval(0.81734, math.nan, 1), 100, 1) == "81.7±?"
    assert measured(Interval(math.nan, math.nan, 0)) == "-"
    assert measured(Interval(-0.00001, 0.02, 5)) == "0.000±.020"
    assert sentence(Interval(1234.5, 96.0, 7), "USD") == "1234 ± 96 USD (n = 7)"
    assert sentence(Interval(0.2, math.nan, 1), "s") == "0.200 s (n = 1, no interval)"
    assert sentence(Interval(math.nan, math.nan, 0)) == "undefined (n = 0)"
    assert sentence(Interval(2.0, 0.0, 4)) == "2.000 ± 0 (n = 4)"
    assert counted([]) == "n = 0"
