"""The calibration that is kept with the project follows from its kept runs, and from nothing else."""

import json

from experiments.cli.calibrate_market import SCENARIO
from experiments.scenarios import load_market
from experiments.validation.facts.fact_ledger import BUILT_IN, ledger_digest
from experiments.validation.gates.gate_runs import HowToRun
from experiments.validation.history.calibrated_market import COARSE, RECORD, CalibrationRequest, calibrated
from experiments.validation.history.findings import ADMISSIBLE
from experiments.validation.history.kept_calibration import KEPT_ADMISSIBLE, KEPT_RECORD
from experiments.validation.history.matching import MatchingPlan
from experiments.validation.history.standing_runs import KEPT_RUNS

HOW = HowToRun(1, 1, None, True)
TRUTHS = 3


def no_run(specs):
    raise AssertionError(f"{len(specs)} runs are not kept")


def test_what_is_kept_follows_from_the_kept_runs():
    asked = CalibrationRequest(SCENARIO, load_market(SCENARIO, list(COARSE)), COARSE, BUILT_IN, KEPT_RUNS, True, None)
    found = calibrated(asked, MatchingPlan(), HOW, TRUTHS, no_run)
    assert found.files[ADMISSIBLE] == KEPT_ADMISSIBLE.read_text()
    again, kept = (json.loads(text) for text in (found.files[RECORD], KEPT_RECORD.read_text()))
    origins = [it.pop("provenance") for it in (again, kept)]
    assert again == kept
    for name in ("ledger digest", "coarse", "plan"):
        assert origins[0][name] == origins[1][name]
    assert origins[1]["ledger digest"] == ledger_digest(BUILT_IN)
