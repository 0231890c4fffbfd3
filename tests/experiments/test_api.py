"""The functions that experiment scripts call, from a scenario to compared results."""

import pytest

from experiments import change, compare, load, open_results, replicate, sweep
from experiments.measures.traffic_metrics import metrics
from experiments.runs.run_traffic import run_traffic
from experiments.stats import paired
from sim.errors import MarketWarning, ScenarioError
from sim.scenario import MarketScenario, TrafficScenario
from sim.scenario.dump import to_toml
from worlds.small_markets import small

SHORT = ("traffic.engine=reference", "traffic.duration_s=40", "traffic.warmup_s=5")  # no compilation needed


@pytest.fixture(scope="module")
def duel():
    return load("duel", *SHORT)


def test_load_tells_traffic_from_markets_by_name_and_by_file(tmp_path):
    assert isinstance(load("duel"), TrafficScenario)
    assert isinstance(load("openrouter-2026"), MarketScenario)
    for name, scenario in (("traffic.toml", load("duel")), ("market.toml", small())):
        (tmp_path / name).write_text(to_toml(scenario), encoding="utf-8")
        found = load(tmp_path / name)
        assert (type(found), found.name) == (type(scenario), scenario.name)
    assert load(tmp_path / "market.toml", "horizon.days=3").horizon.days == 3


def test_load_says_what_there_is():
    with pytest.raises(ScenarioError, match=r"no scenario 'dual'; built in are .*duel.*openrouter-2026"):
        load("dual")
    with pytest.raises(ScenarioError, match="cannot read scenario"):
        load("dual.toml")


def test_change_leaves_the_original_alone(duel):
    changed = change(duel, "traffic.load=1.5", "seed=3")
    assert (changed.traffic.load, changed.seed, duel.traffic.load) == (1.5, 3, 1.0)
    assert change(small(), "horizon.days=2").horizon.days == 2
    with pytest.raises(ScenarioError, match="lod does not exist"):
        change(duel, "traffic.lod=1")


def test_replications_are_the_runs_themselves(duel):
    results = replicate(duel, 2)
    rows = results.table("metrics").query("metric == 'revenue_usd'")
    assert rows["value"].tolist() == [metrics(run_traffic(duel, r))["revenue_usd"] for r in range(2)]
    assert results.factors == []
    assert results.stats.revenue()["n"].item() == 2


def test_compare_is_paired_on_the_same_requests(duel):
    got = compare(duel, ["cheapest", "random"], 2).compare("e2e_p99_s").iloc[0]
    values = {policy: [metrics(run_traffic(change(duel, f'routers.main.policy.kind="{policy}"'), r))["e2e_p99_s"]
                       for r in range(2)] for policy in ("cheapest", "random")}
    want = paired(values["random"], values["cheapest"])
    assert (got["policy"], got["baseline"]) == ("random", "cheapest")
    assert (got["difference"], got["half_width"]) == pytest.approx((want.difference.mean, want.difference.half_width))


def test_sweep_runs_all_combinations_and_resumes_from_its_store(duel, tmp_path, monkeypatch):
    file = tmp_path / "store.duckdb"
    design = {"traffic.load": [0.5, 1.0, -1.0], "seed": [1]}
    first = sweep(duel, design, policies=["cheapest", "power_of_d:d=2"], replications=1, store=file)
    with pytest.warns(MarketWarning, match="2 of 6 runs failed"):
        found = first.metrics()
    first.close()
    assert first.factors == ["policy", "traffic.load", "seed"]
    assert len(found[["traffic.load", "policy"]].drop_duplicates()) == 6
    assert set(found.query("n == 0")["traffic.load"]) == {-1.0}
    monkeypatch.setattr("experiments.runs.runner.play", lambda spec: pytest.fail("was done already"))
    again = sweep(duel, design, policies=["cheapest", "power_of_d:d=2"], replications=1, store=file)
    with pytest.warns(MarketWarning):
        assert again.metrics().equals(found)
    assert again.failures()["traffic.load"].tolist() == [-1.0, -1.0]
    assert "traffic.load" in again.failures()["problem"].iloc[0]
    again.close()
    opened = open_results(file)
    with pytest.warns(MarketWarning):
        assert opened.metrics().equals(found)
    opened.close()


def test_a_market_is_run_and_read_the_same_way():
    results = replicate(change(small(), "engine=reference", "horizon.days=2", "horizon.window_s=10"), 1)
    assert results.failures().empty
    offers = results.table("offers")
    assert results.stats.revenue(by="provider")["mean"].sum() == pytest.approx(offers["revenue_usd"].sum())
    assert offers["revenue_usd"].sum() > 0


@pytest.mark.parametrize(("ask", "message"), [
    (lambda it: replicate(it, 0), "replications is 0, but must be at least 1"),
    (lambda it: compare(it, ["cheapest", "cheapest"]), "needs two different ones or more"),
    (lambda it: compare(it, ["cheapst", "radom"]), "cheapst"),
    (lambda it: sweep(it, {}), "the design has no point"),
    (lambda it: sweep(it, {"traffic.load": []}), "the design has no point"),
    (lambda it: sweep(it, {"traffic.lod": [1.0]}), "lod does not exist"),
])
def test_mistakes_are_one_sentence(duel, ask, message):
    with pytest.raises(ScenarioError, match=message):
        ask(duel)
