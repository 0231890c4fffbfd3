"""Every statistic of the registry, worked out by hand on the markets and the traffic of `worlds.hand_*`."""

from dataclasses import replace
from datetime import date
from math import inf, nan

import numpy as np
import pytest

from experiments.runs.specs import RunRecord, RunSpec
from experiments.store.results import Results
from experiments.store.statistics import STATISTICS
from experiments.store.store import Store
from experiments.store.tables import market_tables, traffic_tables
from worlds.hand_market import hand_market
from worlds.hand_outcome import hand_outcome

MARKET = {
    "requests": 190, "completed": 163, "completed_share": 163 / 190, "cut_share": (1 + 2 + 1 + 2) / 163,
    "good_share": nan, "cost_per_good": nan,
    "refused_attempts_share": (7 + 7 + 5 + 2) / (20 + 100 + 21 + 62), "tokens": 358_000, "share": 1,
    "revenue": 0.3364, "fees": 0.01682, "price": 0.3364 / 0.358, "paid": 0.3364 * 1.05 / 0.358,
    # a/big and a/mid listed for four days, b/mid and b/new for three
    "input_price": (2 + 3 * 2.5 + 2 * 0.4 + 2 * 0.32 + 0.6 + 0.54 + 0.4 + 3 * 1) / 14,
    "output_price": (2 + 3 * 2.5 + 2 * 0.8 + 2 * 0.64 + 0.6 + 0.54 + 0.4 + 3 * 1) / 14,
    "price_changes": 4, "surplus": 21,
    # completed requests: 54 of workload 0, 66 of 1, 43 of 2; 214 s to their first tokens
    "ttft": (8 + 20 + 20 + 16 + 10 + 16 + 20 + 10 + 36 + 10 + 48) / 163,
    "latency": (214 + 54 * 9.9 + 66 * 9.98 + 43 * 49.95) / 163, "tpot": (54 * 0.1 + 66 * 0.02 + 43 * 0.05) / 163,
    "utilisation": 12.25 / 24, "gpu_days": 64, "gpu_cost": 28, "profit": 47 - 41, "margin": (47 - 41) / 47, "moves": 3,
}
TRAFFIC = {
    "requests": 200, "completed": 160, "completed_share": 0.8, "cut_share": 0.1, "good_share": 0.6,
    "cost_per_good": 0.13 / 120,
    "refused_attempts_share": (10 + 5 + 1 + 1 + 2 + 1) / 300, "tokens": 125_000, "share": 1,
    "revenue": 0.13, "fees": 0.0065, "price": 1.04, "paid": 1.092, "input_price": (0.5 + 1) / 2,
    "output_price": (1.5 + 2) / 2, "price_changes": 0, "surplus": nan, "latency": (1800 + 600) / 160,
    "ttft": (150 + 50) / 160, "tpot": (4 + 2) / 160, "utilisation": 2100 / 3000,
}
OF_COMPLETED = {"ttft_p50": 0.5, "ttft_p90": 1, "ttft_p99": 4, "tpot_p50": 0.02, "tpot_p90": 0.05, "tpot_p99": 0.1,
                "latency_p50": 10, "latency_p90": 20, "latency_p99": 40}  # all 160 waits are of class 0
# of class 0 with its 30 that were not completed the 95th of 190; the 171st and 189th are among those
OF_ALL = {"ttft_p50": 1, "tpot_p50": 0.05, "latency_p50": 10,
          **{f"{name}_p{percent}": inf for name in ("ttft", "tpot", "latency") for percent in (90, 99)}}
QUANTILES = {**OF_ALL, **{f"{name}_completed": value for name, value in OF_COMPLETED.items()}}


def results(kind, frames):
    store = Store()
    store.begin("hand", {}, [RunSpec("one", kind, None, {}, 0, 0)])
    store.add([RunRecord("one", tables=frames)])
    return Results(store, "hand")


@pytest.fixture(scope="module")
def market():
    found = results("market", market_tables(hand_market()))
    yield found
    found.close()


@pytest.fixture(scope="module")
def traffic():
    found = results("traffic", traffic_tables(hand_outcome()))
    yield found
    found.close()


def test_every_statistic_has_a_value_by_hand():
    assert {*MARKET, *QUANTILES} == set(STATISTICS)


@pytest.mark.parametrize("name", MARKET)
def test_a_statistic_of_a_market_is_what_it_is_by_hand(market, name):
    assert market.statistic(name, [])["mean"].item() == pytest.approx(MARKET[name], nan_ok=True)


@pytest.mark.parametrize("name", TRAFFIC)
def test_a_statistic_of_traffic_is_what_it_is_by_hand(traffic, name):
    assert traffic.statistic(name, [])["mean"].item() == pytest.approx(TRAFFIC[name], nan_ok=True)


@pytest.mark.parametrize("name", QUANTILES)
def test_a_quantile_of_traffic_is_what_it_is_by_hand(traffic, name):
    got = traffic.statistic(name, ["segment"]).set_index("segment")["mean"]
    assert got["class0"] == pytest.approx(QUANTILES[name], rel=0.008)
    assert got.isna()["class1"] if name.endswith("_completed") else got["class1"] == inf  # 10 without any that waited


@pytest.mark.parametrize(("name", "by", "values"), [
    ("share", "provider", {"a": 195 / 358, "b": 163 / 358}),
    ("share", "model", {"big": 114 / 358, "mid": 244 / 358, "new": 0}),
    ("refused_attempts_share", "offer", {"a/big": 7 / 110, "a/mid": 7 / 31, "b/mid": 7 / 62, "b/new": nan}),
    ("utilisation", "offer", {"a/big": 3.25 / 6, "a/mid": 2 / 4, "b/mid": 7 / 14, "b/new": nan}),
    ("price", "task", {"chat": (0.108 + 0.018 + 0.0544) / (0.054 + 0.172), "coding": (0.036 + 0.12) / (0.072 + 0.06)}),
    ("profit", "provider", {"a": 40 - 24, "b": 7 - 16, "c": -1}),
    ("moves", "before", {"": 1, "mid": 2}),
    ("input_price", "offer", {"a/big": 9.5 / 4, "a/mid": 1.44 / 4, "b/mid": 1.54 / 3, "b/new": 1}),
])
def test_groups_by_hand(market, name, by, values):
    got = market.statistic(name, [by]).set_index(by)["mean"].to_dict()
    assert got == pytest.approx(values, nan_ok=True)


def test_attempts_that_failed_by_hand(traffic):
    offers = traffic.table("offers").set_index("offer")
    assert offers["failed"].to_dict() == {"p": 3 + 4 + 2 + 6, "q": 1 + 2 + 3 + 5}
    assert offers["refused"].to_dict() == {"p": 16, "q": 4}
    assert traffic.table("months")["days"].item() == pytest.approx(1000 / 86_400)


def test_expected_gains_are_summed(market):
    rows = market.table("switches").set_index(["month", "segment", "before", "after"])
    assert rows["gain_usd"].to_dict() == {
        (0, "s2", "", "mid"): 0.0, (1, "s1", "mid", "big"): 0.25, (1, "s2", "mid", "big"): 0.75}


def test_an_event_at_the_very_end_is_of_the_last_month():
    """Two of the three moves are of the first three days, in January; the last is at the very end, in February."""
    frames = market_tables(replace(hand_market(), start=date(2025, 1, 29)))
    assert frames["switches"].groupby("month")["moves"].sum().to_dict() == {0: 2, 1: 1}


def test_requests_of_a_workload_that_uses_no_model_are_kept():
    market = hand_market()
    first = replace(market.workload_days[0], born=np.array([10, 20, 3]))
    classes = market_tables(replace(market, workload_days=[first, *market.workload_days[1:]]))["classes"]
    none = classes[classes["model"] == ""]
    assert none["born"].tolist() == [3]
    assert none["workload_days"].tolist() == [0]
    assert classes["born"].sum() == 193


def test_a_workload_that_uses_a_model_but_sends_nothing_counts_as_one():
    market = hand_market()
    days = [replace(day, born=np.zeros_like(day.born)) for day in market.workload_days]
    whole, silent = market_tables(market)["classes"], market_tables(replace(market, workload_days=days))["classes"]
    uses = whole["model"] != ""
    assert silent["workload_days"].sum() == whole.loc[uses, "workload_days"].sum() > 0


def test_sampled_requests_by_hand(traffic):
    rows = traffic.table("requests")
    assert rows["cost_usd"].tolist() == pytest.approx([0.002, 0.003, 0.001, 0])
    assert rows["prompt_tokens"].tolist() == [900, 2500, 400, 5000]
    assert rows["output_tokens"].tolist() == [100, 500, 600, 0]
    assert rows["attempts"].tolist() == [1, 2, 1, 3]
    assert rows["segment"].tolist() == ["class0", "class1", "class1", "class0"]
    assert rows["outcome"].tolist() == ["completed"] * 3 + ["failed"]
    assert rows["end_s"].tolist() == [6, 12, 19, 14]
