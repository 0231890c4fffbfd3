"""Every column of a market's tables of measures, worked out by hand on the four days of `worlds.hand_market`."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from experiments.measures.columns import COLUMNS
from experiments.measures.market_tables import ASKED, GRIDS, tables, write
from experiments.studies.market.terminal import table
from worlds.hand_market import FEBRUARY, JANUARY, hand_market, long_market, parts

PARTS = parts(JANUARY, FEBRUARY)
RISE, CUT, LEFT = 1.25 ** (1 / 3), (0.8 * 0.9) ** (1 / 4), (400 / 540) ** (1 / 3)  # of the same-model index

BY_HAND = {
    "monthly_market": {  # January, February
        "days": [2, 2],
        "requests": [10 + 20 + 0 + 10 + 20 + 10, 20 + 20 + 10 + 20 + 20 + 30],
        "completed_share": [(8 + 20 + 10 + 16 + 9) / 70, (20 + 10 + 10 + 16 + 20 + 24) / 120],
        "cut_share": [(1 + 2) / 63, (1 + 2) / 100],
        "prompt_tokens": [18 * 900 + 36 * 1500 + 9 * 3000, 36 * 900 + 30 * 1500 + 34 * 3000],
        "output_tokens": [18 * 100 + 36 * 500 + 9 * 1000, 36 * 100 + 30 * 500 + 34 * 1000],
        "spend_usd": [0.018 * 2 + 0.108 * 0.5, 0.096 * 2 + 0.136 * 0.4],  # million tokens × USD
        "fee_usd": [0.09 / 20, 0.2464 / 20],
        "price_usd_per_mtok": [0.09 / 0.126, 0.2464 / 0.232],
        "cheapest_frontier_usd_per_mtok": [(2 + 2.5) / 2, 2.5],
        "cheapest_standard_usd_per_mtok": [1, (1 + 2.5) / 2],  # new is the median; it is delisted on the last day
        # levels .3, .4, .7: big rises by 25 %; mid falls by 20 %; new leaves, and 2.5 is the next price for .4
        "constant_quality_index": [(1 + RISE) / 2, (1 + 2.5 ** (1 / 3)) / 2],
        "same_model_index": [(1 + RISE) / 2, (RISE * CUT + RISE * CUT * LEFT) / 2],
        "size_b": [(18 * 400 + 108 * 100) / 126, (96 * 400 + 136 * 100) / 232],
        "quality": [(18 * 0.8 + 72 * 0.4 + 36 * 0.5) / 126, (36 * 0.8 + 60 * 0.6 + 136 * 0.5) / 232],
        "open_share": [108 / 126, 136 / 232],
        "hhi_providers": [(45**2 + 81**2) / 126**2, (150**2 + 82**2) / 232**2],
        "hhi_models": [(18**2 + 108**2) / 126**2, (96**2 + 136**2) / 232**2],
        "models_used": [2, 2],
        "offers_listed": [(3 + 4) / 2, (4 + 3) / 2],
        "price_changes": [1, 3],  # less a launch
        "switches": [0, 2],  # less a start; the one at the very end is of February
        "surplus_usd": [1 + 2 + 1 + 2 + 3, 2 + 2 + 2 + 1 + 1 + 4],
        "gpus": [12 + 4, 12 + 4],
        "placed_share": [(6 + 6 + 4 + 2) / 32, (6 + 6 + 2 + 2) / 32],
        "busy_share": [(1 * 0.5 + 1 * 0.2 + 2 * 0.5 + 1 * 0.25 + 1 * 0.4 + 4 * 0.75) / (1 + 1 + 2 + 1 + 1 + 4),
                       (2 * 0.5 + 1 * 0.6 + 4 * 0.5 + 2 * 0.75 + 1 * 0.8 + 4 * 0.25) / (2 + 1 + 4 + 2 + 1 + 4)],
        "provider_margin": [(25 - 20) / 25, (22 - 21) / 22],
        "effect_price_usd_per_day": [nan, PARTS["price"]],
        "effect_volume_usd_per_day": [nan, PARTS["volume"]],
        "effect_mix_usd_per_day": [nan, PARTS["mix"]],
    },
    "monthly_models": {  # big, mid, new of January, then of February
        "tokens": [18_000, 108_000, 0, 96_000, 136_000, 0],
        "token_share": [18 / 126, 108 / 126, 0, 96 / 232, 136 / 232, 0],
        "spend_usd": [0.036, 0.054, 0, 0.192, 0.0544, 0],
        "price_usd_per_mtok": [2, 0.5, nan, 2, 0.4, nan],
        "cheapest_usd_per_mtok": [(2 + 2.5) / 2, 0.5, 1, 2.5, 0.4, 1],
        "offers_listed": [1, (1 + 2) / 2, 1, 1, 2, (1 + 0) / 2],
        "workloads": [1, (1 + 2) / 2, 0, 2, 1, 0],
    },
    "monthly_providers": {  # a, b, c of January, then of February
        "completed": [8 + 10 + 5 + 5, 15 + 20, 0, 30 + 36 + 8 + 6, 2 + 18, 0],
        "tokens": [18_000 + 27_000, 81_000, 0, 96_000 + 54_000, 82_000, 0],
        "token_share": [45 / 126, 81 / 126, 0, 150 / 232, 82 / 232, 0],
        "refused_attempts_share": [(2 + 5) / (10 + 15 + 5 + 10), 5 / (20 + 20), nan,
                                   (5 + 2) / (35 + 50 + 10 + 6), 2 / (2 + 20), nan],
        "received_usd": [20, 5, 0, 20, 2, 0],
        "paid_usd": [12, 8, 0, 12, 8, 1],
        "profit_usd": [8, -3, 0, 8, -6, -1],
        "margin": [(20 - 12) / 20, (5 - 8) / 5, nan, (20 - 12) / 20, (2 - 8) / 2, nan],
        "gpu_cost_usd": [12, 2, 0, 12, 2, 0],
        "gpus": [12, 4, 0, 12, 4, 0],
        "placed_share": [6 / 12, (4 + 2) / 8, nan, 6 / 12, 2 / 4, nan],
        "training_share": [3 / 12, 0, nan, 3 / 12, 0, nan],
        "busy_share": [(0.5 + 0.25 + 0.2 + 0.4) / 4, (2 * 0.5 + 4 * 0.75) / 6, nan,
                       (2 * 0.5 + 2 * 0.75 + 0.6 + 0.8) / 6, (4 * 0.5 + 4 * 0.25) / 8, nan],
    },
    "monthly_segments": {  # s1, s2 of January, then of February
        "workloads": [2, (0 + 1) / 2, 2, 1],
        "requests": [60, 10, 80, 40],
        "completed_share": [54 / 60, 9 / 10, 66 / 80, 34 / 40],
        "cut_share": [1 / 54, 2 / 9, 1 / 66, 2 / 34],
        "tokens": [90_000, 36_000, 96_000, 136_000],
        "spend_usd": [0.018 * 2 + 0.072 * 0.5, 0.036 * 0.5, 0.096 * 2, 0.136 * 0.4],
        "price_usd_per_mtok": [0.072 / 0.09, 0.5, 2, 0.4],
        "size_b": [(18 * 400 + 72 * 100) / 90, 100, 400, 100],
        "quality": [(18 * 0.8 + 72 * 0.4) / 90, 0.5, (36 * 0.8 + 60 * 0.6) / 96, 0.5],
        "ttft_mean_s": [(8 * 1 + 10 * 2 + 20 * 0.5 + 16 * 1) / 54, 4,
                        (20 * 1 + 16 * 1 + 10 * 2 + 20 * 0.5) / 66, (10 * 1 + 24 * 2) / 34],
        "tpot_mean_s": [(18 * 0.1 + 36 * 0.02) / 54, 0.05, (36 * 0.1 + 30 * 0.02) / 66, 0.05],
        # time to first token and 99, 499 or 999 further tokens
        "e2e_mean_s": [1 + (18 * 9.9 + 36 * 9.98) / 54, 4 + 49.95, 1 + (36 * 9.9 + 30 * 9.98) / 66, 58 / 34 + 49.95],
        "surplus_usd": [1 + 2 + 1 + 2, 3, 2 + 2 + 1 + 1, 2 + 4],
        "surplus_usd_per_mtok": [6 / 0.09, 3 / 0.036, 6 / 0.096, 6 / 0.136],
    },
    "monthly_customers": {  # x, y of January, then of February
        "requests": [20, 50, 40, 80],
        "completed_share": [18 / 20, 45 / 50, 36 / 40, 64 / 80],
        "tokens": [18_000, 108_000, 36_000, 196_000],
        "spend_usd": [0.018 * 2, 0.108 * 0.5, 0.036 * 2, 0.06 * 2 + 0.136 * 0.4],
        "fee_usd": [0.0018, 0.0027, 0.0036, 0.00872],
        "price_usd_per_mtok": [2, 0.5, 2, 174.4 / 196],
        "surplus_usd": [1 + 1, 2 + 2 + 3, 2 + 1, 2 + 1 + 2 + 4],
    },
    "period_market": {  # four days
        "requests": [30, 40, 50, 70],
        "completed_share": [28 / 30, 35 / 40, 40 / 50, 60 / 70],
        "cut_share": [1 / 28, 2 / 35, 1 / 40, 2 / 60],
        "tokens": [48_000, 78_000, 80_000, 152_000],
        "spend_usd": [0.008 * 2 + 0.04 * 0.5, 0.01 * 2 + 0.068 * 0.5, 0.04 * 2 + 0.04 * 0.4, 0.056 * 2 + 0.096 * 0.4],
        "price_usd_per_mtok": [36 / 48, 54 / 78, 96 / 80, 150.4 / 152],
        "constant_quality_index_at_end": [1, RISE, 1, 2.5 ** (1 / 3)],
        "same_model_index_at_end": [1, RISE, RISE * CUT, RISE * CUT * LEFT],
        "offers_listed_at_end": [3, 4, 4, 3],
        "price_changes": [0, 1, 2, 1],
        "switches": [0, 0, 1, 1],
        "busy_share": [(0.5 + 0.2 + 2 * 0.5) / 4, (0.25 + 0.4 + 4 * 0.75) / 6, (2 * 0.5 + 0.6 + 4 * 0.5) / 7,
                       (2 * 0.75 + 0.8 + 4 * 0.25) / 7],
    },
    "period_offers": {  # a/big, a/mid, b/mid, b/new on each day; on the last day b/new is neither listed nor sells
        "listed": [True, True, False, True] + [True] * 4 + [True] * 4 + [True] * 3,
        "input_usd_per_mtok": [2, 0.4, 0.6, 1, 2.5, 0.4, 0.6, 1, 2.5, 0.32, 0.54, 1, 2.5, 0.32, 0.4],
        "output_usd_per_mtok": [2, 0.8, 0.6, 1, 2.5, 0.8, 0.6, 1, 2.5, 0.64, 0.54, 1, 2.5, 0.64, 0.4],
        "replicas": [1, 1, 2, 0, 1, 1, 4, 0, 2, 1, 4, 0, 2, 1, 4],
        "tokens": [8000, 10_000, 30_000, 0, 10_000, 17_000, 51_000, 0, 40_000, 30_000, 10_000, 0, 56_000, 24_000,
                   72_000],
        "price_usd_per_mtok": [2, 0.5, 0.5, nan, 2, 0.5, 0.5, nan, 2, 0.4, 0.4, nan, 2, 0.4, 0.4],
        "busy_share": [0.5, 0.2, 0.5, nan, 0.25, 0.4, 0.75, nan, 0.5, 0.6, 0.5, nan, 0.75, 0.8, 0.25],
    },
    "daily_offers": {  # the same rows
        "listed": [True, True, False, True] + [True] * 4 + [True] * 4 + [True] * 3,
        "input_usd_per_mtok": [2, 0.4, 0.6, 1, 2.5, 0.4, 0.6, 1, 2.5, 0.32, 0.54, 1, 2.5, 0.32, 0.4],
        "output_usd_per_mtok": [2, 0.8, 0.6, 1, 2.5, 0.8, 0.6, 1, 2.5, 0.64, 0.54, 1, 2.5, 0.64, 0.4],
        "replicas": [1, 1, 2, 0, 1, 1, 4, 0, 2, 1, 4, 0, 2, 1, 4],
        "completed": [8, 5, 15, 0, 10, 5, 20, 0, 30, 8, 2, 0, 36, 6, 18],
        "tokens": [8000, 10_000, 30_000, 0, 10_000, 17_000, 51_000, 0, 40_000, 30_000, 10_000, 0, 56_000, 24_000,
                   72_000],
        "spend_usd": [0.016, 0.005, 0.015, 0, 0.02, 0.0085, 0.0255, 0, 0.08, 0.012, 0.004, 0, 0.112, 0.0096, 0.0288],
        "price_usd_per_mtok": [2, 0.5, 0.5, nan, 2, 0.5, 0.5, nan, 2, 0.4, 0.4, nan, 2, 0.4, 0.4],
        "busy_share": [0.5, 0.2, 0.5, nan, 0.25, 0.4, 0.75, nan, 0.5, 0.6, 0.5, nan, 0.75, 0.8, 0.25],
        "placed": [10, 5, 20, 0, 15, 10, 20, 0, 35, 10, 2, 0, 50, 6, 20],
        "refused_queue_full": [1, 0, 3, 0, 0, 5, 0, 0, 2, 0, 0, 0, 0, 0, 2],
        "refused_rate_limit": [1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0],
        "refused_too_long": [0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0],
        "errors": [0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0],
        "given_up": [0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0],
        "prompt_tokens_sold": [7200, 7500, 22_500, 0, 9000, 12_750, 38_250, 0, 33_000, 22_500, 7500, 0, 44_400, 18_000,
                               54_000],
        "output_tokens_sold": [800, 2500, 7500, 0, 1000, 4250, 12_750, 0, 7000, 7500, 2500, 0, 11_600, 6000, 18_000],
        **{f"ttft_p{percent}_completed_s": [nan] * 4 + [first] + [nan] * 3 + [then, nan, late, nan, then, nan, late]
           for percent, first, then, late in ((50, 1, 1, 5), (90, 2, 2, 6), (99, 3, 4, 7))},
        **{f"speed_of_{percent}": [nan] * 4 + [speed] + [nan] * 10
           for percent, speed in ((50, 10), (90, 5), (99, 2))},
        "cached_tokens": [2000, 0, 8000, 0, 3000, 0, 0, 0, 0, 9000, 0, 0, 10_000, 0, 20_000],
    },
    "period_providers": {  # a, b, c on each day
        "tokens": [18_000, 30_000, 0, 27_000, 51_000, 0, 70_000, 10_000, 0, 80_000, 72_000, 0],
        "refused_attempts_share": [2 / 15, 5 / 20, nan, 5 / 25, 0, nan, 7 / 45, 0, nan, 0, 2 / 20, nan],
        "profit_usd": [10 - 6, -4, 0, 10 - 6, 5 - 4, 0, 20 - 6, -4, 0, -6, 2 - 4, -1],
        "gpus": [12, 4, 0] * 4,
        "placed_gpus": [6, 4, 0] + [6, 2, 0] * 3,
        "training_gpus": [3, 0, 0] * 4,
        "busy_share": [0.7 / 2, 0.5, nan, 0.65 / 2, 0.75, nan, 1.6 / 3, 0.5, nan, 2.3 / 3, 0.25, nan],
    },
}


@pytest.fixture(scope="module")
def frames():
    return tables(hand_market(), ASKED)


def test_every_column_has_a_value_by_hand():
    assert {name: set(values) for name, values in BY_HAND.items()} == {
        name: set(functions) for name, functions in COLUMNS.items()}


@pytest.mark.parametrize(("table", "name"), [(table, name) for table, values in BY_HAND.items() for name in values])
def test_a_column_is_what_it_is_by_hand(frames, table, name):
    np.testing.assert_allclose(frames[table][name].to_numpy(float), np.array(BY_HAND[table][name], float), rtol=1e-12)


def test_rows_are_named_periods_outermost(frames):
    assert frames["monthly_market"]["month"].tolist() == ["2025-01", "2025-02"]
    assert frames["monthly_models"]["month"].tolist() == ["2025-01"] * 3 + ["2025-02"] * 3
    assert frames["monthly_models"]["model"].tolist() == ["big", "mid", "new"] * 2
    assert frames["monthly_providers"]["provider"].tolist() == ["a", "b", "c"] * 2
    assert frames["monthly_segments"]["segment"].tolist() == ["s1", "s2"] * 2
    assert frames["period_market"]["day"].tolist() == [0, 1, 2, 3]
    assert frames["period_market"]["date"].tolist() == ["2025-01-30", "2025-01-31", "2025-02-01", "2025-02-02"]
    assert frames["period_market"]["days"].tolist() == [1, 1, 1, 1]
    offers = list(zip(frames["period_offers"]["provider"], frames["period_offers"]["model"], strict=True))
    four = [("a", "big"), ("a", "mid"), ("b", "mid"), ("b", "new")]
    assert offers == four * 3 + four[:3]
    assert set(GRIDS) | set(ASKED) == set(BY_HAND)
    daily = frames["daily_offers"]
    assert list(zip(daily["provider"], daily["model"], strict=True)) == four * 3 + four[:3]
    assert daily["day"].tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 3
    assert frames["monthly_customers"]["customer"].tolist() == ["x", "y"] * 2


def test_days_stay_days_where_a_run_is_told_by_the_week():
    """Two hundred days are told by the week; offers by day are not."""
    found = tables(long_market(), ASKED)
    assert found["period_offers"]["day"].unique().tolist()[:3] == [0, 7, 14]
    daily = found["daily_offers"]
    assert daily["day"].tolist() == [day for day in range(200) for _ in range(5)]
    assert daily["tokens"].tolist()[:5] == [1000, 0, 0, 0, 0]


def test_facts_of_models(frames):
    monthly, models = frames["monthly_models"], frames["models"]
    assert monthly["mean_quality"].tolist() == pytest.approx([0.7, 0.3, 0.4] * 2)  # big: (.8 + .6 + .7 + .9 + .5) / 5
    assert monthly["total_b"].tolist() == [400, 100, 10] * 2
    assert monthly["size_class"].tolist() == ["frontier", "large", "small"] * 2
    assert monthly["open"].tolist() == [False, True, True] * 2
    assert monthly["creator"].tolist() == ["lab"] * 6
    assert models["quality_coding"].tolist() == [0.6, 0.4, 0.4]
    assert models["quality_extraction"].tolist() == [0.5, 0.1, 0.4]
    assert models["release_day"].tolist() == [-10, -10, -2]
    assert models["active_b"].tolist() == [40, 10, 1]


def test_events_are_told_one_by_one(frames):
    prices, switches = frames["prices"], frames["switches"]
    assert prices["day"].tolist() == pytest.approx([0, 1, 2 + 1 / 24, 2 + 7 / 24, 3 + 9 / 24])
    assert prices["date"].tolist() == ["2025-01-30", "2025-01-31", "2025-02-01", "2025-02-01", "2025-02-02"]
    assert prices["input_before_usd_per_mtok"].tolist() == [1, 2, 0.5, 0.6, 0.54]
    assert prices["cached_usd_per_mtok"].tolist() == [1, 2.5, 0.4, 0.54, 0.4]
    assert prices["provider"].tolist() == ["b", "a", "a", "b", "b"]
    assert prices["model"].tolist() == ["new", "big", "mid", "mid", "mid"]
    assert switches["before"].tolist()[1:] == ["mid", "mid"]
    assert switches["before"].isna().tolist() == [True, False, False]
    assert switches["after"].tolist() == ["mid", "big", "big"]
    assert switches["workload"].tolist() == ["y/1", "y/0", "y/1"]
    assert switches["segment"].tolist() == ["s2", "s1", "s2"]
    assert switches["customer"].tolist() == ["y"] * 3
    assert switches["gain_usd"].tolist() == [0, 0.25, 0.75]


def test_the_ledger_adds_up_months_and_pairs_of_accounts(frames):
    ledger = frames["ledger"]
    keys = list(zip(ledger["month"], ledger["payer"], ledger["payee"], strict=True))
    usd = dict(zip(keys, ledger["nano_usd"] / 1e9, strict=True))
    assert usd == {
        ("2025-01", "x", "a"): 10 + 10, ("2025-01", "x", "b"): 5, ("2025-01", "a", "gpus"): 6 + 6,
        ("2025-01", "b", "gpus"): 4 + 4, ("2025-02", "x", "a"): 20, ("2025-02", "x", "b"): 2,
        ("2025-02", "a", "gpus"): 6 + 6, ("2025-02", "a", "a"): 9, ("2025-02", "b", "gpus"): 4 + 4,
        ("2025-02", "c", "gpus"): 1}


def test_sales_are_told_by_the_rule_that_placed_them():
    """Of mid in January a sells 2 and 3 by the router's rule, b 4 to those who go to the cheapest, and 1 by name.

    Its posted prices are .5 at a, and .6 at b on both days; big sells one a month, and one day was not counted.
    """
    run = hand_market()
    days = [np.zeros((5, 4), np.int64) for _ in range(3)]
    days[0][1, 0], days[1][1, 0], days[1][2, 1], days[1][2, 3] = 2, 3, 4, 1
    days[0][0, 2] = days[2][0, 2] = 1
    counted = [replace(day, by_rule=by_rule) for day, by_rule in zip(run.offer_days[:3], days, strict=True)]
    found = tables(replace(run, offer_days=[*counted, run.offer_days[3]]))["sales_by_rule"]
    assert found["month"].tolist() == ["2025-01"] * 4 + ["2025-02"]
    assert found["model"].tolist() == ["big", "mid", "mid", "mid", "big"]
    assert found["rule"].tolist() == ["nitro", "default", "floor", "pinned", "nitro"]
    assert found["completed"].tolist() == [1, 5, 4, 1, 1]
    assert found["rule_share"].tolist() == [1.0, 0.5, 0.4, 0.1, 1.0]
    assert found["rule_sellers"].tolist() == [1, 1, 1, 1, 1]
    assert found["posted_usd_per_mtok"].tolist() == pytest.approx([2.0, 0.5, 0.6, 0.6, 2.5])
    assert len(tables(run)["sales_by_rule"]) == 0


def test_hosts_are_told_with_what_they_expected_and_got(frames):
    hosts, values = frames["hosts"], frames["entry_values"]
    assert hosts["provider"].tolist() == ["b", "c"]
    assert hosts["entry_day"].tolist() == [1, 2]
    assert hosts["exit_day"].tolist()[1:] == [3]
    assert hosts["exit_day"].isna().tolist() == [True, False]
    assert hosts["entry_models"].tolist() == ["mid new", "mid"]
    assert hosts["capital_usd"].tolist() == [100, 50]
    assert hosts["expected_usd"].tolist() == [900, 400]
    assert hosts["expected_so_far_usd"].tolist() == [30, 20]
    assert hosts["realised_usd"].tolist() == [24, 22]
    assert values["provider"].tolist() == ["d", "e"]
    assert values["value_usd"].tolist() == [12.5, -2]
    assert values["day"].tolist() == [3, 3]


def test_listings_are_told_factor_by_factor(frames):
    rows = frames["entry_listings"]
    assert rows["provider"].tolist() == ["b", "c"]
    assert rows["model"].tolist() == ["mid", "mid"]
    assert rows["day"].tolist() == [1, 2]
    assert rows["model_age_days"].tolist() == [12, 43]
    assert rows["sellers"].tolist() == [2, 3]
    told = {name: rows[f"{side}_{name}"].tolist() for side in ("expected", "realised")
            for name in ("model_tokens", "tokens", "revenue_usd", "gpus_usd", "overhead_usd") if side == "realised"}
    assert told == {"model_tokens": [500, 400], "tokens": [100, 20], "revenue_usd": [32, 28], "gpus_usd": [6, 4],
                    "overhead_usd": [2, 2]}
    assert rows["expected_tokens"].tolist() == [100, 80]
    assert rows["expected_gpus_usd"].tolist() == [8, 2]


def test_the_terminal_shows_amounts_a_day_and_means(frames):
    """January: 35 requests and 63 thousand tokens a day for 0.045 USD; 53.5 % busy is just below that in binary."""
    market = frames["monthly_market"].copy()
    for name in ("requests", "prompt_tokens", "output_tokens", "spend_usd"):
        market[name] = market[name] * 1e6
    lines = table(market, "month").splitlines()
    assert [line.split() for line in lines[2:4]] == [
        ["2025-01", "2/31", "35.0", "63.0", "45.0", "0.71", "1.04", "1.04", "143", "0.49", "86", "53", "20", "0.54"],
        ["2025-02", "2/28", "60.0", "116.0", "123.2", "1.06", "1.18", "0.95", "224", "0.57", "59", "49", "5", "0.54"]]
    # the quarter: four days; price, size, quality and open models weighted with 126 and 232 thousand tokens
    assert table(market, "quarter").splitlines()[2].split() == [
        "2025Q1", "4/90", "47.5", "89.5", "84.1", f"{(126 * 0.714286 + 232 * 1.062069) / 358:.2f}", "1.11", "0.99",
        f"{(18e3 + 52e3) / 358:.0f}", f"{(61.2 + 132.8) / 358:.2f}", f"{100 * 244 / 358:.0f}", "51", "12", "0.54"]


def test_what_is_undefined_is_a_dash_in_the_terminal_and_empty_in_a_file(frames, tmp_path):
    market = frames["monthly_market"].copy()
    market["provider_margin"] = nan
    assert table(market, "month").splitlines()[2].split()[-2] == "-"
    write({"one": market[["month", "provider_margin", "requests"]]}, tmp_path)
    assert (tmp_path / "one.csv").read_bytes() == b"month,provider_margin,requests\n2025-01,,70\n2025-02,,120\n"
