"""Every metric of a run of traffic and every course in time, worked out by hand on `worlds.hand_outcome`."""

import math
from dataclasses import replace

import numpy as np
import pytest

from experiments.measures.traffic_metrics import METRICS, metrics, provider_tokens
from experiments.measures.windows import COURSES, course_of
from experiments.store.tables import traffic_tables
from worlds.hand_outcome import hand_outcome

BY_HAND = {
    "cost_usd_per_mtok": 130_000 / 125_000,  # micro-dollars over tokens
    "paid_usd_per_mtok": 136_500 / 125_000,
    "cost_per_good_usd": 0.13 / (90 + 30),
    # of 200 requests the 100th, 180th and 198th; 160 were completed
    "ttft_p50_s": 1.0, "ttft_p50_completed_s": 0.5, "ttft_p90_s": math.inf, "ttft_p90_completed_s": 1.0,
    "ttft_p99_s": math.inf, "ttft_p99_completed_s": 4.0,
    "tpot_p50_s": 0.05, "tpot_p50_completed_s": 0.02, "tpot_p90_s": math.inf, "tpot_p90_completed_s": 0.05,
    "tpot_p99_s": math.inf, "tpot_p99_completed_s": 0.1,
    "e2e_p50_s": 10.0, "e2e_p50_completed_s": 10.0, "e2e_p90_s": math.inf, "e2e_p90_completed_s": 20.0,
    "e2e_p99_s": math.inf, "e2e_p99_completed_s": 40.0,
    "goodput_per_s": (90 + 30) / (1100 - 100), "good_share": (90 + 30) / (150 + 50),
    "completed_share": (120 + 40) / 200, "refused_share": (10 + 2) / 200, "failed_share": (8 + 2) / 200,
    "abandoned_share": (5 + 4) / 200, "timed_out_share": (4 + 1) / 200,
    "cut_share": (15 + 1) / (120 + 40), "cached_share": (30_000 + 10_000) / (80_000 + 20_000),
    "attempts_per_request": (220 + 80) / 200,
    "utilisation": (1500 + 600) / (2 * 1000 + 1000),
    "revenue_usd": 0.13, "written_off_usd": 0.004, "fee_usd": 0.0065,
    "hhi": 0.75**2 + 0.25**2, "requests": 200.0,
    "share:p": 93_750 / 125_000, "share:q": 31_250 / 125_000,
}
WITHIN = {name: 0.008 for name in BY_HAND if "_p50" in name or "_p90" in name or "_p99" in name}  # a bin's width
COURSES_BY_HAND = {  # numerators and denominators from 0 to 10 and from 10 to 20 s
    # the customer of class 1 hears of it half a second after the router: 1 and 0.5 + 0.5 s; then 2 + 0.5 s
    "ttft_mean_s": ([1 + 1, 2.5], [2, 1]),
    "e2e_mean_s": ([5 + 8.5, 8.5], [2, 1]),
    "cost_usd_per_mtok": ([2000 + 3000, 1000], [1000 + 3000, 1000]),
    "completed_share": ([2, 1], [2, 2]),
    "attempts_per_request": ([1 + 2, 1 + 3], [2, 2]),
    "completed_per_s": ([1, 2], [10, 10]),  # they ended at 6, 12 and 19 s
}


@pytest.fixture(scope="module")
def outcome():
    return hand_outcome()


def test_every_metric_and_course_has_a_value_by_hand(outcome):
    assert list(metrics(outcome)) == list(BY_HAND)
    assert [name for name in BY_HAND if not name.startswith("share:")] == list(METRICS)
    assert set(COURSES_BY_HAND) == set(COURSES)


@pytest.mark.parametrize("name", BY_HAND)
def test_a_metric_is_what_it_is_by_hand(outcome, name):
    assert metrics(outcome)[name] == pytest.approx(BY_HAND[name], rel=WITHIN.get(name, 1e-12))


@pytest.mark.parametrize("name", COURSES_BY_HAND)
def test_a_course_is_what_it_is_by_hand(outcome, name):
    above, below = course_of(name, traffic_tables(outcome)["requests"]).sums(0.0, 20.0, 2)
    np.testing.assert_allclose(above, COURSES_BY_HAND[name][0])
    np.testing.assert_allclose(below, COURSES_BY_HAND[name][1])


def test_what_was_not_measured_has_no_value(outcome):
    """Shares and means of no request are undefined; amounts of none are zero."""
    silent = replace(outcome, **{name: 0 * getattr(outcome, name)
                                 for name in ("born", "outcomes", "class_sums", "offer_sums", "class_hist")})
    found = metrics(silent)
    zero = {"goodput_per_s", "revenue_usd", "written_off_usd", "fee_usd", "requests"}
    assert {name for name, value in found.items() if value == 0} == zero
    assert {name for name, value in found.items() if math.isnan(value)} == set(found) - zero - {"utilisation"}
    assert provider_tokens(silent) == {"p": 0, "q": 0}


def test_ratios_of_less_than_a_second_and_of_one_request_are_told():
    run = hand_outcome()
    brief = replace(run, offer_work=run.offer_work / 4000, replica_s=run.replica_s / 4000)
    assert metrics(brief)["utilisation"] == pytest.approx(metrics(run)["utilisation"])
