"""The calibration that is kept with the project follows from its kept runs.

Emulators are fitted by linear algebra whose last digits are a machine's own: what rests on them is compared to a
hundredth, what rests on runs alone exactly.
"""

import csv
import json

import numpy as np
import pytest

from experiments.validation.facts.fact_ledger import BUILT_IN, ledger_digest, read_ledger
from experiments.validation.history.findings import admissible_text, learned
from experiments.validation.history.kept_calibration import KEPT_ADMISSIBLE, KEPT_RECORD
from experiments.validation.history.matching import CENTRE, FINAL, MarketTrial, Matched, MatchingPlan, _Done, _final
from experiments.validation.history.priors import place_of_values
from experiments.validation.history.ruling_out import target_of
from experiments.validation.history.run_file import read_runs
from experiments.validation.history.standing_runs import KEPT_RUNS

LEDGER = read_ledger()
PLAN = MatchingPlan()
RECORD = json.loads(KEPT_RECORD.read_text())


@pytest.fixture(scope="module")
def found():
    """What was found, from the kept runs at the places at which they were done."""
    runs = read_runs(KEPT_RUNS, LEDGER)
    trials = [MarketTrial(it.stage, tuple(place_of_values(LEDGER.parameters, it.values).tolist()), it.replication)
              for it in runs]
    facts = dict(zip(trials, (it.facts for it in runs), strict=True))
    done = _Done(LEDGER, lambda asked: [facts[trial] for trial in asked])
    done.run([trial for trial in trials if trial.stage == CENTRE])
    targets = tuple(target_of(fact, done.noise(fact)) for fact in LEDGER.moments)
    done.run([trial for trial in trials if trial.stage not in (CENTRE, FINAL)])
    emulators = done.emulators()
    places = dict.fromkeys(trial.place for trial in trials if trial.stage == FINAL)
    final = _final(done, LEDGER.moments, targets, np.array(list(places)), PLAN)
    return Matched(targets, emulators, (), final, tuple(done.trials), tuple(done.facts))


def test_the_admissible_vectors_follow_from_the_kept_runs(found):
    mine, kept = (list(csv.reader(text.splitlines())) for text in (
        admissible_text(LEDGER, found), KEPT_ADMISSIBLE.read_text()))
    assert mine[0] == kept[0]
    assert len(mine) == len(kept) == 1 + RECORD["admissible"]
    for one, other in zip(mine[1:], kept[1:], strict=True):
        assert [float(cell or "nan") for cell in one] == pytest.approx([float(cell or "nan") for cell in other],
                                                                       rel=1e-8, nan_ok=True)
    assert len(found.final) == RECORD["final places"] == PLAN.final
    assert len(found.trials) == PLAN.centre + PLAN.cover + sum(PLAN.waves) + PLAN.final * PLAN.final_replications


def test_what_is_told_of_parameters_follows_from_the_kept_runs(found):
    told = learned(LEDGER, found, len(RECORD["pseudo-truths"]))
    assert told.singular_values == pytest.approx(RECORD["singular values"], rel=0.01)
    assert [it.recovered for it in told.truths] == [it["recovered"] for it in RECORD["pseudo-truths"]]
    assert [it.implausibility for it in told.truths] == pytest.approx(
        [it["implausibility"] for it in RECORD["pseudo-truths"]], rel=0.01)
    assert [it.of_prior for it in told.ranges] == pytest.approx([it["of_prior"] for it in RECORD["parameters"]])
    assert [it.identified for it in told.ranges] == [it["identified"] for it in RECORD["parameters"]]


def test_the_record_is_of_this_ledger_and_plan():
    origin = RECORD["provenance"]
    assert origin["ledger digest"] == ledger_digest(BUILT_IN)
    assert MatchingPlan(**{**origin["plan"], "waves": tuple(origin["plan"]["waves"])}) == PLAN
