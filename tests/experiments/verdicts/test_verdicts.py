"""Rules that are read, what they say of numbers worked by hand, and what a study of a claim leaves behind."""

import argparse
import json
import tomllib
from math import inf, nan
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.random import SeedSequence

from experiments.output.folder import read_folder
from experiments.output.versions import code_digest
from experiments.report.standing import of_gates
from experiments.report.write_up import page_of
from experiments.runs.keys import code_version
from experiments.scenarios import load_market
from experiments.studies.perform import How, perform
from experiments.studies.registry import studies, study_named
from experiments.validation.gates import certificate
from experiments.validation.gates.gate import Gate, judged
from experiments.verdicts import history
from experiments.verdicts.deciding import decide, weighed
from experiments.verdicts.robustness import chance_of, halves_of, robustness, told
from experiments.verdicts.rule import RuleError, Threshold, read_rule, rule_of
from experiments.verdicts.verdict_study import VerdictStudy, gates_missed, last_verdict
from sim.scenario.load import override, plain
from worlds.claim_study import RULE, Coin, CoinStudy


def rule(text=RULE, **more):
    return rule_of({**tomllib.loads(text), **more}, "0" * 32)


@pytest.fixture
def coin(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "_ledger", lambda: tmp_path / "ledger.csv")
    study = CoinStudy(tmp_path / "rule.toml")
    monkeypatch.setattr("experiments.studies.registry._added", {"coin": study})
    return study


def test_what_a_rule_says_of_numbers():
    assert decide(rule(), {"gain": [0.09, 0.11]}, [0.0]).said == "supported"  # mean .10
    assert decide(rule(), {"gain": [0.01, 0.02, 0.015]}, [0.0]).said == "contradicted"  # .015 ± .012: all below .05
    assert decide(rule(), {"gain": [0.03, 0.06]}, [0.0]).said == "depends on the push"  # .045 ± .19 is neither
    assert decide(rule(), {"gain": [0.2, 0.2]}, [0.0, 0.12]).said.startswith("depends on something other than the mech")
    both = rule(contradicted=[{"statistic": "gain", "more_than": 0.0}])
    assert decide(both, {"gain": [0.2]}).said == "depends on the push"
    inputs = rule(arithmetic=[{"statistic": "unmoved", "at_least": 0.95}], arithmetic_in="the push")
    assert decide(inputs, {"gain": [0.2], "unmoved": [0.96]}).said == "arithmetic in the push"
    assert decide(inputs, {"gain": [0.2], "unmoved": [0.9]}, [0.0]).said == "supported"
    with pytest.raises(RuleError, match="the rule compares 'gain', but the study measures loss"):
        decide(rule(), {"loss": [0.1]})


@pytest.mark.parametrize(("held", "values", "holds"), [
    ("mean", [0.9, 1.2], True), ("interval", [0.9, 1.2], False), ("every seed", [0.9, 1.2], False),
    ("interval", [1.1, 1.2, 1.15], True), ("every seed", [1.0, inf], True), ("mean", [3.0, nan], False),
    ("interval", [5.0], False), ("mean", [], False)])
def test_mean_interval_and_every_seed(held, values, holds):
    assert weighed(Threshold("x", "at_least", 1.0, held), values).holds is holds


@pytest.mark.parametrize(("more", "sentence"), [
    ({"seeds": 0}, "seeds is 0, but must be a whole number of at least 1"),
    ({"clame": "x"}, "clame is not a known field; did you mean claim?"),
    ({"claim": " "}, "claim is ' ', but must be a sentence"),
    ({"supported": []}, "a rule needs thresholds for supported and for contradicted"),
    ({"supported": [{"statistic": "gain"}]}, "it has 0 limits"),
    ({"supported": [{"statistic": "gain", "at_least": 1, "holds": "most"}]}, "holds is 'most', but must be one of"),
    ({"control": {"what": "x", "statistic": "y", "within": -1}}, "control.within is -1, but must be at least 0"),
    ({"control": 3}, "a rule needs a table [control]"),
    ({"gates": "all"}, "gates is 'all', but must be a list"),
    ({"arithmetic": [{"statistic": "x", "at_least": 1}]}, "arithmetic_in is None, but must be a sentence")])
def test_a_rule_that_makes_no_sense_is_refused(more, sentence):
    with pytest.raises(RuleError) as error:
        rule(**more)
    assert sentence in str(error.value)


@pytest.mark.parametrize("name", [name for name, it in studies().items() if isinstance(it, VerdictStudy)])
def test_what_a_scenario_is_made_of_begins_with_the_seed_of_the_rule(name):
    """Whatever the command line sets comes after it, and a seed of its own wins."""
    study = study_named(name)
    asked = argparse.Namespace(scenario=None, overrides=["a.b=1"], seed=7)
    said = study.origin(asked)
    assert said.assignments == (() if study.scenario is None else (f"seed={study.rule.seed}", "a.b=1", "seed=7"))


def test_seeds_follow_from_the_text(tmp_path):
    """SeedSequence(0, spawn_key=four words of the digest): another word in the rule is another seed."""
    for name, text in (("a", RULE), ("b", RULE.replace("0.1\n", "0.2\n")), ("c", RULE.replace("\n", "\r\n"))):
        (tmp_path / name).write_bytes(text.encode())
    one, other, windows = (read_rule(tmp_path / name) for name in "abc")
    assert one.seed != other.seed
    assert (one.digest, one.seed) == (windows.digest, windows.seed)
    known = rule_of(tomllib.loads(RULE), "0000000100000002000000030000000f")
    assert known.seed == SeedSequence(0, spawn_key=(1, 2, 3, 15)).generate_state(1)[0]


def test_the_region_that_flips_a_verdict_is_named():
    """One flipped of four points is at an end of push in half of all orders."""
    points = pd.DataFrame({"push": [0.1, 0.2, 0.3, 0.4], "colour": [1.0, 0.0, 1.0, 0.0],
                           "verdict": ["contradicted", "supported", "supported", "supported"]})
    assert told(points, ["colour", "push"], "supported") == (
        "The verdict becomes “contradicted” at 1 of 4 points of the assumptions' ranges: 1 of the 1 where push is at "
        "most 0.1, and 0 of the other 3 (some assumption tells as many apart in 47 % of random orders of the "
        "verdicts).")
    assert told(points[1:], ["push"], "supported").startswith("The verdict is the same at all 3 points")
    points["verdict"] = ["a", "supported", "a", "supported"]
    sentence = told(points, ["push", "colour"], "supported")
    assert "2 of the 2 where colour is at least 1, and 0 of the other 2" in sentence


def test_chance_is_told_of_a_region_that_one_assumption_of_many_finds():
    """Of six points in an order, three flipped: of the 20 orders 2 have them at an end, and 10 all but one point."""
    order = np.arange(6.0)
    halves = halves_of(pd.DataFrame({"push": order, "colour": ["red"] * 6}), ["push", "colour"])
    assert len(halves) == 2 * 5
    assert chance_of(halves, order < 3) == pytest.approx(0.1, abs=0.03)
    assert chance_of(halves, np.array([True, True, False, True, False, False])) == pytest.approx(0.6, abs=0.05)
    many = pd.DataFrame(np.random.default_rng(1).random((6, 40)), columns=[f"f{i}" for i in range(40)])
    assert chance_of(halves_of(many, list(many)), order < 3) > 0.9


def test_screening_tells_what_moves_a_statistic(coin):
    """The push moves the gain by its whole range, .4; the colour by nothing. Of a push below .1 no claim holds."""
    factors, at = coin.assumptions(Coin())
    found = robustness(coin.rule, factors, at, "supported")
    effects = found.effects.set_index("factor")["value"]
    assert effects["push"] == pytest.approx(0.4, abs=1e-5)  # factors have six digits
    assert effects["colour"] == 0
    assert len(found.points) == 20
    assert ((found.points["push"] >= 0.1) == (found.points["verdict"] == "supported")).all()
    assert "where push is at most 0.0" in found.sentence


def test_a_study_leaves_its_verdict_and_again_the_same_bytes(coin, tmp_path, capsys):
    perform(coin, Coin(), How(tmp_path / "one"))
    assert "verdict: supported" in capsys.readouterr().out
    perform(coin, Coin(), How(tmp_path / "two"))
    folder, again = (read_folder(tmp_path / name) for name in ("one", "two"))
    assert folder.manifest == again.manifest
    assert folder.manifest["rule"] == {"digest": coin.rule.digest, "commit": history.UNKNOWN_COMMIT,
                                       "seed": coin.rule.seed}
    assert set(folder.files) == {"summary.csv", "verdict.csv", "seeds.csv", "effects.csv", "points.csv"}
    assert last_verdict(tmp_path / "one", "coin") == "supported"
    assert last_verdict(tmp_path / "one", "fees") == ""
    assert last_verdict(tmp_path / "three", "coin") == ""
    frame = folder.table("verdict.csv").set_index("part")
    assert frame.loc["control", "said"] == "null"
    assert frame.loc["inputs alone", "mean"] == 0.2
    page = json.dumps([str(section) for section in page_of(folder, tmp_path).sections])
    assert "Verdict: supported." in page
    assert "What would change the verdict" in page
    assert "is not under version control" in page


def test_a_look_is_no_verdict_and_enters_no_ledger(coin, tmp_path, capsys):
    perform(coin, Coin(replications=2), How(tmp_path / "out"))
    assert "A look, and no verdict (2 of the rule's 4 seeds); the rule says: supported" in capsys.readouterr().out
    assert read_folder(tmp_path / "out").manifest["no_verdict"] == "2 of the rule's 4 seeds"
    assert coin.look(Coin(throws=10)) == "10 of 400 throws"
    assert history.full_runs("coin") == []


def test_a_rule_that_was_changed_after_a_full_run_makes_the_study_exploratory(coin, tmp_path):
    perform(coin, Coin(), How(tmp_path / "out"))
    assert [run.verdict for run in history.full_runs("coin")] == ["supported"]
    coin.file.write_text(RULE.replace("0.1\n", "0.15\n"), encoding="utf-8")
    read_rule.cache_clear()
    perform(coin, Coin(), How(tmp_path / "out"))
    folder = read_folder(tmp_path / "out")
    assert folder.manifest["rule"]["exploratory"].startswith("exploratory: the rule was changed after a full run")
    assert "exploratory" in str(page_of(folder, tmp_path).sections)


def test_gates_that_a_rule_needs_are_told():
    assert gates_missed(rule(), None) == ""
    assert gates_missed(rule(gates=["entry"]), None).startswith("gates needed: entry; this study runs no market")


@pytest.mark.parametrize(("gates", "lines"), [('["entry"]', 1), ("[]", 0)])
def test_a_terminal_says_nothing_of_gates_that_no_rule_needs(tmp_path, gates, lines):
    study, market = CoinStudy(tmp_path / "rule.toml"), SimpleNamespace(scenario=load_market("invasion"))
    study.file.write_text(f"gates = {gates}\n{RULE}", encoding="utf-8")
    read_rule.cache_clear()
    assert len(study.gates_told(market)) == lines


def test_gates_are_those_of_the_market_whatever_seed_a_study_gives_it(tmp_path, monkeypatch):
    """A study's runs have the seed of its rule's text; the gates were asked of the market with another."""
    monkeypatch.setattr(certificate, "place_of", lambda digest: tmp_path / digest)
    market = load_market("invasion")
    digest = certificate.market_digest(plain(market))
    findings = [judged(Gate(name, "asks", 0, 1), [value]) for name, value in (("entry", 0.5), ("choice", 2.0))]
    certificate.keep(certificate.certificate_text("m", digest, code_version(), 1, findings), digest)
    mine, other = (override(market, [it]) for it in ("seed=9", "horizon.days=9"))
    assert gates_missed(rule(gates=["entry"]), mine) == ""
    assert gates_missed(rule(gates=["entry", "choice"]), mine).startswith(
        "gates needed and not passed: choice (miss); this market passed 1 of 2 gates")
    assert gates_missed(rule(gates=["entry"]), other).startswith("gates needed and not passed: entry (not asked); no ")
    study = CoinStudy(tmp_path / "rule.toml")
    study.file.write_text(f'gates = ["entry"]\n{RULE}', encoding="utf-8")
    read_rule.cache_clear()
    assert study.gates_told(SimpleNamespace(scenario=mine))[0].startswith("gates: this market passed 1 of 2 gates")
    [section] = of_gates(SimpleNamespace(scenario=plain(mine), manifest={
        "scenario": plain(mine), "code": code_digest()}))
    assert [row[0] for row in section.blocks[1].rows] == ["entry", "choice"]


def test_worlds_that_are_built_so_and_their_opposites(coin):
    """Of every study of a claim: its rule supports a world built so and contradicts the opposite; controls are null.

    Of each but the coin's: every rung of the ladder of nulls stands among its numbers or, with a reason, beside them.
    """
    from experiments.verdicts.verdict_study import VerdictStudy

    claims = [study for study in studies().values() if isinstance(study, VerdictStudy)]
    assert coin in claims
    for study in claims:
        for found, word in ((study.built_so(), "supported"), (study.opposite(), "contradicted")):
            assert decide(study.rule, study.statistics(found), study.control(found)).word == word, study.name
        if study is not coin:
            numbers = {name[:2] for name in study.inputs_alone(found)}
            assert sorted([*numbers, *study.rungs]) == ["L0", "L1", "L2", "L3"], study.name


def test_the_projects_full_runs_are_read():
    for run in history._read(history.RECORD):
        assert run.study in studies()
        assert len(run.rule) == 32
