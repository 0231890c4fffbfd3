"""Arrival processes against their distributions.

Statistical checks state their false-alarm probability; seeds are fixed, so a check that passed passes again.
"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from scipy import stats

from sim.demand.arrivals import ArrivalProcess, arrival_process, weekly_shape, weibull_shape
from sim.scenario import Arrivals, Diurnal
from sim.streams import Streams

KINDS = ("poisson", "deterministic", "gamma", "weibull", "diurnal", "bursts")
Z = 5.0  # two-sided false-alarm probability of a normal check: 5.7e-7
ALPHA = 1e-6  # false-alarm probability of a Kolmogorov-Smirnov check


def process(kind: str, rate: float = 1.0, seed: int = 1, **spec: Any) -> ArrivalProcess:
    streams = Streams(seed, 0)
    arrivals = TypeAdapter(Arrivals).validate_python({"kind": kind, "rate_per_s": rate, **spec})
    return arrival_process(arrivals, rate, streams.generator)


def times(source: ArrivalProcess, until_s: float, n: int = 8192) -> np.ndarray:
    """All arrivals before ``until_s``."""
    parts, horizon = [], 0.0
    while horizon < until_s:
        part, horizon = source.draw(n)
        parts.append(part)
    joined = np.concatenate(parts)
    return joined[joined < until_s]


@pytest.mark.parametrize(("kind", "spec", "law"), [
    ("poisson", {}, stats.expon(scale=1 / 3)),
    ("gamma", {"cv": 2.28}, stats.gamma(2.28**-2, scale=2.28**2 / 3)),
    ("gamma", {"cv": 0.3}, stats.gamma(0.3**-2, scale=0.3**2 / 3)),
    ("weibull", {"cv": 1.0}, stats.expon(scale=1 / 3)),
    ("weibull", {"cv": 2.28}, stats.weibull_min(weibull_shape(2.28),
                                                scale=1 / 3 / math.gamma(1 + 1 / weibull_shape(2.28)))),
])
def test_gaps_follow_their_distribution(kind, spec, law):
    drawn, _ = process(kind, rate=3.0, **spec).draw(50_000)
    gaps = np.diff(drawn, prepend=0.0)  # the first gap is a full one
    assert law.mean() == pytest.approx(1 / 3, rel=1e-9)
    assert law.std() / law.mean() == pytest.approx(spec.get("cv", 1.0), rel=1e-9)
    assert stats.kstest(gaps, law.cdf).pvalue > ALPHA
    assert abs(gaps.mean() - 1 / 3) < Z * law.std() / math.sqrt(len(gaps))


@pytest.mark.parametrize("cv", [0.051, 0.3, 0.5227232008770633, 1.0, 2.28, 7.0, 20.0])
def test_weibull_shape_gives_the_cv(cv):
    k = weibull_shape(cv)
    assert stats.weibull_min(k).std() / stats.weibull_min(k).mean() == pytest.approx(cv, rel=1e-9)


def test_weibull_shape_of_known_cases():
    assert weibull_shape(1.0) == pytest.approx(1.0, abs=1e-12)  # exponential
    assert weibull_shape(math.sqrt(4 / math.pi - 1)) == pytest.approx(2.0, abs=1e-12)  # Rayleigh


def test_deterministic_arrivals_are_exact():
    source = process("deterministic", rate=4.0)
    drawn = np.concatenate([source.draw(3)[0], source.draw(5)[0]])
    assert drawn.tolist() == [0.25 * i for i in range(1, 9)]


def test_week_has_the_given_mean_peak_and_weekend():
    spec = Diurnal(rate_per_s=1.0, peak_to_trough=3.6, peak_hour=14.0, weekend_factor=0.7)
    middle_of_minutes = (np.arange(7 * 24 * 60) + 0.5) * 60
    shape = weekly_shape(spec, middle_of_minutes)
    assert shape.mean() == pytest.approx(1.0, abs=1e-12)
    tuesday, saturday = 24 * 3600.0, 5 * 24 * 3600.0
    peak, trough = weekly_shape(spec, tuesday + np.array([14.0, 2.0]) * 3600)
    assert peak / trough == pytest.approx(3.6, rel=1e-12)
    assert shape[: 24 * 60].argmax() // 60 in (13, 14)
    weekend = weekly_shape(spec, np.array([saturday + 3 * 3600])) / weekly_shape(spec, np.array([3 * 3600.0]))
    assert weekend[0] == pytest.approx(0.7, rel=1e-12)


def test_start_hour_shifts_the_week():
    t = np.linspace(0, 3e5, 50)
    monday, saturday = Diurnal(rate_per_s=1.0), Diurnal(rate_per_s=1.0, start_hour=130.0)
    assert weekly_shape(saturday, t) == pytest.approx(weekly_shape(monday, t + 130 * 3600), rel=1e-9)


def test_thinned_arrivals_are_poisson_on_the_integrated_rate():
    spec = Diurnal(rate_per_s=0.05, peak_to_trough=8.0, weekend_factor=0.4)
    week = 7 * 86_400.0
    drawn = times(process("diurnal", rate=0.05, peak_to_trough=8.0, weekend_factor=0.4), week)
    edges = np.arange(0.0, week + 1, 30.0)
    mass = np.concatenate(([0.0], np.cumsum(weekly_shape(spec, edges[:-1] + 15.0) * 0.05 * 30.0)))
    gaps = np.diff(np.interp(drawn, edges, mass), prepend=0.0)
    assert stats.kstest(gaps, stats.expon.cdf).pvalue > ALPHA
    expected = 0.05 * week
    assert abs(len(drawn) - expected) < Z * math.sqrt(expected)


def burst_rates(rate: float, factor: float, burst_s: float, quiet_s: float) -> tuple[float, float]:
    quiet = rate * (burst_s + quiet_s) / (factor * burst_s + quiet_s)
    return quiet * factor, quiet


def test_bursts_have_the_long_run_mean_and_dispersion():
    """Counts in windows much longer than a cycle: mean and variance of the two-state MMPP (Fischer 1993)."""
    rate, factor, burst_s, quiet_s = 50.0, 8.0, 1.0, 4.0
    high, low = burst_rates(rate, factor, burst_s, quiet_s)
    leave_high, leave_low = 1 / burst_s, 1 / quiet_s
    both = leave_high + leave_low
    spread = (high - low) ** 2 * leave_high * leave_low
    dispersion = 1 + 2 * spread / (both**2 * (high * leave_low + low * leave_high))
    windows, window_s = 400, 100.0
    drawn = times(process("bursts", rate=rate, burst_factor=factor, burst_s=burst_s, quiet_s=quiet_s),
                  windows * window_s)
    total = rate * windows * window_s
    assert abs(len(drawn) - total) < Z * math.sqrt(dispersion * total)
    counts = np.bincount((drawn / window_s).astype(int), minlength=windows)
    # variance over a finite window: 1 - (1 - exp(-both T))/(both T) of the excess
    excess = (dispersion - 1) * (1 - (1 - math.exp(-both * window_s)) / (both * window_s))
    ratio = counts.var(ddof=1) / (rate * window_s * (1 + excess))
    assert abs(ratio - 1) < 6 * math.sqrt(2 / (windows - 1))  # near-normal counts: false alarm below 1e-5


def test_bursts_start_in_stationarity():
    """The mean count of a short first window is rate times window (5.7e-7)."""
    rate, window_s = 2.0, 10.0
    counts = np.array([
        len(times(process("bursts", rate=rate, seed=seed, burst_factor=10.0), window_s, 64))
        for seed in range(1500)
    ])
    assert abs(counts.mean() - rate * window_s) < Z * counts.std(ddof=1) / math.sqrt(len(counts))


@given(kind=st.sampled_from(KINDS), sizes=st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_block_sizes_change_nothing(kind, sizes):
    spec = {"bursts": {"burst_s": 0.5, "quiet_s": 0.1}, "gamma": {"cv": 3.0}}.get(kind, {})
    source, parts, horizon = process(kind, rate=2.0, **spec), [], 0.0
    for n in sizes:
        part, new_horizon = source.draw(n)
        assert new_horizon >= horizon
        assert (part >= horizon).all()
        assert (np.diff(part) >= 0).all()
        horizon = new_horizon
        parts.append(part)
    drawn = np.concatenate(parts)
    whole = times(process(kind, rate=2.0, **spec), math.nextafter(horizon, math.inf), n=100_000)
    assert drawn.tolist() == whole[: len(drawn)].tolist()


@pytest.mark.parametrize("kind", ["poisson", "deterministic", "gamma", "weibull"])
def test_rate_scales_the_same_arrivals(kind):
    slow, _ = process(kind, rate=1.0).draw(1000)
    fast, _ = process(kind, rate=4.0).draw(1000)
    assert fast * 4 == pytest.approx(slow, rel=1e-12)


def test_bursts_of_two_loads_coincide():
    slow = times(process("bursts", rate=20.0, burst_factor=50.0), 5000.0)
    fast = times(process("bursts", rate=40.0, burst_factor=50.0), 5000.0)
    a, b = (np.bincount((t / 30).astype(int), minlength=167) for t in (slow, fast))
    assert np.corrcoef(a, b)[0, 1] > 0.95
