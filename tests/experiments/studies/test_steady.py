"""Steady-state studies: the warm-up goes, means are those of the requests that remain, runs too short are refused."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from experiments.cli.main import main
from experiments.measures.windows import COURSES, Course
from experiments.runs.run_traffic import run_traffic
from experiments.scenarios import load_traffic
from experiments.stats.refusals import StatisticsError
from experiments.store.store import Store
from experiments.studies.perform import How, play_missing
from experiments.studies.steady import STUDY
from experiments.studies.steady.design import Steady
from experiments.studies.steady.measures import Found, found_in
from experiments.studies.steady.terminal import table
from sim.engines.outcome import COMPLETED
from sim.errors import MarketError

pytestmark = pytest.mark.usefixtures("undrawn")
LONG = "traffic.duration_s=600"


def steady(design: Steady) -> Found:
    """Perform a design in memory."""
    with Store(None) as store:
        return found_in(design, play_missing(design, STUDY, store, How(Path("."), jobs=1)))


@pytest.fixture(scope="module")
def study():
    design = Steady(load_traffic("duel", [LONG]), ("openrouter_classic", "cheapest"),
                          tuple(COURSES), replications=3)
    return steady(design)


def test_means_are_those_of_the_requests_after_the_warm_up(study):
    """Counted here request by request, from a run of its own."""
    scenario = load_traffic("duel", [LONG, "traffic.warmup_s=0", "traffic.sample_share=1",
                                      "routers.main.policy.kind=cheapest"])
    found = {metric: [] for metric in ("e2e_mean_s", "cost_usd_per_mtok", "completed_per_s", "completed_share")}
    for replication in range(3):
        outcome = run_traffic(scenario, replication)
        rows = outcome.samples[outcome.samples["born_s"] >= study.warm_up_s]
        rows = rows[rows["born_s"] <= 600]
        done = rows[rows["outcome"] == COMPLETED]
        delay_s = outcome.world.class_delay_s[done["client_class"]]
        found["e2e_mean_s"].append(np.mean(done["end_s"] + delay_s - done["born_s"]))
        found["cost_usd_per_mtok"].append(done["cost_nano"].sum() / (done["prompt"] + done["output"]).sum() / 1e3)
        found["completed_share"].append(len(done) / len(rows))
        ends = outcome.samples["end_s"][outcome.samples["outcome"] == COMPLETED]
        found["completed_per_s"].append(np.sum((ends >= study.warm_up_s) & (ends <= 600)) / (600 - study.warm_up_s))
    for metric, values in found.items():
        got = study.interval("cheapest", metric)
        assert (got.mean, got.n) == (pytest.approx(np.mean(values), rel=1e-9), 3), metric


def test_the_terminal_says_what_is_counted(study):
    assert "interval, n replications\n" in table(study)
    single = Found(Steady(study.design.scenario, ("cheapest",), ("e2e_mean_s",), replications=1),
                   {("cheapest", "e2e_mean_s"): [Course(np.zeros(0), np.zeros(0), np.zeros(0))]}, 0.0)
    assert "interval, n batches of one run\n" in table(single)


def test_who_completes_nothing_in_a_single_run_has_no_difference(study):
    """Nor has anybody from it: neither mean is known, and no batches are made of what is not there."""
    metric, at_s = "e2e_mean_s", np.arange(0.5, 600.0)
    courses = {"cheapest": [Course(at_s, np.ones(600), np.ones(600))],
               "random": [Course(np.zeros(0), np.zeros(0), np.zeros(0))]}
    one = Found(Steady(study.design.scenario, ("cheapest", "random"), (metric,), replications=1),
                {(policy, metric): runs for policy, runs in courses.items()}, 0.0)
    for first, second in (("cheapest", "random"), ("random", "cheapest")):
        assert one.paired(first, second, metric).difference.n == 0


def test_one_warm_up_is_cut_from_all(study):
    assert 0 <= study.warm_up_s <= 300
    for course in (each for runs in study.courses.values() for each in runs):
        above, below = course.sums(study.warm_up_s, 600, 7)
        assert len(above) == len(below) == 7


def test_sums_of_windows_add_up(study):
    course = study.courses["cheapest", "e2e_mean_s"][0]
    for windows in (1, 7, 500):
        above, below = course.sums(0, 600, windows)
        assert above.sum() == pytest.approx(course.above.sum())
        assert below.sum() == len(course.at_s)


def test_a_single_run_gives_batch_means():
    """The mean is the ratio of all sums; its error is near that of replications of the same length in all."""
    metrics = ("e2e_mean_s", "cost_usd_per_mtok")
    scenario = load_traffic("duel", ["traffic.duration_s=4000"])
    one = steady(Steady(scenario, ("openrouter_classic", "cheapest"), metrics, replications=1))
    for metric in metrics:
        above, below = one.courses["cheapest", metric][0].sums(one.warm_up_s, 4000, 1)
        got = one.interval("cheapest", metric)
        assert (got.mean, got.n) == (pytest.approx(float(above[0] / below[0])), 20)
        assert 0 < got.half_width < 0.1 * got.mean
        difference = one.paired("cheapest", "openrouter_classic", metric).difference
        assert difference.mean == pytest.approx(got.mean - one.interval("openrouter_classic", metric).mean)


def test_two_jobs_give_the_same_bytes(study, tmp_path):
    for jobs in ("1", "2"):
        assert main(["steady", "duel", "--set", LONG, "--policies", "openrouter_classic,cheapest", "--replications",
                     "3", "--metrics", ",".join(COURSES), "--jobs", jobs, "--out", str(tmp_path / jobs)]) == 0
    for path in sorted(path for path in (tmp_path / "1").iterdir() if path.name != "store.duckdb"):
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes(), path.name
    assert main(["replay", str(tmp_path / "1" / "manifest.json"), "--out", str(tmp_path / "again")]) == 0
    rows = list(csv.DictReader((tmp_path / "again" / "summary.csv").read_text().splitlines()))
    assert len(rows) == 2 * len(COURSES)
    assert {float(row["warm_up_s"]) for row in rows} == {study.warm_up_s}
    assert not any(math.isnan(float(row["half_width"])) for row in rows)


@pytest.mark.parametrize(("settings", "others", "said"), [
    ([], {"metrics": ("nothing",)}, "metric 'nothing' has no course in time; those that have one are e2e_mean_s"),
    ([], {"replications": 0}, "replications is 0, but must be at least 1"),
    ([], {"windows": 49}, "windows is 49, but must be at least 50"),
    ([], {"baseline": "else"}, "baseline 'else' is not one of cheapest"),
    (["demand.chat.arrivals.kind=diurnal"], {}, "demand.chat.arrivals is of kind 'diurnal', whose rate follows"),
])
def test_wrong_designs_are_refused(settings, others, said):
    with pytest.raises(MarketError, match=said):
        Steady(load_traffic("duel", settings), ("cheapest",), **others)


def test_a_queue_that_only_grows_has_no_steady_state():
    """Four times what the offers can serve: latency rises for as long as one looks."""
    overloaded = load_traffic("duel", ["traffic.duration_s=100", "traffic.load=40", "routers.main.policy.kind=random"])
    with pytest.raises(StatisticsError, match=r"too short|no request counts"):
        steady(Steady(overloaded, ("random",), ("e2e_mean_s",), replications=2))


def test_windows_without_requests_are_refused(study):
    with pytest.raises(StatisticsError, match=r"no request counts in one of 500 windows of 0\.05 s"):
        steady(Steady(load_traffic("duel", ["traffic.duration_s=25"]), ("cheapest",),
                            replications=2))


def test_batches_that_depend_on_each_other_are_refused(study):
    """Ten waves in a run: a hundredth of it is much like the next."""
    at_s = np.linspace(0, 600, 60_000)
    wave = Course(at_s, 1 + np.sin(at_s / 600 * 20 * np.pi), np.ones(60_000))
    one = steady(Steady(study.design.scenario, ("cheapest",),
                              ("e2e_mean_s",), replications=1))
    one.courses["cheapest", "e2e_mean_s"] = [wave]
    with pytest.raises(StatisticsError, match="the run is too short for 20 batches"):
        one.interval("cheapest", "e2e_mean_s")


def test_its_report_has_its_own_words(tmp_path):
    words = ["steady", "duel", "--set", LONG, "--policies", "openrouter_classic,cheapest", "--replications", "3"]
    assert main([*words, "--out", str(tmp_path / "o")]) == 0
    assert main(["report", str(tmp_path / "o"), "--out", str(tmp_path / "r")]) == 0
    text = (tmp_path / "r" / "report.md").read_text(encoding="utf-8")
    assert text.startswith("# Routing policies in steady state: duel")
    assert "once a start with empty queues is forgotten" in text
    assert "Difference from the baseline `openrouter_classic`" in text
