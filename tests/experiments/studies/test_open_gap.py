"""Closed and open models a lag apart: releases, costs and answers in prices worked by hand, and courses."""

import argparse
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from experiments.studies.assuming import at_point
from experiments.studies.open_gap import STUDY, design, gap_course, generations, measures, price_answers
from experiments.studies.open_gap.assumed import Costs, GapAssumptions, LagBehind, Releases
from experiments.studies.open_gap.design import BEST, FIXED, LAB_LOGIT, LagCases, LagCell
from experiments.studies.open_gap.figures import figure_of
from experiments.studies.open_gap.gap_course import COARSE, ClosedCourse, branded
from experiments.studies.open_gap.measures import ClosedOutcome, FoundGap
from experiments.studies.open_gap.worlds import profit
from experiments.verdicts.deciding import decide
from sim.streams import Streams
from sim.units import DAY_S

USUAL = GapAssumptions()


@pytest.fixture(scope="module")
def stage():
    return gap_course.staged(USUAL, 3, 0)


def test_an_open_model_is_as_good_as_a_closed_one_a_lag_before():
    """Log-odds grow by 1.08 a year; a gap of a tenth takes a tenth of what is left."""
    releases, year = Releases(), 365.25
    at_first = generations.abilities(releases, LagBehind(), False, 0.0)
    assert at_first == pytest.approx((0.485, 0.345))
    later = generations.abilities(releases, LagBehind(), False, year)
    assert later.general == pytest.approx(1 / (1 + math.exp(-(math.log(0.485 / 0.515) + 1.08))))
    trailing = generations.abilities(releases, LagBehind(months=12.0), True, year)
    assert trailing == pytest.approx(at_first)
    assert generations.abilities(releases, LagBehind(months=12.0, gap=0.1), True, year) == pytest.approx(
        (0.4365, 0.3105))


def test_dates_and_luck_are_the_same_at_every_lag():
    near, far = (generations.models_behind(Releases(), LagBehind(months=months), 200.0, Streams(1, 0))
                 for months in (0.0, 24.0))
    assert near.names == far.names
    assert np.array_equal(near.release_day, far.release_day)
    assert np.array_equal(near.quality[:, ~near.open], far.quality[:, ~far.open])
    assert (near.quality[:, near.open] > far.quality[:, far.open]).all()
    assert (near.retire_day - near.release_day)[near.open] == pytest.approx(18 * 30.4375, rel=1e-3)


def test_costs_fall_from_the_release_on(stage):
    """.52 and 1/1.33 of the list price at first; a half of that a year later."""
    models = stage.models
    day = float(models.release_day[0]) + 365.25
    cost = generations.costs_over_list(models, 0.48, 1.33, 2.0, day)
    first = (1 / 1.33 if models.open[0] else 0.52)
    assert cost[0] == pytest.approx(first / 2)
    young = models.release_day > day
    assert set(np.round(cost[young], 6)) <= {0.52, round(1 / 1.33, 6)}


def test_hosts_enter_until_each_earns_its_smallest_fleet():
    """At k = 5: D c / F = 15 carries (15 + 5)/4 = 5 hosts, e = 4, and 4/3 of the cost; nobody, the list price."""
    costs = Costs(exponent=5.0)
    asked = price_answers.host_factors(costs, np.array([0.3, 0.3, 0.9]), np.array([15.0, 0.0, 15.0]), np.ones(3))
    assert asked == pytest.approx([0.4, 1.0, 1.0])


def test_a_creator_of_a_better_model_takes_half_of_what_it_is_better_by():
    """Worths evenly from 0 to 1: at a half of d half of them buy, d/4; a name of 5 is paid for by all."""
    assert profit(0.4) == pytest.approx(0.1, rel=0.03)
    assert profit(1.2) == pytest.approx(0.3, rel=0.03)
    named = profit(0.2, 5.0)
    assert named in [pytest.approx(factor) for factor in price_answers.FACTORS]
    assert 4.0 < named <= 5.1


def test_creators_answer_in_turn_and_lab_logit_is_the_markets_own():
    """One owner of a model worth 2 more than a free one to all: the dearest price tried below 2."""
    demand = price_answers.DemandNow(np.array([[2.5, 0.5]]), np.array([[1.0, 0.0]]), np.ones(1))
    got = price_answers.best_factors(demand, [np.array([0])], np.ones(2), np.zeros(2), 1.0)
    assert got.tolist() == [max(it for it in price_answers.FACTORS if it < 2.0), 1.0]
    joint = price_answers.joint_factors([np.array([0])], np.array([10.0, 4.0]), np.array([0.9, 0.5]), np.ones(2),
                                        np.array([0.3, 0.0]), np.array([1.0, 1.0]))
    assert joint[0] == pytest.approx((3.0 + 4.0 / (2.0 * 0.5)) / 10.0)  # cost + reference / (elasticity (1 - share))


def test_brands_are_multiplied(stage):
    people = branded(stage.population, 0.0)
    assert not people.open_penalty_usd.any()
    assert not any(worth for row in people.brand_usd for worth in row.values())
    twice = branded(stage.population, 2.0)
    assert twice.open_penalty_usd == pytest.approx(2 * stage.population.open_penalty_usd)


def test_who_asks_more_often_weighs_more_in_creators_answers(stage):
    """Requests of the first day, each customer's own."""
    walk = gap_course._CourseWalk(USUAL, stage, BEST, has_open=True)
    people, day = stage.population, walk._desk.env.now / DAY_S
    here = people.present(day)
    asked = walk._demand().requests
    assert asked == pytest.approx((DAY_S * people.base_per_s * people.growth(day))[here])
    assert asked.max() > 2 * asked.min()


def test_a_course_adds_up_and_nobody_sees_a_lag_of_models_that_are_not_sold(stage):
    seen = gap_course.course(USUAL, stage, BEST, has_open=False, step_days=182)
    assert len(seen.profit_usd) == 4
    assert seen.tokens == pytest.approx(seen.all_tokens)
    assert seen.revenue_of.sum(axis=1) == pytest.approx(seen.revenue_usd)
    far = at_point(USUAL, {"behind.months": 24.0})
    other = gap_course.course(far, gap_course.staged(far, 3, 0), BEST, has_open=False, step_days=182)
    assert np.array_equal(seen.profit_usd, other.profit_usd)
    clouds = at_point(USUAL, {"sales.cloud_share": 1.0})
    less = gap_course.course(clouds, stage, FIXED, step_days=182)
    fixed = gap_course.course(USUAL, stage, FIXED, step_days=182)
    assert less.revenue_usd == pytest.approx(0.75 * fixed.revenue_usd)
    assert fixed.profit_usd - less.profit_usd == pytest.approx(0.25 * fixed.revenue_usd)
    assert fixed.price_factor == pytest.approx(np.ones(4))


def test_present_value_and_half_life(stage):
    models = stage.models
    flagship = np.flatnonzero(~models.open & (models.total_b == 900.0) & (models.release_day > 0)
                              & (models.release_day < 300))
    flows = np.zeros((26, len(models)))
    for row in flagship:
        first = math.ceil(models.release_day[row] / COARSE)
        flows[first:first + 4, row] = 10.0, 20.0, 15.0, 5.0  # half of the peak is in the middle between 15 and 5
    seen = ClosedCourse(COARSE, np.ones(26), *([np.ones(26)] * 4), flows, models)
    assert measures.half_life(seen) == pytest.approx(1 + 1.5)
    years = (np.arange(26) + 0.5) * 28 / 365.25
    assert gap_course.discounted(seen, 0.15) == pytest.approx((1.15**-years).sum())
    assert math.isnan(measures.half_life(seen._replace(revenue_of=np.zeros_like(flows))))


def outcome(value, first=1.0):
    return ClosedOutcome(value, first, 1.0, 0.5, 0.4, 1.0, 3.0)


def test_statistics_by_hand():
    outcomes = {LagCell(4.0): [outcome(3.0), outcome(2.0)], LagCell(24.0): [outcome(4.0)] * 2,
                LagCell(4.0, has_brand=False): [outcome(1.0)] * 2, LagCell(24.0, has_brand=False): [outcome(4.0)] * 2,
                LagCell(4.0, has_open=False): [outcome(4.0)] * 2, LagCell(24.0, has_open=False): [outcome(4.0)] * 2,
                LagCell(4.0, pricing=FIXED): [outcome(2.0, 1.0)], LagCell(24.0, pricing=FIXED): [outcome(4.0, 5.0)]}
    found = FoundGap(USUAL, outcomes)
    assert STUDY.statistics(found) == {"kept_most": [0.75, 0.5], "kept_least": [0.25, 0.25]}
    assert STUDY.control(found) == [1.0, 1.0]
    alone = STUDY.inputs_alone(found)
    assert alone["L0 kept with brand: list prices, everybody chooses anew"] == [0.2]
    assert alone["L1 kept with brand: list prices, customers with habits"] == [0.5]
    table = measures.summary(found).set_index("case")
    assert table.loc["brand, list prices", "kept"].tolist() == [0.5, 1.0]
    assert table.loc["brand, creators answer", "kept"].tolist() == [0.625, 1.0]
    left, right = figure_of(found, 1).axes
    assert left.lines[0].get_xydata().tolist() == [[4.0, 0.625], [24.0, 1.0]]
    assert left.get_ylim()[0] == right.get_ylim()[0] == 0.0
    loss = replace(found, outcomes={**outcomes, LagCell(24.0): [outcome(-1.0)] * 2})
    assert all(math.isnan(value) for value in loss.kept(LagCell(4.0)))  # a share of nothing is none


def test_worlds_built_so_and_opposite():
    """4/24 = 1/6 of what a lead is worth without a name; with one that everybody pays for, most."""
    so, opposite = STUDY.built_so(), STUDY.opposite()
    assert STUDY.statistics(so)["kept_most"][0] == pytest.approx(1 / 6, rel=0.02)
    assert decide(STUDY.rule, STUDY.statistics(so), STUDY.control(so)).said == "supported"
    assert decide(STUDY.rule, STUDY.statistics(opposite), STUDY.control(opposite)).said == "contradicted"


def test_cases_and_manifest():
    parser = argparse.ArgumentParser()
    STUDY.add_options(parser)
    full = STUDY.design(parser.parse_args([]))
    assert STUDY.look(full) == ""
    assert STUDY.read(None, json.loads(json.dumps(full.parameters()))) == full
    assert len(full.compared()) == 6
    assert LagCell(24.0, pricing=LAB_LOGIT, has_brand=False) in full.shown()
    assert not set(full.shown()) & set(full.compared())
    places = list(full.places())
    assert len(places) == 60 + design.TABLE_SEEDS * len(full.shown())
    look = STUDY.quick(full).design
    assert STUDY.assumptions(look) is None
    assert STUDY.look(look) == "1 of the rule's 10 seeds"
    assert "0 seeds of the cases" in STUDY.look(replace(full, table_seeds=0))
    assumed = LagCases(USUAL, 1).in_cell(LagCell(6.0, 0.05, has_brand=False, cloud_share=0.5))
    assert (assumed.behind.months, assumed.behind.gap, assumed.sales.brand, assumed.sales.cloud_share) == (
        6.0, 0.05, 0.0, 0.5)
