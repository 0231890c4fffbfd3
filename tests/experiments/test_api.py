"""The functions that experiment scripts call, from a scenario to compared results."""

import re
import subprocess
import sys
from datetime import date
from itertools import count

import numpy as np
import pytest

import experiments
import tokenmarket as tm
from experiments import change, compare, load, open_results, replicate, run, sweep
from experiments.measures.traffic_metrics import metrics
from experiments.runs.run_traffic import run_traffic
from experiments.scenarios import names
from experiments.stats import paired
from policies import POLICIES
from sim.errors import MarketError, MarketWarning, ScenarioError
from sim.policy import Policy
from sim.scenario import MarketScenario, TrafficScenario
from sim.scenario.dump import to_toml
from worlds.places import ROOT
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
    results = replicate(change(small(), "horizon.days=2", "horizon.sampled_per_day=100"), 1)
    assert results.failures().empty
    offers = results.table("offers")
    assert results.stats.revenue(by="provider")["mean"].sum() == pytest.approx(offers["revenue_usd"].sum())
    assert offers["revenue_usd"].sum() > 0


def test_one_module_has_all_of_it():
    assert set(tm.__all__) - {"__version__"} == set(experiments.__all__)
    assert dir(tm) == sorted(tm.__all__)
    assert all(f"``{name}``" in tm.__doc__ for name in experiments.__all__)
    assert all(getattr(tm, name) is getattr(experiments, name) for name in experiments.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", tm.__version__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        tm.nonsense  # noqa: B018


def test_importing_it_is_light():
    code = "import sys, tokenmarket; print([it for it in ('experiments', 'numpy', 'pydantic') if it in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT,
                          check=True).stdout == "[]\n"


def test_a_run_is_a_replication_whatever_is_run(duel):
    both = replicate(duel, 2).metrics(by="replication")
    one = run(duel, 1).metrics(by="replication")
    assert one.equals(both[both["replication"] == 1].reset_index(drop=True))
    market = run(change(small(), horizon={"days": 1, "sampled_per_day": 100}))
    assert type(market) is type(replicate(duel, 1))
    assert market.stats.revenue()["mean"].item() > 0


def test_scenarios_are_named_wherever_one_is_taken(duel, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(duel.to_toml(), encoding="utf-8")
    assert load(file) == duel
    assert run(file).metrics().equals(run(duel).metrics())
    assert run(str(file)).metrics().equals(run(duel).metrics())
    assert change("duel", *SHORT) == duel


def test_sampled_requests_are_a_table(duel):
    table = run(change(duel, traffic__sample_share=1.0)).table("requests")
    assert len(table) > 100
    assert (table["end_s"] > table["born_s"]).all()


def test_changes_are_texts_dictionaries_or_keywords(duel):
    want = change(duel, "traffic.load=1.5", "seed=3")
    for got in (change(duel, {"traffic.load": 1.5, "seed": 3}), change(duel, traffic__load=1.5, seed=3),
                change(duel, {"traffic": {"load": np.float64(1.5)}}, seed=np.int64(3)), change(duel, "seed=3",
                                                                                               traffic={"load": 1.5}),
                load("duel", *SHORT, {"seed": 3}, traffic__load=1.5)):
        assert got == want
    policy = change(duel, routers__main__policy={"kind": "power_of_d", "d": 3}).routers["main"].policy
    assert change(change(duel, routers={"main": {"policy": {"kind": "power_of_d", "d": 3}}}),
                  routers__main__policy={"kind": "random"}).routers["main"].policy.parameters == {}
    assert policy.parameters == {"d": 3}
    assert change(duel, traffic__publish_period_s=None).traffic.publish_period_s is None
    twice = {"providers": {**duel.providers, "third": duel.providers["fast"]}}
    assert list(change(duel, twice).providers) == ["slow", "fast", "third"]
    assert change(small(), horizon__start=date(2025, 3, 1)).horizon.start == date(2025, 3, 1)


def test_scenarios_are_told_in_a_line_and_written_as_files(duel, tmp_path):
    assert repr(duel) == "<TrafficScenario 'duel': 2 providers, 1 router, 1 client class, 40 s at load 1>"
    assert str(duel) == repr(duel)
    for name in names():
        scenario = load(name)
        assert len(repr(scenario)) < 120
        (tmp_path / "it.toml").write_text(scenario.to_toml(), encoding="utf-8")
        assert load(tmp_path / "it.toml") == scenario
    firm = next(iter(load("openrouter-2026").supply.firms))
    with pytest.raises(ScenarioError, match=rf"supply.firms.{firm}.exit_months is None, which TOML cannot say"):
        change("openrouter-2026", {f"supply.firms.{firm}.exit_months": None}).to_toml()


def test_what_fails_altogether_is_raised_and_kept(duel, tmp_path, monkeypatch):
    def choose(view, request, memory, u):
        raise RuntimeError("too hot")

    monkeypatch.setitem(POLICIES, "hot", Policy("hot", choose, "summary", "source", "none"))
    hot = change(duel, routers__main__policy__kind="hot")
    with pytest.raises(MarketError, match="the run failed: RuntimeError: too hot"):
        run(hot)
    with pytest.raises(MarketError, match="all 2 runs failed, the first: RuntimeError: too hot"):
        replicate(hot, 2, store=tmp_path / "s.duckdb")
    results = compare(duel, ["cheapest", "hot"], 2)
    with pytest.warns(MarketWarning, match="2 of 4 runs failed"):
        frame = results.metrics(by="policy").query("metric == 'requests'")
    assert frame[["policy", "n", "failed"]].values.tolist() == [["cheapest", 2, 0], ["hot", 0, 2]]
    with pytest.raises(MarketError, match="policy 'hot' lacks 2 of 2 runs"):
        results.compare("requests")


@pytest.mark.parametrize(("ask", "message"), [
    (lambda it: replicate(it, 0), "replications is 0, but must be at least 1"),
    (lambda it: replicate(it, 2.5), "replications is 2.5 .* must be a whole number"),
    (lambda it: replicate(it, True), "replications is True, but must be a whole number"),
    (lambda it: replicate(it, None), "replications is None, but must be a whole number"),
    (lambda it: replicate(it, 1e9), "replications is 1000000000.0 .* must be a whole number"),
    (lambda it: replicate(it, 10**9), "replications is 1000000000, but must be at most 1,000,000"),
    (lambda it: replicate(it, 1, jobs=0), "jobs is 0, but must be at least 1"),
    (lambda it: replicate(it, 1, jobs="2"), "jobs is '2' .* must be a whole number"),
    (lambda it: replicate(it, 1, jobs=10**9), "jobs is 1000000000, but must be at most 1,024"),
    (lambda it: replicate(it, 1, store=3), "store is 3 .* must be the path of a file"),
    (lambda it: run(it, -1), "replication is -1, but must be at least 0"),
    (lambda it: run(None), "scenario is None, but must be a scenario, the name of a built-in one"),
    (lambda it: run({"name": "duel"}), "scenario is {'name': 'duel'} .* must be a scenario"),
    (lambda it: run("dual"), "no scenario 'dual'"),
    (lambda it: tm.use("nowhere.py"), "use nowhere.py: cannot read the module"),
    (lambda it: load(3), "a scenario is named by a text or a path, not by 3"),
    (lambda it: change(it, 3), "a change is 3, but must be a text"),
    (lambda it: change(it, {3: 1}), "a change has the key 3"),
    (lambda it: change(it, traffic__=1), "keyword traffic__ is no path"),
    (lambda it: change(it, traffic__lod=1), "lod does not exist; did you mean load"),
    (lambda it: change(it, traffic__load=float("nan")), "traffic.load is nan"),
    (lambda it: change(it, traffic__load=None), "traffic.load is None"),
    (lambda it: compare(it, "cheapest"), "policies is 'cheapest' .* must be a list of names"),
    (lambda it: compare(it, []), "needs two different ones or more"),
    (lambda it: compare(it, None), "policies is None, but must be a list of names"),
    (lambda it: compare(it, ["cheapest", 3]), "policies holds 3"),
    (lambda it: sweep(it, {"traffic.load": [1]}, policies=[]), "policies is an empty list"),
    (lambda it: sweep(it, {"traffic.load": [1]}, policies="random"), "policies is 'random'"),
    (lambda it: sweep(it, {"traffic.load": [1]}, policies=["random", "chepest"]), "did you mean cheapest"),
    (lambda it: sweep(it, {"policy": ["random"]}, policies=["random"]), "give one of the two"),
    (lambda it: sweep(it, {"traffic.load": 1}), "traffic.load is 1 .* must be a list of values"),
    (lambda it: sweep(it, {"traffic.load": "1"}), "traffic.load is '1' .* must be a list of values"),
    (lambda it: sweep(it, {"traffic.load": [1, float("nan")]}), "traffic.load has the value nan"),
    (lambda it: sweep(it, {"traffic.load": [None]}), "traffic.load has the value None"),
    (lambda it: sweep(it, {"seed": count(), "traffic.load": [1]}), "at most 1,000,000"),
    (lambda it: sweep(it, [1]), r"design is \[1\] .* must be values by field"),
    (lambda it: compare(it, ["cheapest", "cheapest"]), "needs two different ones or more"),
    (lambda it: compare(it, ["cheapst", "radom"]), "cheapst"),
    (lambda it: sweep(it, {}), "the design has no point"),
    (lambda it: sweep(it, {"traffic.load": []}), "the design has no point"),
    (lambda it: sweep(it, {"traffic.lod": [1.0]}), "lod does not exist"),
])
def test_mistakes_are_one_sentence(duel, ask, message):
    with pytest.raises(MarketError, match=message) as told:
        ask(duel)
    assert "--" not in str(told.value)  # Python has arguments, no options
