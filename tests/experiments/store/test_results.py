"""The accessor: the same on one run, replications and a sweep, and in agreement with metrics and intervals."""

import inspect
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.measures.market.run import Run
from experiments.measures.market_summary import summary
from experiments.measures.traffic_metrics import metrics
from experiments.runs.run_traffic import run_traffic
from experiments.runs.specs import RunRecord, RunSpec
from experiments.scenarios import load_traffic
from experiments.stats import interval, paired
from experiments.stats.multiple import holm
from experiments.store.connection import StoreError
from experiments.store.dictionary import TABLES
from experiments.store.naming import StatisticError
from experiments.store.results import Results, open_results
from experiments.store.statistics import STATISTICS
from experiments.store.store import Store
from experiments.store.tables import market_tables, traffic_tables
from sim.errors import MarketWarning
from worlds.synthetic_market import synthetic

LOADS = (0.5, 2.0)
POLICIES = ("cheapest", "random")
REPLICATIONS = 3
LOAD = "traffic.load"


def play(load, policy, replication):
    overrides = ["traffic.engine=reference", "traffic.duration_s=40", "traffic.warmup_s=5", f"traffic.load={load}",
                 f'routers.main.policy.kind="{policy}"']
    return run_traffic(load_traffic("duel", overrides), replication)


@pytest.fixture(scope="module")
def outcomes():
    return {key: play(*key) for key in product(LOADS, POLICIES, range(REPLICATIONS))}


POINTS = list(product(LOADS, POLICIES))


def stored(outcomes, bad=()):
    """The sweep of two factors; runs of ``bad`` (row, replication) failed."""
    specs = [RunSpec(f"{row}/{r}", "traffic", None, {LOAD: load, "policy": policy}, row, r)
             for row, (load, policy) in enumerate(POINTS) for r in range(REPLICATIONS)]
    store = Store()
    store.begin("sweep", {}, specs)
    store.add([RunRecord(spec.key, "RuntimeError: too hot") if (spec.row, spec.replication) in bad else
               RunRecord(spec.key, tables=traffic_tables(outcomes[spec.point[LOAD], spec.point["policy"],
                                                                  spec.replication])) for spec in specs])
    return Results(store, "sweep")


@pytest.fixture(scope="module")
def sweep(outcomes):
    with stored(outcomes) as results:
        yield results


@pytest.fixture(scope="module")
def holed(outcomes):
    """The same, with one run of load 0.5 under random failed, and all of load 2 under cheapest."""
    with stored(outcomes, bad={(1, 2), *((2, r) for r in range(REPLICATIONS))}) as results:
        yield results


@pytest.fixture(scope="module")
def single(outcomes):
    """One run of one scenario."""
    store = Store()
    store.begin("single", {}, [RunSpec("one", "traffic", None, {}, 0, 0)])
    store.add([RunRecord("one", tables=traffic_tables(outcomes[2.0, "random", 0]))])
    yield Results(store, "single")
    store.close()


@pytest.fixture(scope="module")
def markets():
    """Three replications of a market."""
    runs = [synthetic(days=70, seed=seed) for seed in range(3)]
    store = Store()
    store.begin("market", {}, [RunSpec(str(r), "market", None, {}, 0, r) for r in range(3)])
    store.add([RunRecord(str(r), tables=market_tables(result)) for r, result in enumerate(runs)])
    yield Results(store, "market"), runs
    store.close()


SAME = {  # statistic by nothing: metric of the tournament
    "requests": "requests", "revenue": "revenue_usd", "fees": "fee_usd", "price": "cost_usd_per_mtok",
    "paid": "paid_usd_per_mtok", "completed_share": "completed_share", "good_share": "good_share",
    "utilisation": "utilisation",
}


@pytest.mark.parametrize("name", SAME)
def test_statistics_are_the_metrics_with_their_intervals(sweep, outcomes, name):
    frame = getattr(sweep.stats, name)()
    assert list(frame.columns) == [LOAD, "policy", "mean", "half_width", "n", "failed", "unit"]
    for _, row in frame.iterrows():
        values = [metrics(outcomes[row[LOAD], row["policy"], r])[SAME[name]] for r in range(REPLICATIONS)]
        want = interval(values)
        assert (row["mean"], row["half_width"], row["n"]) == pytest.approx((want.mean, want.half_width, want.n))
    assert len(frame) == len(LOADS) * len(POLICIES)


def test_metrics_are_those_of_every_run_with_their_intervals(sweep, outcomes):
    frame = sweep.metrics()
    assert list(frame.columns) == [LOAD, "policy", "metric", "unit", "mean", "half_width", "n", "failed"]
    first = metrics(outcomes[LOADS[0], POLICIES[0], 0])
    assert frame["metric"][: len(first)].tolist() == list(first)
    assert len(frame) == len(first) * len(LOADS) * len(POLICIES)
    for (load, policy), part in frame.groupby([LOAD, "policy"]):
        runs = [metrics(outcomes[load, policy, r]) for r in range(REPLICATIONS)]
        for _, row in part.iterrows():
            want = interval([values[row["metric"]] for values in runs])
            np.testing.assert_allclose([row["mean"], row["half_width"], row["n"]],
                                       [want.mean, want.half_width, want.n], rtol=1e-9, atol=1e-12)


def test_shares_of_providers_are_those_of_the_tournament_and_add_up(sweep, outcomes):
    frame = sweep.stats.share(by="provider")
    for _, row in frame.iterrows():
        values = [metrics(outcomes[row[LOAD], row["policy"], r])[f"share:{row['provider']}"]
                  for r in range(REPLICATIONS)]
        assert row["mean"] == pytest.approx(np.mean(values))
    np.testing.assert_allclose(frame.groupby([LOAD, "policy"])["mean"].sum(), 1.0)


def test_latency_is_the_mean_over_requests(sweep, outcomes):
    row = sweep.stats.latency(by=["segment", "replication"]).iloc[0]
    outcome = outcomes[LOADS[0], POLICIES[0], 0]
    assert row["segment"] == "chat"
    assert row["mean"] == pytest.approx(outcome.class_metric_sums[:, 2].sum() / outcome.class_hist[:, 2].sum())


def test_latency_of_offers_agrees_with_that_of_classes_within_the_width_of_bins(sweep):
    for name, weight in (("latency", "completed"), ("ttft", "completed"), ("tpot", "tpot_requests")):
        exact = sweep.statistic(name, ["row", "replication"])["mean"]
        offers = sweep.table("offers")
        parts = sweep.statistic(name, ["row", "provider", "replication"]).merge(
            offers[["row", "replication", "provider", weight]], on=["row", "replication", "provider"])
        total = (parts["mean"].fillna(0) * parts[weight]).groupby([parts["row"], parts["replication"]]).sum()
        count = parts.groupby(["row", "replication"])[weight].sum()
        np.testing.assert_allclose(total / count, exact, rtol=0.008)


def test_quantiles_are_those_of_the_metrics_where_a_row_is_the_whole(sweep, outcomes):
    for name, metric in (("latency", "e2e"), ("ttft", "ttft"), ("tpot", "tpot")):
        for percent in (50, 90, 99):
            for end in ("", "_completed"):
                row = sweep.statistic(f"{name}_p{percent}{end}").iloc[-1]
                want = interval([metrics(outcomes[LOADS[-1], POLICIES[-1], r])[f"{metric}_p{percent}{end}_s"]
                                 for r in range(REPLICATIONS)])
                got = (row["mean"], row["half_width"])
                assert got == pytest.approx((want.mean, want.half_width), nan_ok=True)
    assert len(sweep.stats.ttft_p90_completed(by="provider")) == 2 * len(LOADS) * len(POLICIES)


def test_groups_add_up_to_the_whole(sweep):
    whole = sweep.stats.revenue(by=["row", "replication"]).set_index(["row", "replication"])["mean"]
    for by in ("provider", "model", "segment", "region"):
        parts = sweep.stats.revenue(by=["row", by, "replication"])
        assert parts["n"].eq(1).all()
        assert parts["half_width"].isna().all()
        pd.testing.assert_series_equal(parts.groupby(["row", "replication"])["mean"].sum(), whole)


def test_a_named_factor_averages_over_the_others_replication_by_replication(sweep, outcomes):
    frame = sweep.stats.revenue(by="policy")
    assert list(frame.columns[:2]) == ["policy", "mean"]
    for _, row in frame.iterrows():
        values = [np.mean([metrics(outcomes[load, row["policy"], r])["revenue_usd"] for load in LOADS])
                  for r in range(REPLICATIONS)]
        want = interval(values)
        assert (row["mean"], row["half_width"], row["n"]) == pytest.approx((want.mean, want.half_width, REPLICATIONS))


def test_the_same_calls_work_on_one_run(single, outcomes):
    expected = metrics(outcomes[2.0, "random", 0])
    got = single.stats.revenue(by=["provider", "model"])
    assert list(got.columns) == ["provider", "model", "mean", "half_width", "n", "failed", "unit"]
    assert got["mean"].sum() == pytest.approx(expected["revenue_usd"])
    assert got["n"].eq(1).all()
    assert single.stats.revenue()["mean"].item() == pytest.approx(expected["revenue_usd"])
    assert dict(zip(single.metrics()["metric"], single.metrics()["mean"], strict=True)) == pytest.approx(
        expected, nan_ok=True)
    assert single.failures().empty


@pytest.mark.parametrize(("name", "metric"), [
    ("requests", "requests"), ("completed_share", "completed_share"), ("tokens", "tokens"), ("revenue", "spend_usd"),
    ("fees", "fee_usd"), ("surplus", "surplus_usd"), ("utilisation", "busy_share"),
    ("margin", "provider_margin"), ("gpu_cost", "gpu_cost_usd"),
])
def test_statistics_of_a_market_are_those_of_its_summary(markets, name, metric):
    results, runs = markets
    numbers = [summary(Run(result)).set_index("metric").loc[metric, "value"] for result in runs]
    want, row = interval(numbers), results.stats.__getattr__(name)().iloc[0]
    assert (row["mean"], row["half_width"], row["n"]) == pytest.approx((want.mean, want.half_width, want.n))


def test_shares_of_a_month_add_up(markets):
    frame = markets[0].stats.share(by=["month", "provider"])
    np.testing.assert_allclose(frame.groupby("month")["mean"].sum(), 1.0)


def test_every_statistic_names_columns_that_are_there_and_can_be_computed(markets, sweep):
    for name, found in STATISTICS.items():
        for source in found.sources:
            assert {*source.above, *(source.below or {})} <= set(TABLES[source.table].names)
            by = list(TABLES[source.table].dimensions)
            for results in (markets[0], sweep):
                frame = results.statistic(name, by)
                assert list(frame.columns[-5:]) == ["mean", "half_width", "n", "failed", "unit"]
        assert set(dir(sweep.stats)) == set(STATISTICS)


def test_sources_of_a_statistic_agree(markets):
    for name, found in STATISTICS.items():
        totals = {markets[0].statistic(name, by)["mean"].sum() for by in ("model", "provider", "segment")
                  if not (found.of_whole or found.single) and found.sources[0].below is None
                  and any(by in TABLES[it.table].dimensions for it in found.sources)}
        assert not totals or max(totals) == pytest.approx(min(totals)), name


def test_a_group_that_a_run_lacks_counts_as_zero():
    columns = {name: 0.0 for name in TABLES["classes"].names} | {"segment": "chat", "task": ""}
    store = Store()
    store.begin("study", {}, [RunSpec(str(r), "traffic", None, {}, 0, r) for r in range(2)])
    rows = [[("a", 4)], [("a", 6), ("b", 8)]]
    for r, born in enumerate(rows):
        frame = pd.DataFrame([{**columns, "model": model, "born": count} for model, count in born])
        store.add([RunRecord(str(r), tables={"classes": frame[list(TABLES["classes"].names)]})])
    results = Results(store, "study")
    got = results.stats.requests(by="model").set_index("model")
    assert got["mean"].to_dict() == {"a": 5.0, "b": 4.0}
    assert got["n"].to_dict() == {"a": 2, "b": 2}
    ratios = results.stats.completed_share(by="model").set_index("model")
    assert ratios["n"].to_dict() == {"a": 2, "b": 1}  # no requests, no share
    store.close()


def test_comparisons_are_paired_by_replication(sweep, outcomes):
    frame = sweep.compare("revenue_usd")
    assert list(frame.columns) == [LOAD, "policy", "baseline", "metric", "unit", "difference", "half_width",
                                   "correlation", "variance_reduction", "n", "p", "p_holm"]
    assert frame[[LOAD, "policy", "baseline"]].values.tolist() == [[0.5, "random", "cheapest"],
                                                                   [2.0, "random", "cheapest"]]
    for _, row in frame.iterrows():
        a, b = ([metrics(outcomes[row[LOAD], policy, r])["revenue_usd"] for r in range(REPLICATIONS)]
                for policy in ("random", "cheapest"))
        want = paired(a, b)
        assert (row["difference"], row["half_width"], row["correlation"], row["variance_reduction"], row["n"]) == (
            pytest.approx((want.difference.mean, want.difference.half_width, want.correlation,
                           want.variance_reduction, REPLICATIONS)))
    assert frame["p_holm"].tolist() == pytest.approx(holm(frame["p"].tolist()))


def test_any_factor_level_and_several_metrics_can_be_compared(sweep):
    frame = sweep.compare(["requests", "e2e_p99_s"], factor=LOAD, baseline=2.0)
    assert frame["metric"].tolist() == ["requests"] * 2 + ["e2e_p99_s"] * 2
    assert frame[LOAD].eq(0.5).all()
    assert (frame.loc[frame["metric"] == "requests", "difference"] < 0).all()


def test_runs_that_failed_are_counted_in_every_row_and_enter_no_mean(holed, outcomes):
    assert holed.failures()[["row", "replication", "problem"]].values.tolist() == [
        [1, 2, "RuntimeError: too hot"], *([2, r, "RuntimeError: too hot"] for r in range(REPLICATIONS))]
    with pytest.warns(MarketWarning, match="4 of 12 runs failed") as told:
        frames = [holed.stats.revenue(), holed.metrics().query("metric == 'revenue_usd'").drop(columns="metric")]
    assert {Path(it.filename).name for it in told} == {Path(__file__).name}
    for frame in frames:
        assert frame[[LOAD, "policy", "n", "failed"]].values.tolist() == [
            [0.5, "cheapest", 3, 0], [0.5, "random", 2, 1], [2.0, "cheapest", 0, 3], [2.0, "random", 3, 0]]
        want = interval([metrics(outcomes[0.5, "random", r])["revenue_usd"] for r in range(2)])
        assert frame[["mean", "half_width"]].iloc[1].tolist() == pytest.approx([want.mean, want.half_width])
        assert frame[["mean", "half_width"]].iloc[2].isna().all()
        assert frame["unit"].eq("USD").all()


def test_no_mean_is_made_of_part_of_its_points(holed, outcomes):
    with pytest.warns(MarketWarning):
        frame = holed.stats.revenue(by="policy")
    assert frame[["policy", "n", "failed"]].values.tolist() == [["cheapest", 0, 3], ["random", 2, 1]]
    want = [np.mean([metrics(outcomes[load, "random", r])["revenue_usd"] for load in LOADS]) for r in range(2)]
    assert frame["mean"].iloc[1] == pytest.approx(np.mean(want))
    with pytest.warns(MarketWarning):
        parts = holed.stats.revenue(by=["row", "provider", "replication"])
    assert parts.groupby("row")["failed"].sum().to_dict() == {0: 0, 1: 2, 2: 6, 3: 0}
    assert len(parts) == len(POINTS) * REPLICATIONS * 2


def test_a_comparison_that_needs_a_failed_run_is_refused_unless_told_to_drop_it(holed, outcomes):
    with pytest.raises(StatisticError, match=r"policy 'random' lacks 1 of 3 runs \(replication 2: RuntimeError"):
        holed.compare("requests")
    with pytest.raises(StatisticError, match="failed is 'ignore', but must be 'refuse' or 'drop'"):
        holed.compare("requests", failed="ignore")
    with pytest.warns(MarketWarning):
        frame = holed.compare("revenue_usd", failed="drop")
    assert frame[[LOAD, "n"]].values.tolist() == [[0.5, 2], [2.0, 0]]
    a, b = ([metrics(outcomes[0.5, policy, r])["revenue_usd"] for r in range(2)] for policy in ("random", "cheapest"))
    assert frame["difference"].iloc[0] == pytest.approx(paired(a, b).difference.mean)
    assert frame["difference"].isna().iloc[1]


def test_runs_that_are_not_done_yet_are_told_like_those_that_failed(outcomes):
    store = Store()
    store.begin("half", {}, [RunSpec(str(r), "traffic", None, {}, 0, r) for r in range(2)])
    store.add([RunRecord("0", tables=traffic_tables(outcomes[2.0, "random", 0]))])
    with Results(store, "half") as results:
        with pytest.warns(MarketWarning, match="1 of 2 runs are not done yet"):
            assert results.stats.revenue()[["n", "failed"]].values.tolist() == [[1, 0]]
        assert "1 of 2 runs done; 1 of 2 runs are not done yet" in repr(results)


def test_results_show_what_they_are(holed, single):
    assert repr(single).splitlines()[0] == "Results of 'single': 1 of 1 runs done"
    text = repr(holed)
    assert "8 of 12 runs done; 4 of 12 runs failed: see failures()" in text
    assert "cheapest, random" in text
    html = holed._repr_html_()
    assert html.count("<th>") == 1 + len(POINTS)
    assert "3 failed" in html
    assert "±" in html


def test_what_a_user_named_is_escaped_on_a_page(outcomes):
    store = Store()
    store.begin("<b>study</b>", {}, [RunSpec("a", "traffic", None, {"policy": "<img onerror=x>"}, 0, 0)])
    store.add([RunRecord("a", tables=traffic_tables(outcomes[2.0, "random", 0]))])
    with Results(store, "<b>study</b>") as results:
        html = results._repr_html_()
    assert "<img" not in html
    assert "<b>" not in html
    assert "&lt;img onerror=x&gt;" in html
    assert "closed" in results._repr_html_()
    with pytest.raises(StoreError, match="are closed; read what you need"):
        results.metrics()


def test_statistics_help_themselves(sweep):
    assert "revenue" in dir(sweep.stats)
    assert str(inspect.signature(sweep.stats.revenue)).startswith("(by: 'str | Sequence[str]' = (), confidence")
    assert "Charged by providers" in sweep.stats.revenue.__doc__
    assert [line.split()[0] for line in repr(sweep.stats).splitlines()] == list(STATISTICS)


def test_frames_of_polars_hold_the_same(sweep):
    polars = pytest.importorskip("polars")
    for given, frame in ((sweep.metrics(), sweep.metrics()), ("offers", sweep.table("offers"))):
        got = sweep.to_polars(given)
        assert isinstance(got, polars.DataFrame)
        assert got.columns == list(frame.columns)
        for name in frame.columns:
            assert got[name].to_list() == pytest.approx(frame[name].tolist(), nan_ok=True) or frame[name].dtype == "str"


@pytest.mark.parametrize(("package", "ask"), [("polars", lambda it: it.to_polars("offers")),
                                              ("altair", lambda it: it.chart("e2e_p99_s", over=LOAD))])
def test_a_package_that_is_absent_is_named(sweep, monkeypatch, package, ask):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(StatisticError, match=f"needs the package {package}"):
        ask(sweep)


def test_charts_show_what_plots_show(sweep, holed):
    pytest.importorskip("altair")
    spec = sweep.chart("e2e_p99_s", over=LOAD).to_dict()
    values = spec["data"]["values"] if "values" in spec["data"] else next(iter(spec["datasets"].values()))
    frame = sweep.metrics().query("metric == 'e2e_p99_s'")
    assert [it["mean"] for it in values] == pytest.approx(frame["mean"].tolist())
    assert [it["high"] - it["low"] for it in values] == pytest.approx((2 * frame["half_width"]).tolist())
    assert [it["line"] for it in values] == frame["policy"].tolist()
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rule", "line"]
    assert spec["layer"][1]["encoding"]["y"]["title"] == sweep.plot("e2e_p99_s", LOAD).axes[0].get_ylabel()
    assert sweep.chart.stat("revenue", by=["policy", "provider"]).to_dict()["layer"][1]["mark"]["type"] == "point"
    with pytest.warns(MarketWarning):
        assert "4 runs failed" in str(holed.chart("e2e_p99_s", over=LOAD).to_dict()["title"])


@pytest.mark.parametrize(("ask", "message"), [
    (lambda it: it.statistic("revenu"), "no statistic 'revenu'; statistics are requests"),
    (lambda it: it.stats.surplus(by="provider"), "surplus cannot be had by provider; it can by month, segment"),
    (lambda it: it.stats.latency_p99_completed(by="region"),
     "latency_p99_completed cannot be put together .* ask for it by provider"),
    (lambda it: it.compare("revenu"), "no metric 'revenu'; metrics are cost_usd_per_mtok"),
    (lambda it: it.compare("requests", factor="x"), "'x' is no factor of this study; factors: traffic.load, policy"),
    (lambda it: it.compare("requests", baseline="x"), "policy is never 'x'; its values: cheapest, random"),
    (lambda it: it.compare("revenue_us"), "did you mean revenue_usd"),
    (lambda it: it.compare("requests", factor="polcy"), "did you mean policy"),
    (lambda it: it.compare("requests", baseline="chepest"), "did you mean cheapest"),
    (lambda it: it.compare("requests", baseline=["cheapest"]), r"policy is never \['cheapest'\]"),
    (lambda it: it.compare(None), "no metric None"),
    (lambda it: it.metrics(by="polcy"), "by has 'polcy', but results can be told apart by .*; did you mean policy"),
    (lambda it: it.metrics(by="provider"), "by has 'provider'"),
    (lambda it: it.metrics(by=3), "by is 3, but must be a name"),
    (lambda it: it.metrics(confidence=95), "confidence is 95, but must be a number between 0 and 1"),
    (lambda it: it.stats.revenue(by="provder"), "did you mean provider"),
    (lambda it: it.stats.revenue(by=[None]), "by has None"),
    (lambda it: it.stats.revenue(confidence=float("nan")), "confidence is nan"),
    (lambda it: it.stats.revenue(confidence=True), "confidence is True"),
    (lambda it: it.table("ofers"), "no table 'ofers'; tables are .*; did you mean offers"),
    (lambda it: it.to_polars(3), "takes the name of a table"),
    (lambda it: it.plot.metric("revenu"), "no metric 'revenu'"),
    (lambda it: it.plot("requests", over="traffic.lod"), "did you mean traffic.load"),
    (lambda it: it.plot.stat("revenue", "provder"), "did you mean provider"),
    (lambda it: it.chart("revenu"), "no metric 'revenu'"),
    (lambda it: it.chart.stat("revenu", "provider"), "did you mean revenue"),
    (lambda it: it.plot.stat("revenue", ["provider", "model", "offer"]), "one or two columns apart, not 3"),
])
def test_mistakes_are_one_sentence(sweep, ask, message):
    with pytest.raises(StatisticError, match=message):
        ask(sweep)


def test_one_run_has_no_factor_to_compare(single):
    with pytest.raises(StatisticError, match="has these: none"):
        single.compare("requests")
    with pytest.raises(AttributeError, match="no statistic 'nonsense'"):
        single.stats.nonsense  # noqa: B018


def test_figures_show_every_group_with_its_interval(sweep, single):
    lines = sweep.plot.metric("e2e_p99_s", over=LOAD).axes[0]
    assert lines.get_xlabel() == LOAD
    assert lines.get_ylabel() == "End-to-end latency p99 (s)"
    assert [line.lines[0].get_xdata().tolist() for line in lines.containers] == [list(LOADS)] * len(POLICIES)
    assert [text.get_text() for text in lines.get_legend().get_texts()] == list(POLICIES)
    by_provider = sweep.plot.stat("revenue", [LOAD, "provider"]).axes[0]
    assert [text.get_text() for text in by_provider.get_legend().get_texts()] == ["slow", "fast"]
    assert [tick.get_text() for tick in single.plot.stat("share", "provider").axes[0].get_xticklabels()] == [
        "slow", "fast"]


def test_results_are_opened_from_a_folder_or_a_file(tmp_path, outcomes):
    with pytest.raises(StoreError, match=r"has no store\.duckdb"):
        open_results(tmp_path)
    file = tmp_path / "store.duckdb"
    tables = traffic_tables(outcomes[2.0, "random", 0])
    with Store(file) as store:
        store.begin("one", {}, [RunSpec("a", "traffic", None, {}, 0, 0)])
        store.add([RunRecord("a", tables=tables)])
    for path in (tmp_path, file):
        results = open_results(path)
        assert len(results.table("offers")) == 2
        results.close()
    with Store(file) as store:
        store.begin("two", {}, [RunSpec("a", "traffic", None, {}, 0, 0)])
    with pytest.raises(StoreError, match=r"holds 2 studies \(one, two\); name one of them"):
        open_results(tmp_path)
    with open_results(tmp_path, "two") as results:
        assert results.study == "two"
    Store(file).close()  # free again


def test_importing_the_package_imports_nothing_heavy():
    code = ("import sys, experiments; print([name for name in ('pandas', 'duckdb', 'numba', 'scipy', 'matplotlib') "
            "if name in sys.modules], callable(experiments.run), callable(experiments.sweep), "
            "sorted(set(experiments.__all__) - set(dir(experiments))), "
            "[callable(getattr(experiments, name)) for name in experiments.__all__].count(False))")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split("\n")[0] == "[] True True [] 0"


def test_results_without_a_single_run_are_empty_and_say_so():
    store = Store()
    store.begin("none", {}, [RunSpec("a", "traffic", None, {LOAD: 1.0}, 0, 0),
                             RunSpec("b", "traffic", None, {LOAD: 2.0}, 1, 0)])
    store.add([RunRecord("a", "RuntimeError: too hot")])
    with Results(store, "none") as results:
        with pytest.warns(MarketWarning, match="1 of 2 runs failed and 1 of 2 runs are not done yet"):
            assert results.metrics().empty
        with pytest.warns(MarketWarning):
            assert results.stats.revenue()[["n", "failed"]].values.tolist() == [[0, 1], [0, 0]]
        assert "0 of 2 runs done" in results._repr_html_()
