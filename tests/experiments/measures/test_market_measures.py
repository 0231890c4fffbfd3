"""Measures of a market against cases worked out by hand, and properties that hold for all data."""

from dataclasses import FrozenInstanceError, replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.measures.catalogue import measure
from experiments.measures.market import elasticities, latency, posted, providers, retention, shares
from experiments.measures.market.cells import Panel, by_segment, market
from experiments.measures.market.decomposition import Split, chained, lmdi, shapley, summed
from experiments.measures.market.panel import by_group, by_period, offer_series, workload_series
from experiments.measures.market.periods import calendar_months
from experiments.measures.market.price_series import (
    blended_usd,
    cheapest,
    constant_quality_index,
    fitted,
    same_model_index,
    trend,
    usd_per_mtok,
)
from experiments.measures.market.regression import newey_west, ols
from experiments.measures.market.run import Run
from sim.market.board import PriceChange
from sim.market.ledger import Account, Ledger
from sim.market.prices import Prices
from sim.market.result import PoolDay
from sim.units import DAY_S
from worlds.hand_market import hand_market

METHODS = pytest.mark.parametrize("method", [shapley, lmdi])

# Decomposition of spend


@METHODS
def test_prices_alone_are_all_price(method):
    got = method(np.array([[20.0, 60.0], [10.0, 30.0]]), np.array([[10, 20], [10, 20]]))
    assert got == pytest.approx(Split(price=-40.0, volume=0.0, mix=0.0), abs=1e-12)


@METHODS
def test_growth_alone_is_all_volume(method):
    got = method(np.array([[20.0, 60.0], [40.0, 120.0]]), np.array([[10, 20], [20, 40]]))
    assert got == pytest.approx(Split(price=0.0, volume=80.0, mix=0.0), abs=1e-12)


@METHODS
def test_a_move_to_a_dearer_model_is_all_mix(method):
    got = method(np.array([[10.0, 0.0], [0.0, 30.0]]), np.array([[10, 0], [0, 10]]))
    assert got == pytest.approx(Split(price=0.0, volume=0.0, mix=20.0), abs=1e-12)


def test_shapley_of_one_model_by_hand():
    # price 2 to 1, tokens 10 to 30: -1 * (10 + 30) / 2, and 20 * (2 + 1) / 2
    got = shapley(np.array([[20.0], [30.0]]), np.array([[10], [30]]))
    assert got == pytest.approx(Split(price=-20.0, volume=30.0, mix=0.0))


def test_a_price_that_lacks_follows_the_level_that_all_prices_are_known_to_have_moved_by():
    """All prices halve: the model that goes would cost 1 now, and the one that comes would have cost 6 before.

    Each has all ten tokens of a period, so half of its fall is price: -1 * 5 and -3 * 5. Mix is a share lost at a mean
    of 1.5 USD and one won at 4.5, of ten tokens.
    """
    got = shapley(np.array([[20.0, 0.0], [0.0, 30.0]]), np.array([[10, 0], [0, 10]]), 0.5)
    assert got == pytest.approx(Split(price=-20.0, volume=0.0, mix=30.0))


def test_lmdi_of_one_model_by_hand():
    # weight L(30, 20) = 10 / ln 1.5, times ln(1/2) and ln 3
    got = lmdi(np.array([[20.0], [30.0]]), np.array([[10], [30]]))
    assert got == pytest.approx(Split(-10 * np.log(2) / np.log(1.5), 10 * np.log(3) / np.log(1.5), 0.0))


@METHODS
def test_from_and_to_nothing_is_all_volume(method):
    spend, tokens = np.array([[0.0, 0.0], [6.0, 30.0]]), np.array([[0, 0], [3, 10]])
    assert method(spend, tokens) == pytest.approx(Split(0.0, 36.0, 0.0))
    assert method(spend[::-1], tokens[::-1]) == pytest.approx(Split(0.0, -36.0, 0.0))
    assert method(0 * spend, 0 * tokens) == Split(0.0, 0.0, 0.0)


@METHODS
def test_a_model_that_becomes_free_is_all_price(method):
    assert method(np.array([[20.0], [0.0]]), np.array([[10], [10]])) == pytest.approx(Split(-20.0, 0.0, 0.0))


@METHODS
@pytest.mark.parametrize(("spend", "tokens"), [([[-1.0], [1.0]], [[1], [1]]), ([[1.0], [1.0]], [[0], [1]]),
                                               ([[np.nan], [1.0]], [[1], [1]]), ([[1.0], [1.0]], [[-1], [1]])])
def test_nonsense_is_refused(method, spend, tokens):
    with pytest.raises(ValueError, match=r"spend|tokens"):
        method(np.array(spend), np.array(tokens))


def markets(periods=2):
    """Whole numbers of tokens and integer prices of up to six models, with plenty of zeros."""
    return st.integers(1, 6).flatmap(lambda n: st.tuples(
        arrays(np.int64, (periods, n), elements=st.one_of(st.just(0), st.integers(1, 10**9))),
        arrays(np.int64, (periods, n), elements=st.one_of(st.just(0), st.integers(1, 10**5))),
    ))


def test_a_trend_leaves_zeros_and_gaps_out():
    day = np.arange(8.0)
    value = np.exp(-0.01 * day)
    broken = value.copy()
    broken[[2, 5]] = 0.0, np.nan
    assert fitted(day, broken).slope_per_year == pytest.approx(-0.01 * 365.25)
    assert fitted(day, broken).fall_per_year == pytest.approx(np.exp(3.6525))


def test_a_trend_is_told_of_a_quarter_of_a_year_or_more():
    day = np.arange(120.0)
    value = np.exp(-0.01 * day)
    assert trend(day[:92], value[:92]).fall_per_year == pytest.approx(np.exp(3.6525))
    short = trend(day[:91], value[:91])
    assert np.isnan([short.slope_per_year, short.std_error, short.fall_per_year]).all()
    assert short.note == "not estimable from 91 days: a trend a year takes 92 or more"
    gone = value.copy()
    gone[91:] = np.nan  # a series that ends: its days count, not those of the run
    assert trend(day, gone).note.startswith("not estimable from 91 days")
    assert trend(day, np.full(120, np.nan)).note.startswith("not estimable from 0 days")
    few = np.full(120, np.nan)
    few[[0, 119]] = 1.0, 2.0
    assert trend(day, few).note == "not estimable from 120 days: too few of them have a price"


def test_a_trend_whose_interval_spans_orders_of_magnitude_is_not_told():
    """The widest interval that is told reaches from the factor a year over sqrt(10) to that times sqrt(10)."""
    day, noise = np.arange(300.0), np.random.default_rng(4).normal(0, 1, 300).cumsum()
    error = fitted(day, np.exp(noise)).std_error
    limit = np.log(10) / (2 * 1.96)
    for scale, told in ((0.99 * limit / error, True), (1.01 * limit / error, False)):
        got = trend(day, np.exp(scale * noise))
        assert np.isfinite(got.fall_per_year) == told
        why = "not estimable from 300 days: its 95 % interval spans more than a factor of 10 a year"
        assert got.note == ("" if told else why)


def test_the_error_of_a_trend_has_the_lags_of_newey_and_west():
    """500 days have 4 (500 / 100)^(2/9) = 5.7, so five lags."""
    day, noise = np.arange(500.0), np.random.default_rng(1).normal(0, 0.1, 500).cumsum()
    x = np.column_stack([np.ones(500), day / 365.25])
    by_hand = newey_west(noise, x, 5, prewhiten=True)
    assert fitted(day, np.exp(noise)).std_error == pytest.approx(by_hand.std_errors[1])
    assert by_hand.std_errors[1] != pytest.approx(newey_west(noise, x, 6, prewhiten=True).std_errors[1])


def test_offers_that_were_free_or_become_free_move_no_index():
    price = np.array([[1.0, 0.0, 2.0], [2.0, 5.0, 0.0], [2.0, 5.0, 3.0]])
    np.testing.assert_allclose(same_model_index(price, np.ones((3, 3), bool)), [1.0, 2.0, 2.0])


def test_free_offers_are_in_no_elasticity():
    tokens = np.array([[100.0, 25.0, 6.25, 400.0, 0.0, 9.0]])
    price = np.array([[1.0, 2.0, 4.0, 0.0, 3.0, np.nan]])  # a free one, one unused, one not listed
    assert elasticities.across_models(tokens, price).value == pytest.approx(-2.0)
    assert elasticities.within_models(tokens, price, np.zeros(6, np.int64)).value == pytest.approx(-2.0)


def test_the_logarithmic_mean_of_what_is_nearly_equal_is_their_mean():
    """A price that rises by a ten-millionth: (a - b) / ln(a / b) would lose half its digits."""
    rise = 1e-7
    got = lmdi(np.array([[1.0], [1.0 + rise]]), np.array([[1], [1]]))
    assert got.price == pytest.approx((1 + rise / 2) * np.log1p(rise), rel=1e-8, abs=0)


@METHODS
@given(market=markets())
@settings(max_examples=150, deadline=None)
def test_effects_add_up_whatever_enters_or_leaves(method, market):
    tokens, prices = market
    spend = tokens * prices
    got = method(spend, tokens)
    assert got.total == pytest.approx(float(spend[1].sum() - spend[0].sum()), rel=1e-9, abs=1e-9 * (1 + spend.sum()))


@METHODS
@given(market=markets(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_order_unit_and_direction_do_not_matter(method, market, data):
    tokens, prices = market
    spend = tokens * prices
    got, size = method(spend, tokens), 1e-9 * (1 + spend.sum())
    order = data.draw(st.permutations(range(tokens.shape[1])))
    assert method(spend[:, order], tokens[:, order]) == pytest.approx(got, abs=size)
    assert method(7 * spend, 1000 * tokens) == pytest.approx(Split(*(7 * x for x in got)), abs=7 * size)
    assert method(spend[::-1], tokens[::-1]) == pytest.approx(Split(*(-x for x in got)), abs=size)


@given(market=markets(periods=4))
@settings(max_examples=60, deadline=None)
def test_a_chain_adds_up_to_the_whole_change(market):
    tokens, prices = market
    spend = tokens * prices
    got = summed(chained(spend, tokens))
    assert got.total == pytest.approx(float(spend[-1].sum() - spend[0].sum()), abs=1e-9 * (1 + spend.sum()))


# Prices


def test_blended_price_is_three_to_one():
    assert blended_usd(np.array([[1_000_000, 5_000_000, 100_000]])) == pytest.approx([2.0])
    assert Prices(1000, 5000, 100).blended() == 2000.0


def test_cheapest_takes_listed_good_and_charged_offers_only():
    price = np.array([[1.0, 5.0, 3.0, 0.0], [1.0, 5.0, 3.0, 0.0], [1.0, 4.0, 3.0, 0.0]])
    listed = np.array([[1, 1, 1, 1], [1, 1, 0, 1], [1, 0, 0, 1]], bool)
    got = cheapest(price, listed, np.array([0.2, 0.9, 0.8, 0.9]), 0.8)
    np.testing.assert_array_equal(got, [3.0, 5.0, np.nan])


def test_same_model_index_is_the_mean_log_change_of_offers_that_stay():
    price = np.array([[4.0, 1.0, 9.0], [2.0, 1.0, 1.0], [2.0, 1.0, 0.5]])
    listed = np.array([[1, 1, 0], [1, 1, 1], [1, 0, 1]], bool)  # the third enters, the second leaves
    np.testing.assert_allclose(same_model_index(price, listed), [1.0, 0.5**0.5, 0.5**0.5 * 0.5**0.5])


def test_constant_quality_index_averages_the_levels_of_the_first_day():
    price = np.array([[1.0, 8.0, 2.0]] * 2)
    listed = np.array([[1, 1, 0], [1, 1, 1]], bool)  # the third is as good as the second, at a quarter
    got = constant_quality_index(price, listed, np.array([0.2, 0.9, 0.95]))
    np.testing.assert_allclose(got, [1.0, np.sqrt(1 / 4)])
    assert constant_quality_index(price, listed & False, np.ones(3)).tolist() == [1.0, 1.0]


def test_price_paid_is_spend_over_tokens():
    np.testing.assert_array_equal(usd_per_mtok(np.array([6000, 0]), np.array([3, 0])), [2.0, np.nan])


def test_trend_recovers_an_exponential_and_skips_gaps():
    day = np.arange(400)
    value = 5.0 * 10.0 ** (-day / 365.25)
    value[::7] = np.nan
    got = trend(day, value)
    assert got.fall_per_year == pytest.approx(10.0)
    assert got.std_error < 1e-9


@pytest.mark.analytical
def test_trend_is_honest_about_correlated_residuals():
    """Slope 0 with AR(1) residuals (0.95): 2-sigma intervals miss about one time in 20, plain ones more than half.

    Of 300 series more than 30 would miss with a chance below 1e-3 if one in twenty-five does in truth.
    """
    random, n, missed, naive = np.random.default_rng(5), 500, 0, 0
    shocks = random.normal(size=(300, n))
    series = np.zeros((300, n))
    for t in range(1, n):
        series[:, t] = 0.95 * series[:, t - 1] + shocks[:, t]
    x = np.column_stack([np.ones(n), np.arange(n) / 365.25])
    for row in series:
        got = fitted(np.arange(n), np.exp(row))
        plain = ols(row, x, np.arange(n))
        missed += abs(got.slope_per_year) > 2 * got.std_error
        naive += abs(plain.coefficients[1]) > 2 * plain.std_errors[1]
    assert missed <= 30
    assert naive > 150


# Regressions and elasticities


def test_white_and_newey_west_without_lags_agree():
    random = np.random.default_rng(1)
    x = np.column_stack([np.ones(50), random.normal(size=50)])
    y = x @ [1.0, 2.0] + random.normal(size=50)
    np.testing.assert_allclose(ols(y, x, np.arange(50)).std_errors, newey_west(y, x, 0).std_errors)


def test_clustered_error_of_a_mean_by_hand():
    y, cluster = np.array([1.0, 2.0, 6.0, 7.0]), np.array([0, 0, 1, 1])
    got = ols(y, np.ones((4, 1)), cluster)  # residual sums -5 and 5; bread 1/4; factor 2/1 * 3/3
    assert got.coefficients == pytest.approx([4.0])
    assert got.std_errors == pytest.approx([np.sqrt(2 * 50 / 16)])


def test_the_two_elasticities_are_told_apart():
    """Dear models are used more (+0.5), but within each model tokens answer with -1.5."""
    random = np.random.default_rng(2)
    offer_model = np.repeat(np.arange(20), 4)
    level = np.exp(random.normal(size=20))
    price = level[offer_model] * np.exp(0.3 * random.normal(size=(6, 80)))
    tokens = 1e9 * level[offer_model] ** 2.0 * price**-1.5
    within = elasticities.within_models(tokens, price, offer_model)
    assert within.value == pytest.approx(-1.5)
    assert (within.n, within.r_squared) == (480, pytest.approx(1.0))
    model_price = np.tile(level, (6, 1))
    across = elasticities.across_models(1e9 * model_price**0.5, model_price)
    assert across.value == pytest.approx(0.5)


def test_a_model_sold_by_one_or_at_one_price_says_nothing():
    alone = elasticities.within_models(np.ones((3, 2)), np.array([[1.0, 2.0]] * 3), np.array([0, 1]))
    tied = elasticities.within_models(np.array([[5.0, 3.0]]), np.ones((1, 2)), np.array([0, 0]))
    assert np.isnan(alone.value)
    assert np.isnan(tied.value)


@pytest.mark.analytical
def test_intervals_cover_the_true_elasticity():
    """95 % intervals with 40 clusters; 200 data sets, alarm below 180 covered: chance below 1e-3 at a true 94 %."""
    random, covered = np.random.default_rng(3), 0
    offer_model = np.repeat(np.arange(40), 3)
    for _ in range(200):
        price = np.exp(random.normal(size=(4, 120)))
        noise = 0.5 * random.normal(size=120) + 0.5 * random.normal(size=(4, 120))  # offers are good or bad for good
        got = elasticities.within_models(np.exp(10 + noise) * price**-1.1, price, offer_model)
        covered += abs(got.value + 1.1) <= 2.02 * got.std_error
    assert covered >= 180


# Shares, surplus, latency


def test_shares_and_concentration():
    np.testing.assert_allclose(shares.hhi(np.array([[1, 1, 0], [5, 0, 0], [0, 0, 0]])), [0.5, 1.0, np.nan])
    np.testing.assert_allclose(shares.shares(np.array([1, 3])), [0.25, 0.75])
    assert shares.weighted_mean(np.array([2.0, np.nan, 5.0]), np.array([1, 0, 2])) == pytest.approx(4.0)
    assert shares.single_model_share(np.array([[9, 1], [8, 2], [0, 0]])) == 0.5


def test_quality_is_that_of_the_workloads_own_task():
    got = shares.used_quality(np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([0, 1]), np.array([[1, 0], [-1, 1]]))
    np.testing.assert_array_equal(got, [[0.2, 0.3], [np.nan, 0.4]])


@given(arrays(np.int64, (5, 4), elements=st.integers(0, 10**15)), st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_sums_lose_nothing(values, groups):
    group = np.array(groups)
    assert by_period(values, group, 3).sum() == values.sum()
    np.testing.assert_array_equal(by_group(values.T, group, 3), by_period(values, group, 3).T)


def test_months_of_a_run():
    got = calendar_months(date(2025, 12, 30), 35)
    assert got.labels == ("2025-12", "2026-01", "2026-02")
    assert got.days.tolist() == [2, 31, 2]
    assert got.first.tolist() == [0, 2, 33]
    assert got.last.tolist() == [1, 32, 34]


def test_a_day_without_a_value_is_not_in_the_mean_of_its_period():
    got = calendar_months(date(2025, 1, 30), 5)
    np.testing.assert_array_equal(got.mean(np.array([1.0, np.nan, np.nan, np.nan, np.nan])), [1.0, np.nan])
    assert got.mean(np.array([1.0, 4.0, 5.0, np.nan, 9.0])).tolist() == [2.5, 7.0]


def test_an_event_at_the_very_end_belongs_to_the_last_day():
    got = calendar_months(date(2025, 1, 31), 2)
    assert got.count([0.0, DAY_S - 1.0, DAY_S, 2 * DAY_S]).tolist() == [2, 2]
    assert got.count([]).tolist() == [0, 0]


def test_latency_is_weighted_with_requests():
    seconds, completed = np.array([[1.0, 4.0, np.nan]]), np.array([[3, 1, 0]])
    assert latency.quantile_s(seconds, completed, 0.75) == 1.0
    assert latency.quantile_s(seconds, completed, 0.76) == 4.0
    assert latency.quantile_s(np.array([[1.0, 4.0]]), np.array([[0, 2]]), 0.0) == 4.0  # of no request
    assert np.isnan(latency.quantile_s(seconds, 0 * completed, 0.5))
    pace = latency.tpot_s(seconds, seconds + 2.0, completed, np.array([[33, 1, 0]]))
    np.testing.assert_allclose(pace, [[0.2, np.nan, np.nan]])


# Retention


def test_cohorts_by_hand():
    model = np.full((100, 3), -1)
    model[:, 0] = 0  # there from the start: in no cohort
    model[10:, 1] = 1  # takes model 1 up on day 10 and stays
    model[20:60, 2] = 1  # takes it up on day 20, leaves on day 60, is back on day 80
    model[60:80, 2] = 0
    model[80:, 2] = 1
    month = np.repeat([0, 1, 2, 3], 25)
    got = retention.cohorts(model, 2, month, ages=4)
    curve = retention.curve(got, np.array([[False] * 4, [True] * 4]))
    assert curve.n.tolist() == [2, 2, 2, 0]  # three months on is after the end
    np.testing.assert_array_equal(curve.share, [1.0, 1.0, 1.0, np.nan])  # day 81: back again
    assert got.observed[0].sum(axis=0).tolist() == got.observed[0, 2].tolist() == [1, 1, 0, 0]  # it tries 0 on day 60
    assert got.staying[0, 2].tolist() == [1, 0, 0, 0]


def test_the_first_cohort_is_of_the_release_and_the_month_after():
    mask = retention.foundational(np.array([-5.0, 30.0, 500.0]), np.repeat([0, 1, 2], 30))
    assert mask.tolist() == [[False] * 3, [False, True, True], [False] * 3]


# Posted prices and providers


def change(day, offer, before, after, reason="review"):
    return PriceChange(day * DAY_S, offer, Prices(before, before, before), Prices(after, after, after), reason)


def test_repricing_by_hand():
    listed = np.ones((10, 2), bool)
    listed[:5, 1] = False
    changes = [change(0.0, 0, 10, 100, "launch"), change(2.2, 0, 100, 75), change(2.7, 0, 75, 150),
               change(3.0, 1, 10, 20), change(7.0, 1, 100, 90), change(11.0, 0, 100, 90)]
    got = posted.repricing(changes, listed)  # 25 % down, 100 % up, 10 % down; the others launch, are unlisted or late
    assert (got.changes, got.hazard_per_day) == (3, 2 / 15)
    assert got.median_size == pytest.approx(0.25)
    assert got.cut_share == pytest.approx(2 / 3)
    clock = [change(1.1, 0, 100, 50, "schedule"), change(1.9, 0, 50, 100, "schedule")]  # a time of day
    assert posted.repricing(changes + clock, listed) == got


def test_ties_at_the_bottom():
    price = np.array([[1.0, 1.0, 2.0, 7.0], [1.0, 1.5, 2.0, 7.0], [1.0, 1.5, 2.0, 7.0]])
    listed = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [1, 0, 0, 1]], bool)
    got = posted.bottom(price, listed, np.array([0, 0, 0, 1]))
    assert got == posted.Bottom(tie_share=0.5, median_gap=0.5, n=2)


def test_one_nano_dollar_is_a_price_and_nothing_is_none():
    prices = np.array([[1.0, 2.0, 0.0]])
    assert posted.bottom(prices, np.ones((1, 3), bool), np.zeros(3, int)) == posted.Bottom(0.0, 1.0, 1)


def test_followers_answer_the_latest_move_of_a_rival_once():
    changes = [change(1.0, 0, 100, 90), change(1.5, 1, 100, 90),  # b follows a after 12 h
               change(2.0, 1, 90, 80),  # b again: a has not moved since
               change(3.0, 2, 100, 110),  # c raises: follows nobody
               change(4.0, 0, 90, 80),  # a follows b's second cut after two days
               change(20.0, 1, 80, 70), change(20.5, 3, 100, 90)]  # too late; another model
    got = posted.follower_lags_s(changes, ["a", "b", "c", "b"], np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(got / DAY_S, [0.5, 2.0])


def test_dispersion_counts_models_with_enough_hosts():
    got = posted.dispersion(np.array([[1.0, 3.0, 5.0]]), np.ones((1, 3), bool), np.array([0, 0, 1]), hosts=2)
    assert got == pytest.approx([np.sqrt(2) / 2])


def test_income_leaves_out_a_firms_own_transfers():
    ledger = Ledger()
    sales, rent = Account("provider", "a", "revenue"), Account("provider", "a", "gpus")
    ledger.pay(0, Account("customer", "x", "inference"), sales, 10_000_000_000)
    ledger.pay(0, sales, rent, 3_000_000_000)
    ledger.pay(1, rent, Account("supplier", "y", "rent"), 4_000_000_000)
    got = providers.Income(*(daily.sum(axis=0) for daily in providers.income(ledger, ["a", "b"], 2)))
    np.testing.assert_allclose(got.received, [10.0, 0.0])
    np.testing.assert_allclose(got.margin, [0.6, np.nan])
    assert sum(providers.totals(ledger).values()) == 0


def test_fleet_adds_gpu_days():
    days = [PoolDay(day, "a", "h100", 3, 1, 2, 1, 5_000_000_000) for day in range(3)]
    got = providers.fleet(days, ["a"], np.array([0, 0, 1]))
    assert got.gpu_days.tolist() == [[8.0], [4.0]]
    assert (got.placed.sum(), got.training.sum(), got.cost_usd.sum()) == (6.0, 3.0, 15.0)


def test_a_book_entry_counts_for_providers_of_the_period_only():
    """A customer, and an account of the router, that bear a provider's name are none; nor is a day after the end."""
    ledger = Ledger()
    for payer, payee, day in (
        (Account("customer", "a", "use"), Account("provider", "b", "revenue"), 0),
        (Account("provider", "b", "rent"), Account("supplier", "a", "rent"), 1),
        (Account("provider", "stranger", "rent"), Account("router", "b", "fees"), 0),
        (Account("customer", "x", "use"), Account("provider", "a", "revenue"), 2),
        (Account("customer", "x", "use"), Account("provider", "stranger", "revenue"), 0),
    ):
        ledger.pay(day, payer, payee, 10**9)
    got = providers.income(ledger, ["a", "b"], 2)
    assert got.received.tolist() == [[0, 1], [0, 0]]
    assert got.paid.tolist() == [[0, 0], [0, 1]]
    np.testing.assert_array_equal(got.margin, [[np.nan, 1.0], [np.nan, np.nan]])


def test_a_pool_counts_for_providers_of_the_period_only():
    pools = [PoolDay(day, name, "h100", 2, 1, 1, 1, 10**9) for day, name in
             ((-1, "a"), (0, "a"), (1, "stranger"), (1, "a"), (2, "a"))]
    got = providers.fleet(pools, ["a"], np.array([0, 0]))
    assert [values.tolist() for values in got] == [[[6.0]], [[2.0]], [[2.0]], [[2.0]]]


def test_a_model_of_one_offer_or_of_free_ones_has_no_bottom():
    """Two offers, of which one is free; a model with one offer; then one day with three."""
    price = np.array([[0.0, 2.0, 5.0], [1.0, 2.0, 5.0]])
    nothing = posted.bottom(price[:1], np.ones((1, 3), bool), np.array([0, 0, 1]))
    assert nothing.n == 0
    assert np.isnan([nothing.tie_share, nothing.median_gap]).all()
    assert posted.bottom(price, np.ones((2, 3), bool), np.array([0, 0, 1])) == posted.Bottom(0.0, 1.0, 1)


def test_who_follows_whom():
    """No answer is to oneself, to a change at the same time, or to one a week old."""
    def cut(time_s, row):
        return PriceChange(time_s, row, Prices(100, 100, 100), Prices(90, 90, 90), "review")

    def lags(*changes):
        return posted.follower_lags_s(changes, ["a", "a", "b"], np.array([0, 0, 0])).tolist()

    assert lags(cut(0.0, 0), cut(10.0, 1)) == []  # the same provider
    assert lags(cut(0.0, 0), cut(0.0, 2)) == []
    assert lags(cut(0.0, 0), cut(5.0, 1), cut(9.0, 2)) == [4.0]  # the latest of two
    assert lags(cut(0.0, 0), cut(7 * DAY_S - 1.0, 2)) == [7 * DAY_S - 1.0]
    assert lags(cut(0.0, 0), cut(7 * DAY_S, 2)) == []


def test_first_use_is_a_day_of_the_run_or_never():
    model = np.array([[0, -1, -1], [0, 1, -1], [2, 1, -1]])
    assert retention.first_use(model, 3).tolist() == [[-1, -1, 2], [-1, 1, -1], [-1, -1, -1]]


def test_a_run_without_days_has_series_without_rows():
    run = replace(hand_market(), days=0, offer_days=[], workload_days=[])
    assert offer_series(run, "served").shape == (0, 5)
    assert workload_series(run, "born").shape == (0, 3)


def test_nothing_that_is_measured_can_be_changed():
    for thing, name in ((Run(hand_market()), "result"), (calendar_months(date(2025, 1, 1), 1), "days"),
                        (market(Run(hand_market())), "count"), (measure("requests"), "unit")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, None)


def test_groups_refuse_what_is_not_theirs():
    panel = Panel(Run(hand_market()), calendar_months(date(2025, 1, 30), 4), by_segment(Run(hand_market())))
    with pytest.raises(ValueError, match="told apart by segment does not have this sum"):
        panel.sold("served")


def test_a_change_that_leaves_the_blended_price_is_no_cut():
    """Three input tokens and one output token cost the same before and after; the other change is a cut by half."""
    changes = [PriceChange(0.0, 0, Prices(100, 200, 100), Prices(120, 140, 120), "review"),
               PriceChange(DAY_S, 0, Prices(120, 140, 120), Prices(60, 70, 60), "review")]
    got = posted.repricing(changes, np.ones((2, 1), bool))
    assert (got.changes, got.cut_share, got.median_size) == (2, 0.5, 0.25)


def test_the_lags_of_a_trend_follow_the_rule_of_newey_and_west():
    days, draws = np.arange(300), np.random.default_rng(1)
    logs = 0.8 * np.log(days / 100 + 1) + np.cumsum(draws.normal(0.0, 0.02, 300))  # 4 * 3^(2/9) is 5.1, 4 * 3^0.2 4.98
    x = np.column_stack([np.ones(300), days / 365.25])
    errors = {lags: newey_west(logs, x, lags, prewhiten=True).std_errors[1] for lags in (4, 5, 6)}
    assert fitted(days, np.exp(logs)).std_error == pytest.approx(errors[5])
    assert errors[5] != pytest.approx(errors[4], rel=1e-6)
    assert errors[5] != pytest.approx(errors[6], rel=1e-6)
