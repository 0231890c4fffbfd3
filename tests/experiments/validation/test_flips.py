"""What flips with the step times: errors by hand, verdicts by hand, and a small tournament in all cases."""

import json
import math
import re
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest

from experiments.cli.main import main
from experiments.stats.intervals import t_quantile
from experiments.validation import flips as study
from experiments.validation.flip_tables import (
    FlipsError,
    case_rows,
    csv_text,
    page,
    policy_rows,
    read_values,
    turned_rows,
)
from experiments.validation.flips import Counts, Pair, counts, flips, ranks, run_cases, verdict
from experiments.validation.step_errors import (
    AS_CALIBRATED,
    DRAWN,
    ONCE,
    SPEED_ERROR,
    Off,
    errors,
    request_interval,
    scenario_off,
)
from providers.offers import build_offers
from sim.scenario import TrafficScenario

DOCS = Path(__file__).parents[3] / "docs"
SMALL = {
    "name": "two-gpus",
    "traffic": {"duration_s": 20.0, "warmup_s": 2.0},
    "demand": {"chat": {
        "model": "llama-3.1-8b", "arrivals": {"kind": "poisson", "rate_per_s": 5.0},
        "prompt_tokens": {"kind": "exponential", "mean": 500}, "output_tokens": {"kind": "exponential", "mean": 50}}},
    "providers": {
        "old": {"offers": {"x": {"model": "llama-3.1-8b",
                                 "serving": {"kind": "roofline", "gpu": "l40s", "precision": "fp8"},
                                 "price": {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.1}}}},
        "new": {"offers": {"x": {"model": "llama-3.1-8b",
                                 "serving": {"kind": "roofline", "gpu": "b200-sxm", "precision": "fp8",
                                             "framework": "vllm"},
                                 "price": {"input_usd_per_mtok": 0.2, "output_usd_per_mtok": 0.2}}}},
        "own": {"offers": {"x": {"model": "llama-3.1-8b", "serving": {"kind": "affine", "base_s": 0.01},
                                 "price": {"input_usd_per_mtok": 0.3, "output_usd_per_mtok": 0.3}}}},
    },
}


def small():
    return TrafficScenario.model_validate(SMALL)


def offers_off(off):
    return {spec.provider: spec for spec in build_offers(scenario_off(small(), lambda gpu, model: off))}


# ---- errors

def test_the_error_is_the_published_one():
    page_text = (DOCS / "validation-silicon.md").read_text(encoding="utf-8")
    row = re.search(r"\| other half \| one for all \| 1,285 \| (\.\d+) ", page_text)
    assert row is not None
    assert float(row[1]) == SPEED_ERROR
    assert request_interval() == (0.1109, 0.1635)


def test_without_an_error_servers_are_as_they_were():
    before = {spec.provider: spec for spec in build_offers(small())}
    for name, spec in offers_off(Off()).items():
        assert spec.step == pytest.approx(before[name].step, rel=1e-12)
        assert (spec.kv_capacity_tokens, spec.request_s) == (before[name].kv_capacity_tokens, before[name].request_s)
        assert spec.gpu_usd_per_hour == pytest.approx(before[name].gpu_usd_per_hour)


def test_each_error_is_on_its_own_terms_and_on_roofline_servers_alone():
    before = {spec.provider: spec for spec in build_offers(small())}
    decode = ("base_s", "weights_s", "experts_s", "kv_s", "sequence_s")
    for off in (Off(decode=1.5), Off(prefill=0.8), Off(1.2, 1.3)):
        for name, spec in offers_off(off).items():
            for field, seconds in before[name].step._asdict().items():
                factor = 1.0 if name == "own" or field == "miss_log" else off.decode if field in decode else off.prefill
                assert getattr(spec.step, field) == pytest.approx(factor * seconds, rel=1e-9), (name, field)
    assert [spec.request_s for spec in offers_off(Off(request_s=0.5)).values()] == [0.5, 0.5, 0.0]


def test_unpacking_weights_is_off_as_all_of_a_step_that_decodes():
    data = deepcopy(SMALL)
    data["providers"]["old"]["offers"]["x"]["serving"] = {
        "kind": "roofline", "gpu": "h100-sxm", "precision": "bf16", "weights": "int4"}
    packed = TrafficScenario.model_validate(data)
    before, after = (next(spec.step for spec in build_offers(of) if spec.provider == "old") for of in (
        packed, scenario_off(packed, lambda gpu, model: Off(decode=1.2, prefill=1.5))))
    assert after.weights_s == pytest.approx(1.2 * before.weights_s)
    assert after.token_s == pytest.approx(1.5 * before.token_s)


def test_drawn_errors_have_the_published_median_and_are_each_pair_s_own():
    """Of 400 draws the share beyond the median is binomial: outside .5 +- 4 sd once in 15,000 times."""
    cases = errors(400)
    drawn = [abs(math.log(cases[f"{DRAWN}, {number}"]("h100-sxm", "m").decode)) for number in range(1, 401)]
    assert abs(np.mean(np.array(drawn) > ONCE) - 0.5) < 4 * 0.5 / 20
    first = cases[f"{DRAWN}, 1"]
    assert len({first(gpu, model).decode for gpu in ("a", "b") for model in ("x", "y")}) == 4
    assert first("a", "x") == errors(1)[f"{DRAWN}, 1"]("a", "x")
    assert first("a", "x").decode == first("a", "x").prefill


# ---- verdicts

COST, GOOD, LATE = study.METRICS
BY_HAND = {
    (AS_CALIBRATED, "a", COST): [1.0, 1.1, 1.2], (AS_CALIBRATED, "b", COST): [2.0, 2.1, 2.3],
    (AS_CALIBRATED, "a", GOOD): [0.9, 0.8, 0.9], (AS_CALIBRATED, "b", GOOD): [0.5, 0.4, 0.6],
    (AS_CALIBRATED, "a", LATE): [5.0, 6.0, math.inf], (AS_CALIBRATED, "b", LATE): [1.0, 1.0, 1.0],
    ("slow", "a", COST): [3.0, 3.1, 3.3], ("slow", "b", COST): [2.0, 2.1, 2.2],
    ("slow", "a", GOOD): [0.9, 0.5, 0.7], ("slow", "b", GOOD): [0.5, 0.8, 0.7],
    ("slow", "a", LATE): [5.0, 6.0, 7.0], ("slow", "b", LATE): [1.0, 1.0, 1.0],
}


def test_verdicts_by_hand():
    pair = Pair("a", "b")
    cost = verdict(BY_HAND, AS_CALIBRATED, COST, pair)
    assert cost.better == 1
    assert cost.difference.mean == pytest.approx(-3.1 / 3)
    assert cost.difference.half_width == pytest.approx(t_quantile(2, 0.975) * np.std([1, 1, 1.1], ddof=1) / 3**0.5)
    assert verdict(BY_HAND, AS_CALIBRATED, GOOD, pair).better == 1
    assert verdict(BY_HAND, AS_CALIBRATED, LATE, pair).better == 0  # one is past every deadline
    assert [verdict(BY_HAND, "slow", metric, pair).better for metric in study.METRICS] == [-1, 0, -1]


def test_what_becomes_of_verdicts_by_hand():
    assert [counts(BY_HAND, "slow", metric) for metric in study.METRICS] == [
        Counts(0, 0, 1, 0), Counts(0, 1, 0, 0), Counts(0, 0, 0, 1)]
    assert counts(BY_HAND, AS_CALIBRATED, COST) == Counts(1, 0, 0, 0)
    flip, = flips(BY_HAND)
    assert (flip.metric, flip.better, flip.other, flip.case) == (COST, "a", "b", "slow")
    assert (flip.before.mean, flip.after.mean) == pytest.approx((-3.1 / 3, 3.1 / 3))
    assert ranks(BY_HAND, AS_CALIBRATED, GOOD) == {"a": 1, "b": 2}
    assert ranks(BY_HAND, "slow", COST) == ranks(BY_HAND, AS_CALIBRATED, LATE) == {"b": 1, "a": 2}


def test_the_page_says_what_the_values_say():
    text = page(BY_HAND)
    assert "2 policies (1 pairs), 3 replications, 1 cases" in text
    for metric, told, mean, fewest in ((COST, 1, "0.0", 0), (GOOD, 1, "0.0", 0), (LATE, 0, "0.0", 0)):
        assert (f"`{metric}`: {told} of 1 pairs are told apart as calibrated. Of these the mean case tells {mean} "
                f"apart alike, and the one with fewest (slow) {fewest};") in text
    assert "1 is told apart the other way round" in text
    assert case_rows(BY_HAND)[1] == ("slow", "0 / 0 / 1 / 0", "0 / 1 / 0 / 0", "0 / 0 / 0 / 1")
    assert policy_rows(BY_HAND)[1][:4] == ("a", "1.1 ± 0.2", "1", "1–2")
    assert turned_rows(BY_HAND)[1] == (COST, "a", "b", "-1.033 ± 0.1", "1.033 ± 0.1", "slow")


def test_values_come_back_from_their_file(tmp_path):
    (tmp_path / "flips.csv").write_text(csv_text(BY_HAND), encoding="utf-8")
    assert read_values(tmp_path / "flips.csv") == BY_HAND
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(FlipsError, match=r"other.csv is no table that `tokenmarket validate flips` wrote"):
        read_values(tmp_path / "other.csv")


# ---- a small tournament

def test_all_cases_of_a_small_tournament(monkeypatch, tmp_path, capsys):
    values = run_cases(small(), ("cheapest", "fastest"), draws=1, replications=2)
    assert len(values) == 12 * 2 * 3
    assert all(len(row) == 2 for row in values.values())
    slow, fast = (values[f"all steps × {factor}", "fastest", LATE] for factor in ("1.116", "0.896"))
    assert fast < values[AS_CALIBRATED, "fastest", LATE] < slow
    monkeypatch.setattr(study, "found_at_load_one", lambda quick, jobs: values)
    assert main(["validate", "flips", "--quick", "--json", "--out", str(tmp_path / "o")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["cases"]) == 11
    assert [row["policy"] for row in told["policies"]] == [row[0] for row in policy_rows(values)[1:]]
    assert read_values(tmp_path / "o" / "flips.csv").keys() == values.keys()
    assert (tmp_path / "o" / "flips.md").read_text(encoding="utf-8").startswith("2 policies (1 pairs), 2 replications")
