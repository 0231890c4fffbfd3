"""Many differences and the best of many: Holm against statsmodels, selections as often right as they say."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from experiments.stats import Interval, interval
from experiments.stats.multiple import holm, p_value, verdicts
from experiments.stats.refusals import StatisticsError
from experiments.stats.selection import best_of, replications_needed, two_stage

NAMES = "abcde"


def test_holm_agrees_with_statsmodels():
    rng = np.random.default_rng(1)
    for size in (1, 2, 7, 30):
        ps = list(rng.random(size) ** 3)
        assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])


def test_holm_skips_what_is_undefined():
    assert holm([0.01, math.nan, 0.04])[::2] == pytest.approx([0.02, 0.04])
    assert math.isnan(holm([0.01, math.nan])[1])


def test_p_values_are_those_of_the_t_test():
    values = list(np.random.default_rng(2).normal(0.5, 1, 12))
    expected = stats.ttest_1samp(values, 0.0).pvalue
    assert p_value(interval(values)) == pytest.approx(expected)
    assert p_value(interval(values, 0.8), 0.8) == pytest.approx(expected)
    assert (p_value(Interval(0.0, 0.0, 5)), p_value(Interval(1.0, 0.0, 5))) == (1.0, 0.0)
    assert math.isnan(p_value(Interval(1.0, math.nan, 1)))


def test_holm_keeps_the_risk_of_any_wrong_claim():
    """Ten true nulls in 2,000 studies: some claim in 5 % at most (standard error .005); without it in 40 %."""
    rng = np.random.default_rng(3)
    wrong = alone = 0
    for _ in range(2000):
        found = verdicts({str(i): interval(list(row)) for i, row in enumerate(rng.normal(0, 1, (10, 8)))})
        wrong += any(each.differs for each in found.values())
        alone += any(each.p <= 0.05 for each in found.values())
    assert 0.03 <= wrong / 2000 <= 0.07
    assert alone / 2000 > 0.3


def study(rng, means, n, common=2.0):
    """Values by competitor: means, private noise of 1 and noise that all share."""
    return dict(zip(NAMES, np.asarray(means)[:, None] + rng.normal(0, 1, (len(means), n)) + rng.normal(0, common, n),
                    strict=False))


def test_the_best_is_among_the_contenders():
    rng = np.random.default_rng(4)
    got = [best_of(study(rng, (0, 0.2, 0.5, 1, 2), 10)) for _ in range(2000)]
    assert np.mean(["a" in each.contenders for each in got]) >= 0.95 - 4 * 0.0049
    assert np.mean(["e" in each.contenders for each in got]) < 0.1
    assert {each.n for each in got} == {10}


def test_larger_can_be_better():
    rng = np.random.default_rng(5)
    values = study(rng, (0, 1, 5), 20)
    assert best_of(values).best == "a"
    assert best_of(values, larger=True).contenders == ("c",)


def test_two_stages_pick_the_best_with_the_probability():
    """The hardest case for a rule: all others are worse by just the indifference."""
    rng = np.random.default_rng(6)

    def play(_):
        return {name: float(values[0]) for name, values in study(rng, (0, 0.5, 0.5, 0.5, 0.5), 1).items()}

    got = [two_stage(play, 0.5, probability=0.9) for _ in range(500)]
    assert np.mean([each.best == "a" for each in got]) >= 0.9
    assert 30 < np.mean([each.n for each in got]) < 100


def test_common_random_numbers_save_replications():
    """Noise that all share costs nothing in pairs; of independent runs it would need (1 + 4) times as many."""
    rng = np.random.default_rng(7)
    shared = study(rng, (0, 0, 0), 200)
    apart = {name: rng.normal(0, math.sqrt(5), 200) for name in "abc"}
    need = [replications_needed(values, 0.1, 0.95) for values in (shared, apart)]
    assert need[1] / need[0] == pytest.approx(5, rel=0.3)
    # (t * standard deviation of a difference / indifference)^2, with t(.975; 199) = 1.972 and a variance of 2
    assert need[0] == pytest.approx((1.972 / 0.1) ** 2 * 2, rel=0.25)


def test_mistakes_are_told():
    with pytest.raises(StatisticsError, match="at least 2 competitors"):
        best_of({"a": [1.0, 2.0]})
    with pytest.raises(StatisticsError, match="different numbers of replications: a 2, b 1"):
        best_of({"a": [1.0, 2.0], "b": [1.0]})
    with pytest.raises(StatisticsError, match="at least 2 replications that all have values of, not 1"):
        best_of({"a": [1.0, math.nan], "b": [1.0, 2.0]})
    with pytest.raises(StatisticsError, match="indifference is 0"):
        replications_needed({"a": [1.0, 2.0], "b": [1.0, 2.0]}, 0.0)
    with pytest.raises(StatisticsError, match="replications, but most is 30"):
        two_stage(lambda r: {"a": float(r % 7), "b": float(r % 5)}, 0.01, most=30)
    with pytest.raises(StatisticsError, match="replication 0 has no value of b"):
        two_stage(lambda r: {"a": 1.0, "b": math.nan}, 1.0)
