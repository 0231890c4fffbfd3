"""One long run: the end of its warm-up by MSER-5 and its interval by batch means, on series with known answers."""

import numpy as np
import pytest

from experiments.stats.batch_means import batch_means, lag1_correlation
from experiments.stats.intervals import t_quantile
from experiments.stats.mser import common_warm_up, warm_up
from experiments.stats.refusals import StatisticsError
from theory.series import ar1, stationary_wait, waits


def test_the_cut_minimises_the_squared_standard_error():
    """Against the definition of MSER-5, evaluated cut by cut."""
    rng = np.random.default_rng(5)
    for series in [*ar1(rng, 20, 503, 0.8, start=15.0), *(1e6 + ar1(rng, 5, 503, 0.8, start=15.0))]:
        means = series[:500].reshape(100, 5).mean(axis=1)
        errors = [means[d:].var() / (100 - d) for d in range(95)]
        got = warm_up(series)
        assert got.cut == 5 * int(np.argmin(errors))
        assert got.statistic == pytest.approx(min(errors), rel=1e-6)


def test_mser_finds_the_transient_of_an_ar1():
    """From 50, a process with phi = .9 and standard deviation 2.3 is below half of that after 36 steps."""
    cuts, raw, kept = [], [], []
    for series in ar1(np.random.default_rng(1), 500, 1000, 0.9, start=50.0):
        try:
            got = warm_up(series)
        except StatisticsError:
            continue
        cuts.append(got.cut)
        raw.append(series.mean())
        kept.append(series[got.cut:].mean())
    assert len(cuts) >= 485  # 1 % of such runs are refused, their smallest error being in the second half by chance
    assert 20 <= np.quantile(cuts, 0.05) <= np.median(cuts) <= 40
    assert np.quantile(cuts, 0.9) < 150
    # deleting nothing leaves a bias of 50 / (1 - .9) / 1000 = 0.5; the standard error of these means is 0.014
    assert np.mean(raw) == pytest.approx(0.5, abs=0.06)
    assert abs(np.mean(kept)) < 0.06


def test_mser_deletes_little_where_there_is_no_transient():
    cuts = [warm_up(series).cut for series in ar1(np.random.default_rng(2), 300, 1000, 0.5)]
    assert np.median(cuts) == 0
    assert np.quantile(cuts, 0.9) <= 100


def test_a_run_that_is_too_short_is_refused():
    with pytest.raises(StatisticsError, match="in the second half"):
        warm_up(np.linspace(0.0, 1.0, 200))
    with pytest.raises(StatisticsError, match="49 observations, but MSER-5 needs at least 50"):
        warm_up([0.0] * 49)
    with pytest.raises(StatisticsError, match="observation 3 of 100 is nan"):
        warm_up([1.0, 2.0, np.nan, *[1.0] * 97])


def test_compared_scenarios_share_the_longest_warm_up():
    rng = np.random.default_rng(3)
    slow, fast = ar1(rng, 5, 2000, 0.98, start=200.0), ar1(rng, 5, 2000, 0.5, start=5.0)
    got = common_warm_up({"fast": list(fast), "slow": list(slow)})
    assert got == warm_up(slow.mean(axis=0))
    assert got.cut > 4 * warm_up(fast.mean(axis=0)).cut
    with pytest.raises(StatisticsError, match="up: the run is too short"):
        common_warm_up({"fast": list(fast), "up": [np.linspace(0, 1, 2000)]})
    with pytest.raises(StatisticsError, match="series of 'long' differ in length"):
        common_warm_up({"fast": list(fast), "long": [np.zeros(2005)]})


def test_lag_1_correlation_of_an_ar1_is_phi():
    """Of 400 values it is biased by -(1 + 3 phi) / n = -.007 (Kendall 1954), and the error of 500 mean is .002."""
    got = np.mean([lag1_correlation(series) for series in ar1(np.random.default_rng(4), 500, 400, 0.6)])
    assert got == pytest.approx(0.6 - 0.007, abs=0.007)


def test_batch_means_of_an_ar1():
    """Var of the mean of n values is 1 / (1 - phi)^2 / n; coverage of .95 in 2,000 has a standard error of .0049."""
    n, inside, widths, refused = 4000, 0, [], 0
    for series in ar1(np.random.default_rng(6), 2000, n, 0.5):
        try:
            got = batch_means(series).interval
        except StatisticsError:
            refused += 1
            continue
        inside += abs(got.mean) <= got.half_width
        widths.append(got.half_width)
    assert refused < 100  # of series without a fault the check refuses 2 %, of these slightly correlated ones 2.6 %
    assert 0.93 <= inside / len(widths) <= 0.97
    # E[s] = 0.987 sigma for 20 values
    assert np.mean(widths) == pytest.approx(0.987 * t_quantile(19, 0.975) * 2 / np.sqrt(n), rel=0.02)


def test_batch_means_cover_the_wait_in_an_m_m_1():
    """Steady-state wait rho / (1 - rho), from 2,000 runs of 20,000 customers that start in steady state."""
    rng, rho, covered = np.random.default_rng(7), 0.5, []
    for _ in range(20):
        for series in waits(rng, 100, 20_000, rho, stationary_wait(rng, 100, rho)):
            try:
                got = batch_means(series).interval
            except StatisticsError:
                continue
            covered.append(abs(got.mean - rho / (1 - rho)) <= got.half_width)
    assert len(covered) > 1900
    assert 0.93 <= np.mean(covered) <= 0.97


def test_batches_that_depend_on_each_other_are_refused():
    series = ar1(np.random.default_rng(8), 1, 2000, 0.99)[0]
    with pytest.raises(StatisticsError, match=r"lag-1 correlation of 0\.[0-9]*, above 0\.2"):
        batch_means(series)
    with pytest.raises(StatisticsError, match="99 observations are left, but 20 batches need at least 100"):
        batch_means([1.0] * 99)


def test_batches_leave_out_what_fills_none_at_the_front():
    got = batch_means([*[1e9] * 3, *[1.0, 3.0] * 200])
    assert (got.interval.mean, got.size, got.unused, got.interval.n) == (2.0, 20, 3, 20)
