"""Token counts against their distributions. Normal checks are at 5 sigma: false alarm 5.7e-7."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.demand.lengths import LengthSampler, mean_tokens
from sim.engines.requests import MAX_TOKENS
from sim.scenario import Lengths

Z = 5.0
N = 200_000

QUANTILES = {"kind": "quantiles",
             "probabilities": (0, 0.2, 0.5, 1), "values": (10, 100, 100, 5000)}
SPECS: tuple[dict[str, Any], ...] = (
    {"mean": 1500, "cv": 1.0},
    {"mean": 300, "cv": 2.5, "minimum": 20, "maximum": 2000},
    {"mean": 800, "cv": 0.0},
    {"kind": "constant", "mean": 77},
    {"kind": "constant", "mean": 0.2},
    {"kind": "exponential", "mean": 3.5},
    {"kind": "exponential", "mean": 200, "minimum": 50, "maximum": 300},
    {"kind": "exponential", "mean": 0.5},
    QUANTILES,
    {**QUANTILES, "minimum": 60, "maximum": 1000},
)


def sampler(seed: int = 3, **spec: Any) -> LengthSampler:
    return LengthSampler(Lengths(**spec), np.random.Generator(np.random.PCG64DXSM(seed)))


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_sample_mean_is_the_mean_within_limits(spec):
    drawn = sampler(**spec).draw(N).astype(float)
    rounding = 0.02  # tokens: of lognormal and quantiles, see mean_tokens
    assert abs(drawn.mean() - mean_tokens(Lengths(**spec))) < Z * drawn.std() / math.sqrt(N) + rounding


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_counts_are_int32_within_limits(spec):
    drawn, limits = sampler(**spec).draw(10_000), Lengths(**spec)
    assert drawn.dtype == np.int32
    assert limits.minimum <= drawn.min() <= drawn.max() <= limits.maximum


@pytest.mark.parametrize("spec", SPECS, ids=str)
@given(sizes=st.lists(st.integers(0, 50), max_size=6))
def test_grouping_changes_no_draw(spec, sizes):
    parts = sampler(**spec)
    grouped = np.concatenate([np.empty(0, np.int32), *(parts.draw(n) for n in sizes)])
    assert grouped.tolist() == sampler(**spec).draw(sum(sizes)).tolist()


def test_lognormal_has_its_mean_and_cv():
    drawn = sampler(mean=1e6, cv=0.8, maximum=2_000_000_000).draw(N).astype(float)
    sigma2 = math.log1p(0.8**2)
    law = stats.lognorm(math.sqrt(sigma2), scale=1e6 * math.exp(-sigma2 / 2))
    assert law.mean() == pytest.approx(1e6)
    assert law.std() == pytest.approx(0.8e6)
    assert stats.kstest(drawn, law.cdf).pvalue > 1e-6  # rounding moves the distribution by 1e-6 only


def test_exponential_is_the_geometric_of_its_mean():
    drawn = sampler(kind="exponential", mean=4.0).draw(N)
    counts = np.bincount(drawn, minlength=40)[1:31]
    expected = N * stats.geom(1 / 4.0).pmf(np.arange(1, 31))
    assert (np.abs(counts - expected) < Z * np.sqrt(expected)).all()  # 30 cells: false alarm 1.7e-5 in all


def test_quantiles_are_interpolated():
    drawn = sampler(**QUANTILES).draw(N)
    for probability, value in ((0.1, 55), (0.75, 2550), (0.9, 4020)):
        error = abs(np.mean(drawn <= value) - probability)
        rounding = 0.002  # half a token of the steepest piece
        assert error < Z * math.sqrt(probability * (1 - probability) / N) + rounding
    assert abs(np.mean(drawn == 100) - 0.3) < Z * math.sqrt(0.21 / N) + 0.002  # the flat piece, and rounding


@pytest.mark.parametrize("kind", ["lognormal", "constant", "exponential"])
def test_a_billion_tokens_fit(kind):
    spec = {"kind": kind, "mean": 1e9, "maximum": MAX_TOKENS}
    drawn = sampler(**spec).draw(1000)
    assert drawn.min() >= 1
    assert drawn.max() <= MAX_TOKENS
    assert drawn.mean() > 3e8
    if kind == "exponential":
        uncut = Lengths(kind=kind, mean=1e6, maximum=MAX_TOKENS)
        assert mean_tokens(uncut) == pytest.approx(1e6, rel=1e-9)


@pytest.mark.parametrize(("spec", "mean"), [
    ({"kind": "constant", "mean": 12.4}, 12.0),
    ({"kind": "exponential", "mean": 7.5}, 7.5),
    ({"mean": 1500, "cv": 0.5}, 1500.0),
    ({**QUANTILES}, 0.2 * 55 + 0.3 * 100 + 0.5 * 2550),
    ({**QUANTILES, "maximum": 100}, 0.2 * 55 + 0.8 * 100),
])
def test_means_by_hand(spec, mean):
    assert mean_tokens(Lengths(**spec)) == pytest.approx(mean, rel=1e-6)


def test_the_mean_of_quantiles_follows_from_them():
    spec = Lengths(kind="quantiles", probabilities=(0.0, 0.5, 1.0), values=(0, 100, 500))
    assert spec.mean == 175.0
    assert Lengths(**spec.model_dump()) == spec
    with pytest.raises(ValueError, match="mean is 100, but that of the quantiles is 175; leave it out"):
        Lengths(kind="quantiles", probabilities=(0.0, 0.5, 1.0), values=(0, 100, 500), mean=100)
    with pytest.raises(ValueError, match="as many values as probabilities"):
        Lengths(kind="quantiles", probabilities=(0.0, 1.0), values=(0, 100, 500))
    with pytest.raises(ValueError, match="mean"):
        Lengths(kind="exponential")
