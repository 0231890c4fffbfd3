"""Every number of a market's summary, worked out by hand on the markets of `worlds.hand_market`."""

from dataclasses import replace
from math import exp, log, nan, sqrt

import numpy as np
import pytest

from experiments.measures.catalogue import measure
from experiments.measures.market.price_series import fitted
from experiments.measures.market.run import Run
from experiments.measures.market_summary import _mean, _price_series, explained, summary
from sim.market.ledger import Ledger
from worlds.hand_market import FEBRUARY, JANUARY, hand_market, long_market, parts

YEAR = 365.25
FALL, RISE = log(0.8), log(1.25)


def slope(*logs):
    """Least squares over four days: the days are -1.5, -.5, .5, 1.5 from their mean, squares add up to 5."""
    return sum(day * value for day, value in zip((-1.5, -0.5, 0.5, 1.5), logs, strict=True)) / 5 * YEAR


def series(name, first, last):
    """Four days tell no trend; `SLOPES` has what is fitted to them."""
    return {f"{name}_first": first, f"{name}_last": last, f"{name}_log_slope": nan, f"{name}_fall": nan}


def lmdi(of):
    """Sum over models of the logarithmic mean of spend a day times the change of a logarithm (Ang 2015)."""
    mean_big, mean_mid = ((b - a) / log(b / a) for a, b in ((0.018, 0.096), (0.027, 0.0272)))
    return mean_big * log(of[0]) + mean_mid * log(of[1])


def r_squared(x, y):
    """Of one regressor: covariance squared over both variances."""
    left, right = ([value - sum(values) / len(values) for value in values] for values in (x, y))
    return sum(a * b for a, b in zip(left, right, strict=True)) ** 2 / (
        sum(a * a for a in left) * sum(b * b for b in right))


ONE, TWO = (400 / 540) ** (1 / 3), (0.8 * 0.9) ** (1 / 4)
SAME = (0, RISE / 3, RISE / 3 + log(TWO), RISE / 3 + log(TWO) + log(ONE))  # logs of the index of each day
PRICES = (0.036 / 0.048, 0.054 / 0.078, 0.096 / 0.08, 0.1504 / 0.152)  # of each day's average token
PARTS = parts(JANUARY, FEBRUARY)
ACROSS = (log(2.25 / 0.575), log(2.5 / ((54 * 0.4 + 82 * 0.47) / 136)))  # price of big over that of mid, by month

BY_HAND = {
    "requests": 190, "completed_share": 163 / 190, "cut_share": 6 / 163, "tokens": 358_000, "spend_usd": 0.09 + 0.2464,
    "fee_usd": 0.3364 / 20, "surplus_usd": 21,
    # "first" and "last" are two days each, half the run
    **series("cheapest_frontier", 2.25, 2.5), **series("cheapest_standard", 1, 1.75),
    **series("constant_quality", (1 + exp(RISE / 3)) / 2, (1 + 2.5 ** (1 / 3)) / 2),
    **series("same_model", (1 + exp(SAME[1])) / 2, (exp(SAME[2]) + exp(SAME[3])) / 2),
    **series("price", (PRICES[0] + PRICES[1]) / 2, (PRICES[2] + PRICES[3]) / 2),
    "size_first": (18 * 400 + 108 * 100) / 126, "size_last": (96 * 400 + 136 * 100) / 232,
    "quality_first": (18 * 0.8 + 72 * 0.4 + 36 * 0.5) / 126, "quality_last": (36 * 0.8 + 60 * 0.6 + 136 * 0.5) / 232,
    **{f"spend_effect_{name}{how}": value for how in ("", "_chained") for name, value in PARTS.items()},
    "spend_effect_price_chained_lmdi": lmdi((1, 0.4 / 0.5)),
    "spend_effect_volume_chained_lmdi": lmdi((116 / 63, 116 / 63)),
    "spend_effect_mix_chained_lmdi": lmdi(((96 / 232) / (18 / 126), (136 / 232) / (108 / 126))),
    "spend_change": 0.2464 / 2 - 0.09 / 2,
    # one line through two pairs of models, month by month: sum of products over sum of squares
    "elasticity_across_models": (ACROSS[0] * log(18 / 108) + ACROSS[1] * log(96 / 136))
    / (ACROSS[0] ** 2 + ACROSS[1] ** 2),
    # two offers of mid: .5 and .6, then .4 and .47 on average; 27 and 81, then 54 and 82 thousand tokens
    "elasticity_within_models": (log(0.6 / 0.5) * log(81 / 27) + log(0.47 / 0.4) * log(82 / 54))
    / (log(0.6 / 0.5) ** 2 + log(0.47 / 0.4) ** 2),
    "reprice_changes": 4, "reprice_hazard": 4 / (3 + 4 + 4 + 3),
    "reprice_median_size": (0.2 + 0.25) / 2,  # of .1, .2, .25, .259
    "reprice_cut_share": 3 / 4,
    "bottom_tie_share": 1 / 3,  # mid has two offers from the second day on: .5 and .6, .4 and .54, .4 and .4
    "bottom_median_gap": (0.2 + 0.35) / 2,
    "follower_lag_median": 6,  # b's second cut answers nothing
    "same_model_price_cv": nan,  # no model has five hosts; see the long market
    "open_share_last": 136 / 232, "hhi_models_last": (96**2 + 136**2) / 232**2,
    "hhi_providers_last": (150**2 + 82**2) / 232**2,
    "single_model_customers_last": 1 / 2,  # x is all big; y has 136 of 196 on mid
    # on the third day big, mid and new have 1, 2 and 1 sellers; on the last big and mid have 1 and 2
    "providers_per_model_mean": (4 / 3 + 3 / 2) / 2, "providers_per_model_median": (1 + 1.5) / 2,
    "providers_per_model_p90": 2, "providers_per_model_max": 2, "models_with_three_providers": 0,
    # mid has two sellers, at prices of their own, on every day; big has one
    "open_tokens_two_prices": 1, "open_tokens_three_prices": 0, "closed_tokens_two_prices": 0,
    "closed_tokens_three_prices": 0,
    "direct_uses_share": 4 / 36, "outside_uses_share": 14 / 36,  # of 8 uses, then of 10
    # live requests a second 6, then 16; at the first day's shares, a half and a fifth of potential, 11
    "requests_growth": log(16 / 6), "requests_growth_diffusion": log(11 / 6),
    "requests_growth_price_and_quality": log(16 / 11),
    **{f"retention_month_5_{name}": nan for name in ("all", "foundational", "later")},
    # 163 requests: half are 81.5, 90 % 146.7, 99 % 161.4; 40 have .5 s, 70 have 1 s, 44 have 2 s, 9 have 4 s
    "ttft_p50_of_daily_means": 1, "ttft_p90_of_daily_means": 2, "ttft_p99_of_daily_means": 4,
    # 40 have 10.48 s, 44 have 10.9 s; from the 131st to the 154th 51.95 s; the last 9 have 53.95 s
    "e2e_p50_of_daily_means": 1 + 9.9, "e2e_p90_of_daily_means": 2 + 49.95, "e2e_p99_of_daily_means": 4 + 49.95,
    "provider_margin": (47 - 41) / 47, "providers_in_profit": 1 / 3,  # a; b and c lose
    "gpus": 16, "gpu_cost_usd": 4 * 6 + 4 * 1, "placed_share": (24 + 4 + 2 + 2 + 2) / 64,
    "busy_share": (5.35 + 6.9) / (10 + 14), "books_sum": 0,
    # a lists big and mid, b lists mid and, on the third day, new
    "providers_last": 2, "models_listed_last": (3 + 2) / 2, "offers_last": (4 + 3) / 2,
    "open_models_with_four_providers": 0, "closed_sellers_max": 1,
    "tokens_per_day_month_1": (48e3 + 78e3) / 2, "tokens_per_day_month_4": nan, "tokens_per_day_last": 232e3 / 2,
    "requests_per_day_last": (40 + 60) / 2, "price_month_4": nan,
    # 100 requests; of 96 thousand tokens of big 18.6 are answers, of 136 of mid a quarter
    "prompt_tokens_last": (77.4e3 + 102e3) / 100, "output_tokens_last": (18.6e3 + 34e3) / 100,
    "cached_share_last": (9 + 10 + 20) / (77.4 + 102),
    # big served 66 of them and mid 34: 1172.7 and 3000 tokens of prompt
    **{f"prompt_tokens_p{q}_last": 77.4e3 / 66 + q / 100 * (3000 - 77.4e3 / 66) for q in (25, 50, 75)},
    "weekend_requests": nan, "open_discount_last": nan,
    "price_quality_r2_last": r_squared((0.7, 0.3, 0.3, 0.4), (log(2.5), log(0.4), log(0.54 * 0.4) / 2, 0)),
    "price_creator_r2_gain_last": 0,  # one made them all
    "price_cv_slope": nan,
    # both offers of mid have two providers, at .4 and at the mean of .54 and .4; new has one, at a dollar
    "log_price_two_providers": (log(0.4) + log(0.54 * 0.4) / 2) / 2, "log_price_five_providers": nan,
    "adoption_weeks": nan, "release_diversion_family": nan, "top_ten_half_life_months": 1,
    "hhi_models_first": (18**2 + 108**2) / 126**2,
}
ELSEWHERE = {  # neither market has them: `test_observed_facts`
    "price_log_slope", "price_fall", "price_month_4", "weekend_requests", "open_discount_last", "price_cv_slope",
    "log_price_five_providers", "adoption_weeks", "release_diversion_family"}
SLOPES = {
    "cheapest_frontier": slope(log(2), log(2.5), log(2.5), log(2.5)), "cheapest_standard": slope(0, 0, 0, log(2.5)),
    "constant_quality": slope(0, RISE / 3, RISE / 3 + FALL / 3, log(2.5) / 3), "same_model": slope(*SAME),
    "price": slope(*map(log, PRICES)),
}
ERRORS_BY_HAND = {"reprice_hazard": sqrt(4 / 14 * 10 / 14 / 14)}
INDICES = ("cheapest_frontier", "cheapest_standard", "constant_quality", "same_model")
# least squares of a step after 100 of 200 days: those after are 5000 from the mean day in all; squares add up to 666650
DOUBLED = log(2) * 5000 / 666_650 * YEAR
LONG_BY_HAND = {
    "same_model_price_cv": sqrt((4 * 0.2**2 + 0.8**2) / 4) / 1.2,  # 1, 1, 1, 1, 2
    # 1, 2 and 5 took model 1 up, of whom 1 and 5 are there 152 days later; 3 and 4 model 2, of whom 3 is there
    # 30 of 200 days at either end; prices double, and b takes over from a, half-way
    **{f"{name}_first": 1 for name in ("cheapest_frontier", "constant_quality", "same_model")},
    **{f"{name}_last": 2 for name in ("cheapest_frontier", "constant_quality", "same_model")},
    **{f"{name}_log_slope": DOUBLED for name in INDICES}, **{f"{name}_fall": exp(-DOUBLED) for name in INDICES},
    "hhi_providers_last": 1, "hhi_models_last": 1, "open_share_last": 0,
    # five list big, which is closed: four at one price, the fifth at another
    **{f"providers_per_model_{name}": 5 for name in ("mean", "median", "p90", "max")}, "models_with_three_providers": 1,
    "closed_tokens_two_prices": 1, "closed_tokens_three_prices": 0,
    "providers_last": 5, "offers_last": 5, "models_listed_last": 1, "closed_sellers_max": 5,
    "tokens_per_day_month_4": 0,  # workloads plan, and nobody serves them
    "top_ten_half_life_months": 6, "hhi_models_first": 1,  # seven months of one model
    "single_model_customers_last": 1,  # one of them used two models, but not of late
    "retention_month_5_all": 3 / 5, "retention_month_5_foundational": 2 / 3, "retention_month_5_later": 1 / 2,
}


@pytest.fixture(scope="module")
def numbers():
    return summary(Run(hand_market())).set_index("metric")


def test_every_number_has_a_value_by_hand(numbers):
    assert list(numbers.index) == list(BY_HAND)
    undefined = {name for name, value in BY_HAND.items() if value != value}
    assert undefined <= {*LONG_BY_HAND, *ELSEWHERE}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_number_is_what_it_is_by_hand(numbers, name):
    assert numbers.loc[name, "value"] == pytest.approx(BY_HAND[name], rel=1e-8, nan_ok=True)


def test_standard_errors_by_hand(numbers):
    for name, value in ERRORS_BY_HAND.items():
        assert numbers.loc[name, "std_error"] == pytest.approx(value)


def test_slopes_by_hand_and_why_they_are_not_told(numbers):
    run = Run(hand_market())
    found = {name: fitted(np.arange(4), values) for name, values in _price_series(run)}
    assert {name: got.slope_per_year for name, got in found.items()} == pytest.approx(SLOPES)
    assert {name: got.fall_per_year for name, got in found.items()} == pytest.approx(
        {name: exp(-value) for name, value in SLOPES.items()})
    for name in SLOPES:
        for number in (f"{name}_log_slope", f"{name}_fall"):
            assert numbers.loc[number, "note"] == "not estimable from 4 days: a trend a year takes 92 or more"


def test_a_number_that_is_missing_says_why_and_no_other_does(numbers):
    assert (numbers["note"].notna() == numbers["value"].isna()).all()
    assert numbers.loc["same_model_price_cv", "note"] == "undefined in a run of 4 days"
    assert "5 months" in numbers.loc["retention_month_5_all", "note"]
    assert list(explained(numbers.reset_index())["meaning"]) == [measure(name).doc for name in numbers.index]


def test_numbers_of_the_long_market_by_hand():
    found = summary(Run(long_market())).set_index("metric")
    for name, value in LONG_BY_HAND.items():
        assert found.loc[name, "value"] == pytest.approx(value), name
    falls = found.loc["same_model_fall"]
    assert falls["std_error"] == pytest.approx(falls["value"] * found.loc["same_model_log_slope", "std_error"])
    assert found.loc["retention_month_5_all", "std_error"] == pytest.approx(sqrt(0.6 * 0.4 / 5))


def test_the_last_days_are_thirty():
    """Host b sells all of the last thirty days of a hundred, or all but one of them."""
    run = long_market(100)
    by_a, by_b = run.offer_days[0], run.offer_days[-1]
    for days, hhi in ((30, 1.0), (29, (29 ** 2 + 1) / 30 ** 2)):
        sold = replace(run, offer_days=[by_a] * (100 - days) + [by_b] * days)
        found = summary(Run(sold)).set_index("metric")
        assert found.loc["hhi_providers_last", "value"] == pytest.approx(hhi)


def test_who_breaks_even_is_not_in_profit():
    found = summary(Run(replace(hand_market(), ledger=Ledger()))).set_index("metric")
    assert found.loc["providers_in_profit", "value"] == 0


def test_days_without_weight_have_no_mean():
    assert np.isnan(_mean(np.array([1.0, 2.0]), np.zeros(2)))
    assert _mean(np.array([1.0, nan, 4.0]), np.array([1.0, 5.0, 2.0])) == 3.0
