"""Who moves first and who later: gaps aligned by hand, worlds whose verdict is known, and fields that all matter."""

import argparse
import json

import numpy as np
import pandas as pd
import pytest

from experiments.output.folder import Folder
from experiments.studies.assuming import at_point
from experiments.studies.early_mover import STUDY, measures
from experiments.studies.early_mover.assumed import MoverAssumptions
from experiments.studies.early_mover.design import MoverMarkets
from experiments.studies.early_mover.figures import figure_of
from experiments.studies.early_mover.measures import AFTER, BEFORE, FIRST, LATE, MOVING, STANDING
from experiments.verdicts.deciding import decide
from sim.errors import MarketError, ScenarioError
from sim.market.downstream.access_paths import PATHS
from sim.market.downstream.software_race import NEVER
from sim.scenario.base import Part

ASSUMED = MoverAssumptions()


def small(assumed=ASSUMED, markets=1, seeds=1):
    return MoverMarkets(assumed, STUDY.rule.seed, seeds, markets, 48)


def test_a_gap_is_counted_from_the_month_the_later_firm_moved():
    """Two races, moved in months 2 and 3: month 0 is the mean of gaps 20 and 31; one closes a month later."""
    gap = np.arange(6.0)[:, None] * 10.0 + np.array([0.0, 1.0])
    gap[4, 1] = np.nan
    seen = measures.aligned(gap, np.array([2, 3]))
    assert len(seen) == AFTER - BEFORE + 1
    assert seen[[-BEFORE, 1 - BEFORE, 2 - BEFORE, -2 - BEFORE]] == pytest.approx([25.5, 30.0, (40 + 51) / 2, 5.5])
    assert np.isnan(seen[-1])


def test_what_the_rule_compares_by_hand():
    """At most .2 until the later one moved, .05 after 3 months, .03 after 12 (E148); .9 came later."""
    gap = np.zeros(AFTER - BEFORE + 1)
    gap[[-2 - BEFORE, 3 - BEFORE, 12 - BEFORE, 5 - BEFORE]] = 0.2, 0.05, 0.03, 0.9
    assert measures.statistics_of(gap) == pytest.approx(
        {"lasting_points": 0.03, "lasting_share": 0.15, "early_share": 0.25, "largest": 0.2})
    assert measures.statistics_of(-np.ones_like(gap))["early_share"] == 0.0  # never ahead


def test_every_firm_stands_once_in_each_place():
    firms = measures.draw_firms(small(markets=2), 0)
    assert firms.share.shape == (10, 5)
    for market in (slice(0, 5), slice(5, 10)):
        assert [sorted(column) for column in firms.move[market].T.tolist()] == [[0, 6, 12, 18, NEVER]] * 5
        assert (firms.share[market] == firms.share[market][0]).all()
    assert firms.usual.min() >= 0.05
    assert firms.usual.max() <= 0.4
    assert set(firms.migration.ravel().tolist()) <= {1, 2, 3}


def test_worlds_built_so_and_opposite():
    for world, said in ((STUDY.built_so(), "supported"), (STUDY.opposite(), "contradicted")):
        assert decide(STUDY.rule, STUDY.statistics(world), STUDY.control(world)).said == said
        assert np.abs(STUDY.control(world)).max() < 1e-3
        alone = STUDY.inputs_alone(world)
        assert list(alone) == [f"{rung} lasting_points: {case}" for rung, case in
                               (("L0", measures.FROZEN), ("L2", measures.UNIFORM), ("L3", MOVING))]
        assert alone[f"L3 lasting_points: {MOVING}"] == STUDY.statistics(world)["lasting_points"]


def test_the_figure_shows_each_month_s_gap_in_points_about_the_move():
    """The lines are the means of the races, from the first month to the last."""
    world = STUDY.built_so()
    lines = [line.get_xydata() for line in figure_of(world, 1).axes[2].lines[:2]]
    for line, case in zip(lines, (MOVING, measures.FROZEN), strict=True):
        gaps = np.mean([race.gaps[LATE] for race in world.cases[case]], axis=0)
        assert line == pytest.approx(np.column_stack([range(BEFORE, AFTER + 1), 100.0 * gaps]), nan_ok=True)


def test_races_are_the_same_twice_and_tables_hold_them():
    first, second = (measures.find_movers(small(), lambda: None) for _ in range(2))
    assert STUDY.statistics(first) == STUDY.statistics(second)
    rows = measures.summary(first).set_index(["later", "quantity"])["mean"]
    got = STUDY.statistics(first)
    names = ["lasting_points", "lasting_share", "early_share", "largest"]
    assert [rows["month 18", name] for name in names] == pytest.approx([got[name][0] for name in names])
    assert rows["month 18", measures.CUSTOMERS] == pytest.approx(first.cases[MOVING][0].shares[LATE][-1])
    assert len(rows) == 4 * 8
    places = measures.by_place(first)
    assert places.groupby("months_since_start")["customers"].sum().tolist() == pytest.approx([1.0] * 8)
    assert measures.by_path(first).set_index("path")["share_of_first_movers"].to_dict() == {
        "closed": 0.0, "hosted": 0.0, "routed": 1.0, "dedicated": 0.0, "owned": 0.0}
    still = first.cases[STANDING][0]
    assert still.margins[FIRST] == pytest.approx(still.margins[LATE], abs=1e-3)  # all firms in all places


def test_random_routing_costs_more_than_the_host_itself_so_that_nobody_is_routed():
    """A host costs a tenth; a router that looks at no price e^(.5 x .275^2) x 1.055 = 1.096 of that (E144)."""
    race = measures.raced(measures.draw_firms(small(), 0), small(), measures.UNIFORM)
    assert dict(zip(PATHS, race.paths, strict=True)) == {**dict.fromkeys(PATHS, 0.0), "hosted": 1.0}


CHANGES = {  # a value of each field that must move a race
    "least_share": 0.1, "most_share": 0.3, "access.closed_usd_per_mtok": 1.0, "access.open_discount": 0.8,
    "access.movable": 0.5, "access.dispersion": 0.4, "access.router_exponent": 4.0, "access.router_fee": 0.0,
    "access.tokens_per_gpu_s": 2500.0, "access.gpus_a_replica": 4, "access.load": 0.5, "access.rent_usd_per_hour": 0.3,
    "access.owned_usd_per_hour": 0.15, "access.dedicated_least": 3, "access.owned_least": 1,
    "access.dedicated_staff_usd": 100.0, "access.owned_staff_usd": 100.0, "access.price_fall": 3.0,
    "access.gpu_fall": 5.0, "software.firms_arr_usd": 2e7, "software.other_cost": 0.2, "software.churn": 0.2,
    "software.to_none": 0.3, "software.contract_months": 6, "software.newcomers": 0.1, "software.taste_sd": 0.4,
    "software.use_sd": 0.1, "software.respent": 0.5, "software.tuned": 0.5, "software.tuning_months": 3.0,
    "software.migration_least": 2, "software.migration_most": 5, "software.delivery_months": 1,
    "software.review_months": 6, "software.owned_months": 6, "software.fixed_share": 0.45,
    "access.migration_hours": 2e4, "access.engineer_usd_per_hour": 2e4,
}
# where renting pays, and where owning does: a field of GPUs moves something in one of them at least
RENTING = {"access.rent_usd_per_hour": 0.4, "access.gpu_fall": 7.37, "software.firms_arr_usd": 2e6}
OWNING = {"access.owned_usd_per_hour": 0.2, "access.owned_staff_usd": 500.0, "access.gpu_fall": 7.37,
          "software.firms_arr_usd": 3e6, "software.fixed_share": 0.4}


@pytest.fixture(scope="module")
def seen():
    return {}


def _outcome(seen, base, change):
    key = json.dumps([base, change])
    if key not in seen:
        there = small(at_point(at_point(ASSUMED, base), change))
        race = measures.raced(measures.draw_firms(there, 0), there, MOVING)
        seen[key] = np.concatenate([np.concatenate(list(race.gaps.values())), race.shares.ravel(), race.alive.ravel()])
    return seen[key]


def test_every_field_is_perturbed():
    def fields(part, prefix=""):
        for name, value in part:
            yield from fields(value, f"{name}.") if isinstance(value, Part) else [f"{prefix}{name}"]
    assert sorted(CHANGES) == sorted(fields(ASSUMED))


@pytest.mark.parametrize("path", CHANGES)
def test_every_field_moves_a_race(seen, path):
    change = {path: CHANGES[path]}
    assert any(not np.array_equal(_outcome(seen, base, {}), _outcome(seen, base, change), equal_nan=True)
               for base in ({}, RENTING, OWNING))


def test_assumptions_that_do_not_fit_are_refused_and_changes_make_a_look(tmp_path):
    parser = argparse.ArgumentParser()
    STUDY.add_options(parser)
    design = STUDY.design(parser.parse_args(["--assume", "software.churn=0.2"]))
    assert STUDY.look(design) == "assumptions are not the study's own: software.churn = 0.2"
    assert STUDY.look(STUDY.design(parser.parse_args([]))) == ""
    assert STUDY.look(small(seeds=10)) == "1 markets a seed over 48 months"
    assert STUDY.read(None, json.loads(json.dumps(design.parameters()))) == design
    for change, told in (("most_share=0.04", "must be at least least_share"),
                         ("software.migration_most=0", "greater than or equal to 1|at least 1"),
                         ("software.migration_least=4", "must be at least migration_least, 4"),
                         ("software.other_cost=0.6", "cost would be more than the first price")):
        with pytest.raises(ScenarioError, match=told):
            STUDY.design(parser.parse_args(["--assume", change]))
    with pytest.raises(ScenarioError, match="months is 20, but must be at least 36"):
        MoverMarkets(ASSUMED, 1, 1, 1, 20)


def test_prices_of_a_run_take_the_place_of_the_documented_fall(tmp_path):
    parser = argparse.ArgumentParser()
    STUDY.add_options(parser)
    table = tmp_path / "summary.csv"
    table.write_text("metric,unit,value\nprice_fall,1/year,1.1\nconstant_quality_fall,1/year,4.25\n")
    assert STUDY.design(parser.parse_args(["--prices", str(table)])).assumed.access.price_fall == 4.25
    both = parser.parse_args(["--prices", str(table), "--assume", "access.price_fall=2"])
    assert STUDY.design(both).assumed.access.price_fall == 2.0
    for text, told in (("metric,value\n", "has 0 rows of metric constant_quality_fall"),
                       ("metric,value\nconstant_quality_fall,\n", "is '', but must be a number above 0")):
        table.write_text(text)
        with pytest.raises(MarketError, match=told):
            STUDY.design(parser.parse_args(["--prices", str(table)]))
    with pytest.raises(MarketError, match="cannot read prices"):
        STUDY.design(parser.parse_args(["--prices", str(tmp_path / "none.csv")]))


def test_sentences_are_made_from_the_tables(tmp_path):
    names = {"largest": 0.125, "early_share": 0.25, "lasting_share": 0.25, "lasting_points": 0.25,
             "lasting_points, inputs alone": 0.001, measures.CUSTOMERS: 0.25, measures.ALIVE: 0.25,
             measures.ALIVE_STANDING: 0.97}
    rows = pd.DataFrame([(later, *row, 0.01) for later in measures.PLACE_NAMES[1:] for row in names.items()],
                        columns=["later", "quantity", "mean", "half_width"])
    rows.to_csv(tmp_path / "summary.csv", index=False)
    folder = Folder(tmp_path, {"study": "early_mover", "parameters": small().parameters()})
    prices, gap, alone, left = STUDY.sentences(folder)
    assert prices == ("Prices of constant quality are divided by 7.37 a year (the documented number, which is the "
                      "claim's own).")
    assert "at most 12.5 points" in gap
    assert "3 months after that one has moved 0.250 ± 0.010 of it is left, 12 months after 0.250 ± 0.010, 25.0" in gap
    assert "0.10 points are left after 12 months" in alone
    assert "0.250 ± 0.010 of those are still there (0.97 if none moves)" in left
