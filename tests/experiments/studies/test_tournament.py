"""The tournament: same bytes whoever computes it, honest comparisons, a market neither idle nor swamped."""

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import open_results
from experiments.cli.main import main
from experiments.measures.catalogue import measure
from experiments.measures.traffic_metrics import METRICS, metrics
from experiments.runs.capacity import Shape, offer_capacity_per_s, utilisation
from experiments.runs.replayed import with_trace
from experiments.runs.run_traffic import run_traffic
from experiments.scenarios import load_traffic
from experiments.stats.multiple import holm
from experiments.store import STORE_FILE
from experiments.studies.tournament.design import DEFAULT_POLICIES, Tournament
from experiments.studies.tournament.measures import BEST, COST, LATENCY, SUMMARY_COLUMNS, best, standings, summary
from experiments.studies.tournament.terminal import table
from policies import bind
from policies.labels import label_of, policies_of
from providers.offers import build_offers
from sim.engines import outcome as o
from sim.errors import MarketError
from worlds.made_up import made_up

BRIEF = ["traffic.engine=reference", "traffic.duration_s=15", "traffic.warmup_s=3"]
QUICK = [word for assignment in BRIEF for word in ("--set", assignment)]
SMALL = ["run", "tournament", "duel", "--policies", "cheapest,random,openrouter_classic", "--loads", "0.5,1",
         "--replications", "2", *QUICK]


def files(folder: Path) -> dict[str, bytes]:
    """Contents by name; the commit is left out, as someone may commit while the tests run."""
    contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != STORE_FILE}
    manifest = contents["manifest.json"]
    commit = json.dumps(json.loads(manifest)["commit"], indent=1).replace("\n", "\n ").encode()
    assert commit in manifest
    return {**contents, "manifest.json": manifest.replace(commit, b"")}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("small") / "out"
    assert main([*SMALL, "--jobs", "1", "--out", str(out)]) == 0
    return out


def test_results_do_not_depend_on_the_number_of_processes(written, tmp_path):
    assert main([*SMALL, "--jobs", "2", "--out", str(tmp_path / "two")]) == 0
    assert files(tmp_path / "two") == files(written)


def test_replay_of_a_manifest_gives_the_same_bytes(written, tmp_path):
    manifest = str(written / "manifest.json")
    assert main(["replay", manifest, "--jobs", "1", "--out", str(tmp_path / "again")]) == 0
    assert files(tmp_path / "again") == files(written)


def test_summary_is_a_complete_table(written):
    with (written / "summary.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert ",".join(rows[0]) == ",".join(SUMMARY_COLUMNS) == "policy,load,metric,unit,mean,half_width,n"
    metrics_of = {row[2] for row in rows[1:]}
    assert metrics_of == {*METRICS, "share:slow", "share:fast"}
    assert len(rows) - 1 == 3 * 2 * len(metrics_of)
    shares = [float(row[4]) for row in rows if row[2].startswith("share:") and row[:2] == ["random", "1"]]
    assert sum(shares) == pytest.approx(1)


def test_manifest_tells_the_whole_story(written):
    manifest = json.loads((written / "manifest.json").read_text())
    assert manifest["parameters"]["baseline"] == "openrouter_classic"
    assert manifest["scenario"]["traffic"]["duration_s"] == 15
    assert manifest["rows"]["summary.csv"] == 3 * 2 * (len(METRICS) + 2)
    assert {verdict["held_in_runs"] for verdict in manifest["invariants"].values()} == {12}
    assert manifest["versions"]["numpy"] == np.__version__


def test_pairs_are_differences_of_the_summary(written):
    with (written / "summary.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["mean"]]
    means = {(row["policy"], row["load"], row["metric"]): float(row["mean"]) for row in rows}
    with (written / "pairs.csv").open() as file:
        pairs = list(csv.DictReader(file))
    assert {row["policy"] for row in pairs} == {"cheapest", "random"}
    for row in pairs:
        if row["difference"]:
            expected = (means[row["policy"], row["load"], row["metric"]]
                        - means["openrouter_classic", row["load"], row["metric"]])
            assert float(row["difference"]) == pytest.approx(expected, abs=1e-6 * (1 + abs(expected)))


def test_p_values_are_corrected_for_the_comparisons_of_a_metric(written):
    with (written / "pairs.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == COST]
    assert len(rows) == 2 * 2  # policies beside the baseline, loads
    ps = [float(row["p"]) for row in rows]
    assert [float(row["p_holm"]) for row in rows] == pytest.approx(holm(ps), rel=1e-6)
    assert min(ps) < min(holm(ps))


def test_the_table_names_those_who_may_be_best():
    result = made_up(cheap=([1.0, 1.1, 1.2], [9.0, 9.1, 9.3]), dear=([7.0, 7.2, 7.1], [9.1, 9.0, 9.2]),
                     idle=([np.nan] * 3, [np.nan] * 3))
    assert result.contenders(1.0, COST) == ("cheap",)
    assert result.contenders(1.0, LATENCY) == ("cheap", "dear")
    assert made_up(one=([1.0], [2.0]), two=([3.0], [4.0])).contenders(1.0, COST) == ()


def test_terminal_and_report_name_the_same_policies(written, tmp_path):
    from experiments.report.write_up import write

    results = written / "standings.csv"
    told, means = pd.read_csv(results), pd.read_csv(written / "summary.csv")
    said = write(written, tmp_path / "report").with_name("report.md").read_text(encoding="utf-8")
    with open_results(str(written)) as found:
        from experiments.studies.tournament.measures import found_in

        design = Tournament(load_traffic("duel", BRIEF), ("cheapest", "random", "openrouter_classic"), (0.5, 1.0), 2)
        terminal = table(found_in(design, found))
    for load in (0.5, 1.0):
        block = terminal.partition(f" load {load:g} ")[2].partition("\n\n")[0]
        for metric, end in BEST.items():
            names, words = best(told, means, load, metric), f"the {end} {measure(metric).words} is "
            assert names or metric == LATENCY
            if not names:
                assert f"{end} {measure(metric).heading}" not in block
                assert f"{words}not known" in said
                continue
            assert f"{end} {measure(metric).heading}: {' or '.join(names)}" in " ".join(block.split())
            last = f" or `{names[-1]}`" if len(names) > 1 else f"`{names[0]}`"
            assert f"{words}that of " + ", ".join(f"`{name}`" for name in names[:-1]) + last in said
        stars = set(told[(told["load"] == load) & told["on_frontier"]]["policy"])
        assert stars == {line.split()[0][1:] for line in block.splitlines() if line.startswith("*")}
        rows = said.partition(f"Load {load:g}: policies")[2].partition("\n\n*Load")[0].replace("\\", "")  # Markdown's
        assert stars == set(re.findall(r"^\| (\w+) \* ", rows, re.MULTILINE))


def test_standings_are_empty_where_nothing_can_be_told():
    one = made_up(one=([1.0], [2.0]), two=([3.0], [4.0]))
    assert standings(one)["may_have_lowest_cost_per_good_usd"].isna().all()
    assert best(standings(one), summary(one), 1.0, COST) == []
    assert standings(one)["on_frontier"].tolist() == [True, False]
    assert standings(one)["dominated_by"].fillna("").tolist() == ["", "one"]


def test_policies_meet_the_same_requests():
    seen = []
    for kind in ("cheapest", "random"):
        scenario = load_traffic("duel", [*BRIEF, "traffic.sample_share=1", f"routers.main.policy.kind={kind}"])
        samples = run_traffic(scenario, 1).samples
        seen.append(np.sort(samples[["key", "born_s", "prompt", "drawn"]], order="key"))
    assert len(seen[0]) > 50
    assert np.array_equal(seen[0], seen[1])


def test_metrics_are_what_their_names_say():
    outcome = run_traffic(load_traffic("duel", BRIEF))
    got = metrics(outcome)
    sums = outcome.class_sums[:, o.MEASURED].sum(axis=0)
    tokens = sums[o.PROMPT_TOKENS] + sums[o.OUTPUT_TOKENS]
    assert got["cost_usd_per_mtok"] == pytest.approx(sums[o.COST_NANO] / 1e9 / tokens * 1e6)
    assert got["paid_usd_per_mtok"] == pytest.approx(got["cost_usd_per_mtok"] * 1.055, rel=1e-5)  # fees round
    assert got["revenue_usd"] == pytest.approx(sums[o.COST_NANO] / 1e9)
    assert got["hhi"] == pytest.approx(got["share:slow"] ** 2 + got["share:fast"] ** 2)
    for whose in ("_s", "_completed_s"):
        assert (got[f"ttft_p50{whose}"] <= got[f"ttft_p90{whose}"] <= got[f"ttft_p99{whose}"] <= got[f"e2e_p99{whose}"])
    assert got["e2e_p90_completed_s"] <= got["e2e_p90_s"]
    assert got["cost_per_good_usd"] == pytest.approx(sums[o.COST_NANO] / 1e9 / sums[o.GOOD])
    outcomes = ("completed_share", "refused_share", "failed_share", "abandoned_share", "timed_out_share")
    assert sum(got[name] for name in outcomes) == pytest.approx(1)


def test_dominated_means_no_better_and_clearly_worse():
    result = made_up(
        cheap=([1.0, 1.1, 0.9], [9.0, 9.1, 9.2]),
        fast=([3.0, 3.1, 2.9], [2.0, 2.1, 2.2]),
        poor=([3.1, 3.2, 3.0], [9.0, 9.3, 9.4]),
        noisy=([1.0, 1.1, 0.9], [9.0, 9.9, 8.9]),  # worse than cheap on average, but not clearly
    )
    assert result.dominated_by("cheap", 1.0) is None
    assert result.dominated_by("fast", 1.0) is None
    assert result.dominated_by("poor", 1.0) in ("cheap", "fast", "noisy")
    assert result.dominated_by("noisy", 1.0) is None


def test_a_latency_past_the_deadline_is_compared_with_none():
    """One replication in which it falls among the failures is enough: without it the others would flatter."""
    inf = float("inf")
    result = made_up(late=([1.0, 1.1, 1.2], [2.0, inf, 2.1]), slow=([1.0, 1.1, 1.3], [9.0, 9.1, 9.3]))
    assert result.interval("late", 1.0, LATENCY).mean == inf
    assert math.isnan(result.interval("late", 1.0, LATENCY).half_width)
    pair = result.paired("late", "slow", 1.0, LATENCY)
    assert (pair.difference.n, math.isnan(pair.difference.mean)) == (0, True)
    assert result.contenders(1.0, LATENCY) == ("slow",)
    none = made_up(a=([1.0, 1.1], [inf, 2.0]), b=([1.0, 1.2], [3.0, inf]))
    assert none.contenders(1.0, LATENCY) == ()
    assert best(standings(none), summary(none), 1.0, LATENCY) == []


def test_classes_of_clients_have_a_table_and_a_block(tmp_path, capsys):
    scenario = tmp_path / "two.toml"
    scenario.write_text('extends = "duel"\ndescription = "two classes"\n[demand.quick]\nmodel = "toy"\n'
                        'arrivals = { kind = "poisson", rate_per_s = 2.0 }\nslo_ttft_s = 0.01\n')
    words = ["run", "tournament", str(scenario), *SMALL[3:], "--jobs", "1", "--out", str(tmp_path / "o")]
    assert main(words) == 0
    told = capsys.readouterr().out
    frame = pd.read_csv(tmp_path / "o" / "classes.csv")
    assert set(frame["class"]) == {"chat", "quick"}
    assert set(frame["model"]) == {"toy"}
    wide = frame.pivot_table(index=["policy", "load", "class"], columns="metric", values="mean")
    with open_results(tmp_path / "o") as results:  # the table is a view of the store
        got = results.stats.good_share(by=["policy", "traffic.load", "segment"])
    for row in got.itertuples():
        mine = wide.loc[(row.policy, got.loc[row.Index, "traffic.load"], row.segment)]
        assert mine["good_share"] == pytest.approx(row.mean, rel=1e-8)
    assert (wide.xs("quick", level="class")["good_share"] < wide.xs("chat", level="class")["good_share"]).all()
    assert told.count(": good, %") == 2
    assert re.search(r"load 0.5: good, % +chat +quick", told)


def test_one_replication_has_no_intervals():
    result = made_up(a=([1.0], [1.0]), b=([2.0], [2.0]))
    assert math.isnan(result.interval("a", 1.0, COST).half_width)
    assert result.dominated_by("b", 1.0) == "a"


def test_default_policies_exist():
    assert list(policies_of(DEFAULT_POLICIES, "--policies")) == list(DEFAULT_POLICIES)


def test_labels_carry_parameters():
    chosen = policies_of(("power_of_d:d=3", "random"), "--policies")["power_of_d:d=3"]
    assert bind(chosen).values.model_dump()["d"] == 3
    assert label_of(chosen) == "power_of_d:d=3"


@pytest.mark.parametrize(("change", "words"), [
    ({"loads": (1.0, -0.5)}, "load is -0.5"), ({"loads": ()}, "loads are"),
    ({"loads": (1.0, 1.0)}, "different"),
    ({"replications": 0}, "replications is 0"), ({"policies": ()}, "at least one policy"),
    ({"baseline": "nobody"}, "baseline 'nobody'"),
])
def test_impossible_designs_are_refused(change, words):
    good = {"scenario": load_traffic("duel"), "policies": ("random",)}
    with pytest.raises(MarketError, match=words):
        Tournament(**{**good, **change})


def test_a_tournament_is_a_store_of_runs(written):
    """Its files are views of the store, in which anything else can be asked."""
    with open_results(written) as results:
        assert results.factors == ["policy", "traffic.load"]
        got = results.compare("e2e_p99_s", baseline="openrouter_classic")
    pairs = pd.read_csv(written / "pairs.csv")
    pairs = pairs[pairs["metric"] == "e2e_p99_s"].set_index(["policy", "load"])["difference"]
    assert len(got) == len(pairs) == 4
    for row in got.itertuples():  # the load of the scenario is 1
        assert row.difference == pytest.approx(pairs[row.policy, got.loc[row.Index, "traffic.load"]], rel=1e-8)


def test_the_same_command_again_does_nothing(written, capsys):
    before = files(written)
    assert main([*SMALL, "--jobs", "1", "--out", str(written)]) == 0
    assert "holds this study already, all 12 runs; nothing was done" in capsys.readouterr().out
    assert files(written) == before


def test_replications_are_added_until_intervals_are_narrow(tmp_path, capsys):
    arguments = ["run", "tournament", "duel", "--policies", "cheapest", "--loads", "1", *QUICK, "--until",
                 "cost_usd_per_mtok=40%", "--replications", "2", "--out", str(tmp_path / "o")]
    assert main(arguments) == 0
    n = json.loads((tmp_path / "o" / "manifest.json").read_text())["parameters"]["replications"]
    assert f"met at 1 of 1 points after {n} replications" in capsys.readouterr().out
    assert set(pd.read_csv(tmp_path / "o" / "summary.csv")["n"]) <= {n, 0}


def test_capacity_of_an_affine_server_without_token_cost():
    """A batch of 32 for 60 steps of 0.02 s each: 32 / 1.2 s, whatever the prompts within the token budget."""
    offer = "providers.slow.offers.toy"
    free = load_traffic("duel", [f"{offer}.serving.per_token_s=0", f"{offer}.engine.max_step_tokens=99999"])
    slow = next(x for x in build_offers(free) if x.provider == "slow")
    assert offer_capacity_per_s(slow, Shape(300, 60)) == pytest.approx(32 / (60 * 0.02))


def test_default_tournament_is_neither_idle_nor_swamped():
    scenario = load_traffic("tournament")
    offers = build_offers(scenario)
    used = utilisation(scenario, offers)
    assert len(used) == 4
    assert all(0.58 <= share <= 0.70 for share in used.values()), used
    assert len(offers) == 36
    assert len(scenario.providers) == 12
    expected = sum(c.arrivals.rate_per_s for c in scenario.demand.values()) * (
        scenario.traffic.duration_s - scenario.traffic.warmup_s)
    assert 20_000 <= expected <= 30_000


def test_a_trace_takes_over_the_utilisation(tmp_path):
    trace = tmp_path / "t.csv"
    rows = "".join(f"{i},{3000 + i},200\n" for i in range(50))
    trace.write_text(f"t_s,input_tokens,output_tokens\n{rows}")
    for name in ("tournament", "duel"):
        scenario = load_traffic(name)
        replayed = with_trace(scenario, trace)
        demand = replayed.demand["trace"]
        model = demand.model
        offers = build_offers(replayed)
        capacity = sum(offer_capacity_per_s(x, Shape(3024.5, 200)) for x in offers if x.model == model)
        used = utilisation(scenario, offers)[model]
        assert demand.arrivals.rate_per_s / capacity == pytest.approx(used, rel=1e-4)
        assert with_trace(load_traffic(name, ["traffic.load=2"]), trace).demand == replayed.demand
