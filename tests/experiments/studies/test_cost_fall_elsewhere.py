"""The verdict of ``cost_fall`` in admissible markets: which runs are done there, and what is made of each."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from experiments.checklist.derived import _varied
from experiments.scenarios import load_market
from experiments.studies.climb.two_worlds import BUY_MORE, CLIMB
from experiments.studies.cost_fall import STUDY
from experiments.studies.cost_fall.design import ENTRY, KEPT, CostFall, FallCell, read_back
from experiments.studies.cost_fall.fallen_worlds import _days
from experiments.studies.cost_fall.falls_weighed import by_cell, statistics
from experiments.studies.cost_fall.measures import ALL
from experiments.studies.cost_fall.where_it_flips import vectors_in, where_it_flips
from experiments.validation.facts.fact_ledger import LedgerError, read_ledger
from experiments.validation.history.kept_calibration import KEPT_ADMISSIBLE
from sim.errors import ScenarioError

VECTORS = vectors_in(KEPT_ADMISSIBLE, 2)
NAMES = [it.name for it in read_ledger().parameters]


@pytest.fixture(scope="module")
def design() -> CostFall:
    return CostFall(load_market(STUDY.scenario), replications=2, vectors=VECTORS)


class Runs:
    """A store in which customers answer falls at the first vector otherwise than at the second."""

    def __init__(self, design: CostFall):
        falls = len(design.divisors)
        runs = [(row, seed, cell, CLIMB) for row, cell in enumerate(design.cells()) for seed in range(2)]
        runs += [(len(design.cells()) + place, 0, FallCell(ENTRY, design.divisors[place % falls]),
                  (CLIMB, BUY_MORE)[place // falls]) for place in range(2 * falls)]
        found = [(row, seed, _days(design, cell, answer, 1.0)) for row, seed, cell, answer in runs]
        self.tables = {name: pd.concat([getattr(days, name.removesuffix("_days")).assign(row=row, replication=seed)
                                        for row, seed, days in found]) for name in ("sold_days", "wanted_days")}

    def table(self, name):
        return self.tables[name]


def test_each_fall_is_run_once_at_each_vector_with_entry(design):
    others = design.elsewhere()
    assert [point["supply.gpu_fall.divisor"] for point in others] == [1.0, 2.0, 5.0] * 2
    values = [point["customers.routing.pinned_share"] for point in others]
    assert values == [VECTORS[0][NAMES.index("pinned")]] * 3 + [VECTORS[1][NAMES.index("pinned")]] * 3
    assert not any("supply.entry.types" in point for point in others)
    was = design.scenario.customers.templates["assistant"].open_penalty
    assert others[0]["customers.templates.assistant.open_penalty"] == was + VECTORS[0][NAMES.index("brand")]
    specs = design.specs
    assert [(spec.row, spec.replication) for spec in specs[-7:]] == [(6, 1), *((row, 0) for row in range(7, 13))]
    assert len(specs) == design.runs == 7 * 2 + 6
    assert not any(spec.problem for spec in specs)
    assert specs[-1].scenario["customers"]["uses"]["worth_factor"] == VECTORS[1][NAMES.index("worth")]
    assert read_back(design.scenario, design.parameters()) == design
    assert STUDY.quick(design).design.runs == 7 - 2


def test_a_checklist_names_what_differs_at_the_vectors(design):
    told = _varied(SimpleNamespace(manifest={"study": "cost_fall"}, scenario=design.scenario,
                                   parameters=design.parameters()))
    assert "`supply.gpu_fall.divisor`" in told
    assert "`customers.routing.pinned_share`" in told


def test_the_verdict_is_found_at_each_vector(design):
    """As worked by hand in test_cost_fall.py: a share of .904918 at a half where they climb."""
    found = STUDY.find(design, Runs(design), lambda: None)
    assert len(statistics(found)["least_share"]) == 2
    climbs, buys = found.elsewhere
    assert by_cell(climbs.frame, ENTRY, ALL, "mix_share")[2.0, 30] == pytest.approx([0.904918], abs=1e-6)
    assert statistics(buys)["most_share"][0] < 0.5
    judged = STUDY.judge(design, found)
    assert judged.ruling.said == "supported"
    points = judged.robust.points
    assert list(points.columns) == [*NAMES, "least_share", "least_mix", "most_share", "verdict"]
    assert points["verdict"].tolist() == ["supported", "contradicted"]
    assert points[NAMES].to_numpy().tolist() == [list(vector) for vector in VECTORS]
    assert judged.robust.sentence.startswith(
        "The verdict becomes “contradicted” at 1 of 2 points of the admissible set, one run of each fall")
    assert judged.robust.effects.empty
    assert STUDY.tables(judged)["points"] is points


def test_a_control_that_is_not_null_says_nothing_of_admissible_markets(design):
    """They have none: their verdicts are set against what the thresholds say of the market itself."""
    found = STUDY.find(design, Runs(design), lambda: None)
    kept = (found.frame["arm"] == KEPT) & (found.frame["metric"] == "log_spend")
    judged = STUDY.judge(design, replace(found, frame=found.frame.assign(
        value=found.frame["value"].mask(kept, 0.5))))
    assert judged.ruling.said.startswith("depends on something other than the mechanism")
    assert judged.robust.sentence.startswith(
        "Control aside the verdict is “supported”. The verdict becomes “contradicted” at 1 of 2 points")


def test_without_vectors_it_is_not_asked(design):
    assert where_it_flips(STUDY.rule, (), (), "supported") is None
    assert CostFall(design.scenario).elsewhere() == []


def test_which_vectors_there_are(tmp_path):
    assert len(VECTORS[0]) == len(NAMES)
    assert vectors_in(tmp_path / "none.csv", 0) == ()
    for many in (23, -1):
        with pytest.raises(ScenarioError, match=f"--vectors is {many}, but must be 0 to 22: "):
            vectors_in(KEPT_ADMISSIBLE, many)
    with pytest.raises(LedgerError, match=r"cannot read .*none.csv"):
        vectors_in(tmp_path / "none.csv", 1)
    (tmp_path / "other.csv").write_text("vector,S1a\n1,2\n")
    with pytest.raises(LedgerError, match="is no file of admissible vectors of this ledger"):
        vectors_in(tmp_path / "other.csv", 1)
