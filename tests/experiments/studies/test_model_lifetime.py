"""A model as an investment: closed forms by hand, the published run it is held to, and sizes at least cost."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from experiments.studies.model_lifetime import investment, sizing
from experiments.studies.model_lifetime.assumed import Scaling, Training


def test_the_published_run_costs_what_was_published():
    """DeepSeek-V3: 37 B active, 14.8 T tokens, 2.788 M hours at 2 USD: 5.576 M USD (E117)."""
    published = Training(tokens_t=14.8)
    assert investment.final_run_usd(published, 37.0) == pytest.approx(5.576e6, rel=0.01)
    assert investment.model_cost_usd(published, 37.0) == pytest.approx(55.76e6, rel=0.01)


def test_a_flat_month_and_a_flat_year():
    """100 M USD at 1 T tokens a day: 3.33 USD a million in 30 days, .27 in a year: twelve times dearer."""
    month, year = (investment.usd_per_mtok(100e6, days * 1e12) for days in (30.0, 365.0))
    assert (month, year) == (pytest.approx(3.333, abs=1e-3), pytest.approx(0.274, abs=1e-3))


def test_a_halving_flow_is_worth_its_integral():
    """Half-life 2 months: 1 - 1/4 of 2 / ln 2 in four months, all of it in the end (E113)."""
    assert investment.lifelong(4.0, 2.0) == pytest.approx(0.75 * 2.0 / math.log(2.0))
    assert investment.lifelong(math.inf, 2.0) == pytest.approx(2.0 / math.log(2.0))
    assert investment.lifelong(7.0, math.inf) == 7.0
    months = np.arange(0.0, 6.0, 1e-3) + 5e-4
    worth = np.sum(2.0 ** (-months / 3.0) * 1.15 ** (-months / 12.0)) * 1e-3
    assert investment.lifelong(6.0, 3.0, 0.15) == pytest.approx(worth, rel=1e-6)


def test_a_model_breaks_even_when_its_return_is_nought():
    """Cost 30, gross profit 20 a month, half-life 2: L* = -ln(1 - 1.5 ln 2 / 2) x 2 / ln 2 = 2.12 months (E114)."""
    at = investment.break_even_months(30.0, 20.0, 2.0)
    assert at == pytest.approx(-math.log(1.0 - 0.75 * math.log(2.0)) * 2.0 / math.log(2.0))
    assert at == pytest.approx(2.117, abs=1e-3)
    assert investment.return_on(30.0, 20.0, investment.lifelong(at, 2.0)) == pytest.approx(0.0, abs=1e-12)
    assert investment.return_on(30.0, 20.0, 3.0) == 1.0
    assert investment.break_even_months(30.0, 20.0, math.inf) == 1.5
    assert investment.break_even_months(60.0, 20.0, 2.0) == math.inf  # 57.7 is all it can ever earn


def test_life_after_the_peak():
    """Peak 8 in month 2, 5 in month 3, 3 in month 4: half, 4, after 1.5 months."""
    assert investment.life_after_peak(np.array([1.0, 3.0, 8.0, 5.0, 3.0, 0.0])) == 1.5
    assert investment.life_after_peak(np.array([8.0, 0.0])) == 0.5
    assert math.isnan(investment.life_after_peak(np.array([1.0, 3.0, 8.0, 5.0])))
    assert math.isnan(investment.life_after_peak(np.zeros(3)))


def test_the_median_of_lives_that_have_not_all_ended():
    """Ends at 1, 3 and 5, two still there after 2 and 6: 4/5, 4/5 x 2/3, then half of that (E115)."""
    lives, seen = np.array([1.0, np.nan, 3.0, 5.0, np.nan]), np.array([9.0, 2.0, 9.0, 9.0, 6.0])
    assert investment.median_life(lives, seen) == 5.0
    assert investment.median_life(np.array([1.0, 2.0, 3.0]), np.full(3, 9.0)) == 2.0
    assert math.isnan(investment.median_life(np.array([1.0, np.nan, np.nan]), np.full(3, 9.0)))


SCALING = Scaling()


def test_without_serving_the_best_size_is_hoffmann_s():
    """alpha a = beta b, so that a = beta r / (alpha + beta) of what may remain, r (E116)."""
    found = sizing.best(SCALING, 2.0, 0.0)
    a = 0.283 * 0.31 / (0.336 + 0.283)
    assert found.size == pytest.approx((406.4 / a) ** (1 / 0.336), rel=1e-6)
    assert found.tokens == pytest.approx((410.7 / (0.31 - a)) ** (1 / 0.283), rel=1e-6)
    assert found.operations == pytest.approx(6 * found.size * found.tokens)
    assert sizing.loss(SCALING, found.size, found.tokens) == pytest.approx(2.0)


@pytest.mark.parametrize(("served", "dearer"), [(1e12, 1.0), (1e14, 1.0), (1e13, 5.0)])
def test_the_best_size_is_the_cheapest(served, dearer):
    """Against a search that knows nothing of the first-order condition."""
    scaling = Scaling(dearer_serving=dearer)

    def cost(log_size: float) -> float:
        size = math.exp(log_size)
        return math.log(sizing.operations(scaling, size, sizing.tokens_for(scaling, size, 2.0), served))

    found = sizing.best(scaling, 2.0, served)
    low = math.log((406.4 / 0.31) ** (1 / 0.336)) + 1e-6
    searched = minimize_scalar(cost, bounds=(low, low + 8.0), method="bounded", options={"xatol": 1e-9})
    assert math.log(found.size) == pytest.approx(searched.x, abs=1e-3)
    assert math.log(found.operations) == pytest.approx(searched.fun, abs=1e-9)
    hoffmann = sizing.best(scaling, 2.0, 0.0)
    assert found.size < hoffmann.size
    assert found.tokens > hoffmann.tokens


def test_a_size_that_is_too_small_reaches_no_loss():
    assert sizing.tokens_for(SCALING, 1e6, 2.0) == math.inf
