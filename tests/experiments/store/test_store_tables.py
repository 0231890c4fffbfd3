"""The tables of a run: as documented, and in agreement with the metrics and the summary of the same run."""

from functools import cache

import numpy as np
import pytest

from experiments.measures.catalogue import SHARE_PREFIX
from experiments.measures.market.run import Run
from experiments.measures.market_summary import summary
from experiments.measures.market_tables import tables
from experiments.measures.traffic_metrics import metrics
from experiments.runs.run_traffic import run_traffic
from experiments.runs.specs import RunRecord, RunSpec
from experiments.scenarios import load_traffic
from experiments.store.dictionary import TABLES
from experiments.store.report_tables import ASKED_FILES, report_tables
from experiments.store.report_tables import TABLES as REPORT_TABLES
from experiments.store.store import Store
from experiments.store.tables import market_tables, traffic_tables
from worlds.synthetic_market import synthetic


@cache
def duel(*overrides):
    """A run of the duel on the reference engine, which needs no compilation."""
    return run_traffic(load_traffic("duel", ["traffic.engine=reference", "traffic.duration_s=60", *overrides]))


@pytest.fixture(scope="module")
def outcome():
    return duel("traffic.load=1.5", "traffic.sample_share=0.2", "demand.chat.patience_s=2")


@pytest.fixture(scope="module")
def traffic(outcome):
    return traffic_tables(outcome)


@pytest.fixture(scope="module")
def result():
    return synthetic(days=70)


@pytest.fixture(scope="module")
def market(result):
    return market_tables(result)


def test_columns_are_those_of_the_dictionary(traffic, market):
    for frames in (traffic, market):
        assert {name: tuple(frame.columns) for name, frame in frames.items()} == {
            name: TABLES[name].names for name in frames}
    assert set(traffic) | set(market) == set(TABLES) - set(REPORT_TABLES) - {"wanted_days", "sold_days", "gate_facts"}


def test_every_column_has_a_meaning_and_every_number_a_unit():
    for table in TABLES.values():
        for column in table.columns:
            assert column.doc
            assert column.unit or column.role in ("dimension", "text") or table in REPORT_TABLES.values()
        assert len(set(table.names)) == len(table.names)


def test_dimensions_tell_rows_apart(traffic, market):
    for frames in (traffic, market):
        for name, frame in frames.items():
            assert not frame.duplicated(list(TABLES[name].dimensions)).any(), name


def test_traffic_metrics_are_those_of_the_tournament(outcome, traffic):
    assert dict(zip(traffic["metrics"]["metric"], traffic["metrics"]["value"], strict=True)) == metrics(outcome)


def test_traffic_sums_agree_with_metrics(outcome, traffic):
    expected, offers, classes = metrics(outcome), traffic["offers"], traffic["classes"]
    assert 0 < expected["completed_share"] < 1  # so that the columns of those who failed are not all zero
    tokens = (offers["prompt_tokens"] + offers["output_tokens"]).sum()
    assert offers["revenue_usd"].sum() == pytest.approx(expected["revenue_usd"], rel=1e-12)
    assert classes["cost_usd"].sum() == pytest.approx(expected["revenue_usd"], rel=1e-12)
    assert classes["fee_usd"].sum() == pytest.approx(expected["fee_usd"], rel=1e-12)
    assert 1e6 * classes["cost_usd"].sum() / tokens == pytest.approx(expected["cost_usd_per_mtok"], rel=1e-12)
    assert offers["busy_replica_s"].sum() / offers["replica_s"].sum() == pytest.approx(expected["utilisation"])
    born = classes["born"].sum()
    assert born == expected["requests"]
    for name in ("refused", "failed", "abandoned", "timed_out"):
        assert classes[name].sum() / born == expected[f"{name}_share"]
    assert classes["completed"].sum() / born == expected["completed_share"]
    assert classes["good"].sum() / born == expected["good_share"]
    assert classes["attempts"].sum() / born == expected["attempts_per_request"]
    assert offers["completed"].sum() == classes["completed"].sum()
    for provider in outcome.world.scenario.providers:
        mine = offers[offers["provider"] == provider]
        share = (mine["prompt_tokens"] + mine["output_tokens"]).sum() / tokens
        assert share == pytest.approx(expected[f"{SHARE_PREFIX}{provider}"], rel=1e-12)


def test_with_one_class_its_quantiles_are_those_of_the_run(outcome, traffic):
    expected, row = metrics(outcome), traffic["classes"].iloc[0]
    for name in ("ttft", "tpot", "e2e"):
        for percent in (50, 90, 99):
            for whose in ("_s", "_completed_s"):
                assert row[f"{name}_p{percent}{whose}"] == expected[f"{name}_p{percent}{whose}"]
        requests = row["tpot_requests"] if name == "tpot" else row["completed"]
        assert row[f"{name}_p50_completed_s"] / 4 < row[f"{name}_sum_s"] / requests < row[f"{name}_p99_completed_s"]


def test_sampled_requests_have_names_and_times_in_order(outcome, traffic):
    rows = traffic["requests"]
    assert len(rows) == len(outcome.samples) > 20
    done = rows[rows["outcome"] == "completed"]
    assert len(done) > 0
    assert (done["born_s"] <= done["first_token_s"]).all()
    assert (done["first_token_s"] <= done["end_s"]).all()
    assert set(done["provider"]) <= set(outcome.world.scenario.providers)
    assert rows["request"].is_unique


def test_traffic_prices_are_those_posted(traffic):
    rows = traffic["prices"].set_index("provider")
    assert dict(rows["input_usd_days"] / rows["listed_days"]) == pytest.approx({"slow": 0.1, "fast": 0.3})
    assert rows.loc["fast", "output_usd_days"] / rows.loc["fast", "listed_days"] == pytest.approx(0.9)


def number(result, name):
    frame = summary(Run(result)).set_index("metric")
    return float(frame.loc[name, "value"])


def test_market_sums_agree_with_the_summary(result, market):
    offers, classes, fleets = market["offers"], market["classes"], market["fleets"]
    assert classes["born"].sum() == number(result, "requests")
    assert classes["completed"].sum() / classes["born"].sum() == pytest.approx(number(result, "completed_share"))
    assert (classes["prompt_tokens"] + classes["output_tokens"]).sum() == number(result, "tokens")
    assert (offers["prompt_tokens"] + offers["output_tokens"]).sum() == number(result, "tokens")
    assert classes["cost_usd"].sum() == pytest.approx(number(result, "spend_usd"))
    assert offers["revenue_usd"].sum() == pytest.approx(number(result, "spend_usd"))
    assert classes["fee_usd"].sum() == pytest.approx(number(result, "fee_usd"))
    assert classes["surplus_usd"].sum() == pytest.approx(number(result, "surplus_usd"))
    assert offers["busy_replica_s"].sum() / offers["replica_s"].sum() == pytest.approx(
        number(result, "busy_share"))
    assert fleets["gpu_days"].sum() / result.days == pytest.approx(number(result, "gpus"))
    assert 1 - fleets["paid_usd"].sum() / fleets["received_usd"].sum() == pytest.approx(
        number(result, "provider_margin"))
    assert market["prices"]["changes"].sum() == sum(it.reason != "launch" for it in result.price_changes)
    assert market["switches"]["moves"].sum() == len(result.switches)


def test_market_months_agree_with_the_monthly_tables(result, market):
    monthly = tables(result)
    label = market["months"].set_index("month")["label"]
    segments = market["classes"].assign(label=lambda it: it["month"].map(label)).groupby(["label", "segment"])
    wanted = monthly["monthly_segments"].set_index(["month", "segment"])
    sums = segments[["born", "completed", "cost_usd", "surplus_usd", "ttft_sum_s", "e2e_sum_s", "tpot_sum_s",
                     "tpot_requests", "workload_days"]].sum()
    np.testing.assert_allclose(sums["born"], wanted["requests"])
    np.testing.assert_allclose(sums["cost_usd"], wanted["spend_usd"])
    np.testing.assert_allclose(sums["surplus_usd"], wanted["surplus_usd"])
    np.testing.assert_allclose(sums["ttft_sum_s"] / sums["completed"], wanted["ttft_mean_s"])
    np.testing.assert_allclose(sums["e2e_sum_s"] / sums["completed"], wanted["e2e_mean_s"])
    np.testing.assert_allclose(sums["tpot_sum_s"] / sums["tpot_requests"], wanted["tpot_mean_s"])
    days = market["months"].set_index("label")["days"].reindex(sums.index, level=0)
    np.testing.assert_allclose(sums["workload_days"] / days, wanted["workloads"])


def test_a_posted_price_is_the_mean_over_the_days_listed(result, market):
    rows = market["prices"]
    first = rows[rows["month"] == 0].iloc[0]
    offer = next(index for index, it in enumerate(result.offers) if it.name == first["offer"])
    days = np.flatnonzero(result.listed_daily[:31, offer])
    assert first["listed_days"] == len(days)
    assert first["input_usd_days"] == pytest.approx(result.prices_daily[days, offer, 0].sum() / 1e6)


@pytest.mark.parametrize("which", ["traffic", "market"])
def test_the_store_gives_back_what_it_was_given(which, request):
    frames = request.getfixturevalue(which)
    with Store() as store:
        store.begin("study", {}, [RunSpec("a", which, None, {}, 0, 0)])
        store.add([RunRecord("a", tables=frames)])
        for name, frame in frames.items():
            back = store.table(name, "study").drop(columns=["row", "replication"])
            assert len(back) == len(frame)
            for column in frame.columns:
                np.testing.assert_array_equal(back[column].to_numpy(), frame[column].to_numpy(), strict=False)


def test_what_a_market_leaves_comes_back_from_the_store_as_it_was():
    """Same types, so the same bytes in its CSV files: a whole number must not come back as 5.0."""
    result = synthetic(days=130)
    written = report_tables(result, ASKED_FILES)
    assert len(written["daily_offers"]) > 130 * 10
    with Store(None) as store:
        store.begin("market", {}, [RunSpec("a", "market, offers by day", {}, {}, 0, 0)])
        store.add([RunRecord("a", tables=written)])
        for name, frame in written.items():
            back = store.table(name, "market").drop(columns=["row", "replication"])
            assert back.to_csv(index=False) == frame.to_csv(index=False), name
