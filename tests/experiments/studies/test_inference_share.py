"""Inference against training in labs' budgets: worked by hand, and where it must hold for any numbers."""

import argparse
import itertools
import json
import math

import numpy as np
import pytest

from experiments.studies.assuming import at_point, factors_in
from experiments.studies.inference_share import STUDY, balance, measures
from experiments.studies.inference_share.assumed import Budgets, Demand, ShareAssumptions
from experiments.studies.inference_share.design import BudgetYears
from experiments.studies.inference_share.measures import ALL, OF_MONEY, FoundDates, drawn
from experiments.verdicts.deciding import decide
from sim.errors import ScenarioError

# revenue 100, of which half is inference; a tenth is ploughed back, and 160 come from outside
BUDGETS = Budgets(inference_busd=50.0, training_busd=170.0, gross_margin=0.5, plough_back=0.1, outside_growth=1.0,
                  outside_ceiling_busd=1e6)
STILL = Demand(price_divisor=1.0, paid_divisor=1.0, diffusion=0.0)


def test_budgets_of_the_first_year_by_hand():
    seen = balance.course(BUDGETS, STILL, np.array([0.0, 5.0]))
    assert seen.revenue == pytest.approx([100.0, 100.0])
    assert seen.inference == pytest.approx([50.0, 50.0])
    assert seen.outside == pytest.approx([160.0, 160.0])
    assert seen.training == pytest.approx([170.0, 170.0])
    assert balance.first_outside(BUDGETS.model_copy(update={"training_busd": 5.0})) == 0.0  # revenue pays for it


def test_defaults_of_the_first_year():
    """Revenue 1.9 / .52, and outside money for what a quarter of it leaves of 5."""
    assert balance.first_revenue(Budgets()) == pytest.approx(3.6538, abs=1e-4)
    assert balance.first_outside(Budgets()) == pytest.approx(5.0 - 0.25 * 3.6538, abs=1e-4)


def test_inference_leads_when_its_share_of_revenue_exceeds_outside_money():
    """(1 - .5 - .1) R > 160 at R = 400: with diffusion alone, after ln 4 / .7 years (E110, E112)."""
    demand = Demand(price_divisor=1.0, diffusion=0.7, diffusion_ceiling=1e9)
    at = balance.crossing(BUDGETS, demand, 10.0)
    assert at == pytest.approx(math.log(4.0) / 0.7, abs=1e-6)
    assert balance.crossing_at_constant_growth(BUDGETS, 0.7) == pytest.approx(at, abs=1e-6)
    seen = balance.course(BUDGETS, demand, np.array([at]))
    assert seen.inference == pytest.approx(seen.training)


def test_nothing_crosses_where_nothing_moves():
    assert balance.crossing(BUDGETS, STILL, 10.0) == balance.NEVER
    assert balance.crossing_at_constant_growth(BUDGETS, 0.0) == balance.NEVER
    ploughed = BUDGETS.model_copy(update={"plough_back": 0.5})  # all that inference leaves: it can never lead
    assert balance.crossing(ploughed, Demand(), 10.0) == balance.NEVER
    assert balance.crossing_at_constant_growth(ploughed, 5.0) == balance.NEVER


@pytest.mark.parametrize("budgets", [BUDGETS.model_copy(update={"training_busd": 5.0}),
                                     BUDGETS.model_copy(update={"training_busd": 49.0})])
def test_inference_that_leads_at_first_has_crossed(budgets):
    assert balance.crossing(budgets, STILL, 10.0) == balance.crossing_at_constant_growth(budgets, 0.0) == 0.0


def test_a_date_is_the_same_in_small_money():
    """Inference of 50 million USD: outside money of .16, less than one, is as far ahead of revenue as 160 are."""
    small = BUDGETS.model_copy(update={"inference_busd": 0.05, "training_busd": 0.17})
    assert balance.crossing_at_constant_growth(small, 0.7) == pytest.approx(math.log(4.0) / 0.7)


def test_who_is_behind_by_half_leads_when_revenue_has_doubled():
    assert balance.crossing_at_constant_growth(BUDGETS.model_copy(update={"training_busd": 90.0}), 0.7) == (
        pytest.approx(math.log(2.0) / 0.7))


@pytest.mark.parametrize(("penetration", "elasticity"), [(0.1, 1.95), (0.2, 1.56), (0.3, 1.29), (0.5, 0.89)])
def test_revenue_grows_at_the_elasticity_less_one(penetration, elasticity):
    """A fall of prices by a small d changes revenue by (epsilon - 1) d (E61, E111)."""
    fall = math.exp(1e-4)
    demand = Demand(penetration=penetration, price_divisor=fall, paid_divisor=fall, diffusion=0.0)
    change = math.log(float(balance.growth(demand, np.ones(1))[0])) / 1e-4
    assert change == pytest.approx(elasticity - 1.0, abs=0.01)
    assert balance.rate_at_first(demand) / 1e-4 == pytest.approx(change, abs=1e-3)
    assert balance.course(BUDGETS, demand, np.zeros(1)).elasticity[0] == pytest.approx(elasticity, abs=0.01)


def test_when_all_uses_are_live_a_falling_price_only_costs_revenue():
    """Penetration ends at 1, so that a fall by 100 from a half of the uses leaves 2 / 100 of the revenue."""
    demand = Demand(penetration=0.5, price_divisor=10.0, paid_divisor=10.0, diffusion=0.0)
    assert balance.growth(demand, np.array([20.0]))[0] == pytest.approx(2e-20, rel=1e-6)


def test_who_takes_better_models_for_the_same_money_pays_as_before():
    """Then revenue grows with the uses that are live alone: from a fifth to all of them, five-fold."""
    demand = Demand(penetration=0.2, price_divisor=10.0, diffusion=0.0)
    assert balance.growth(demand, np.array([0.0, 10.0])) == pytest.approx([1.0, 5.0])


def test_demand_that_does_not_answer_is_diffusion_alone():
    """A logistic from 1 to 3: 3 / (1 + 2 e^-t)."""
    demand = Demand(price_divisor=10.0, diffusion=1.0, diffusion_ceiling=3.0)
    assert balance.growth(demand, np.array([2.0]), answers=False)[0] == pytest.approx(3 / (1 + 2 * math.exp(-2)))


def test_diffusion_is_slowed_by_its_ceiling_from_the_first_day():
    """Of .6 a year a ceiling of three leaves two thirds."""
    demand = Demand(price_divisor=1.0, paid_divisor=1.0, diffusion=0.6, diffusion_ceiling=3.0)
    assert balance.rate_at_first(demand) == pytest.approx(0.4)
    assert math.log(float(balance.growth(demand, np.array([1e-5]))[0])) / 1e-5 == pytest.approx(0.4, abs=1e-4)


def test_outside_money_ends_at_its_ceiling():
    """160 x 2^t reaches 1,000; revenue must then be 2,500, which it is after ln 25 / .5 years."""
    budgets = BUDGETS.model_copy(update={"outside_growth": 2.0, "outside_ceiling_busd": 1000.0})
    demand = Demand(price_divisor=1.0, diffusion=0.5, diffusion_ceiling=1e9)
    assert balance.crossing(budgets, demand, 20.0) == pytest.approx(math.log(25.0) / 0.5, abs=1e-6)
    assert balance.crossing(budgets, demand, 6.0) == balance.NEVER
    assert balance.crossing_at_constant_growth(budgets, 0.5) == balance.NEVER  # without it, revenue is too slow


def looked(seeds=2, points=6):
    return BudgetYears(ShareAssumptions(), STUDY.rule.seed, seeds, points)


def test_worlds_built_so_and_opposite():
    """Revenue grows by .85 - the ceiling's touch, outside money by ln 2: 1.42 / (.85 - ln 2) = 9.07 years."""
    so = STUDY.built_so()
    assert so.dates[ALL] == pytest.approx(np.full((10, 1), math.log(4.0866 / (0.27 * 3.6538)) / (0.85 - math.log(2.0))),
                                          abs=0.02)
    assert decide(STUDY.rule, STUDY.statistics(so), STUDY.control(so)).said == "supported"
    opposite = STUDY.opposite()
    assert np.isinf(opposite.dates[ALL]).all()
    assert decide(STUDY.rule, STUDY.statistics(opposite), STUDY.control(opposite)).said == "contradicted"


def test_at_a_point_the_rule_asks_of_one_date_and_of_shares_of_money():
    """The worlds built so and opposite, as single points; money alone is drawn forty times beside each."""
    so, never = (BudgetYears(world.assumed, STUDY.rule.seed, 2, 6) for world in (STUDY.built_so(), STUDY.opposite()))
    assert measures.statistics_at(so, {})["in_window"] == 1.0
    assert measures.statistics_at(never, {})["in_window"] == 0.0
    share = measures.statistics_at(looked(), {})["money_in_window"]
    assert 0.0 <= share <= 1.0
    assert share * 40 == pytest.approx(round(share * 40))


def test_the_window_counts_from_the_claim():
    found = FoundDates(ShareAssumptions(), {}, {}, {})
    assert found.window.tolist() == [7.0, 12.0]
    dates = np.array([[6.9, 7.0, 12.0, 12.1], [9.0, 9.0, 9.0, np.inf]])
    assert measures.in_window(found, dates).tolist() == [0.5, 0.75]
    row = measures.summary(FoundDates(ShareAssumptions(), {ALL: dates}, {}, {ALL: 0.4})).iloc[0]
    assert row[["before", "in_window", "after", "never", "leads_at_end"]].tolist() == [0.125, 0.625, 0.125, 0.125, 0.4]
    assert row["median"] == 2024 + 9.0
    # one elasticity is said where all points have one: where money alone is drawn
    cases = measures.summary(FoundDates(ShareAssumptions(), {ALL: dates, OF_MONEY: dates}, {0.1: dates}, {}))
    assert cases["elasticity"].tolist() == pytest.approx([math.nan, 1.56, 1.95], abs=0.01, nan_ok=True)


def test_inference_may_lead_and_fall_behind_again():
    """Uses end at three times those of today, outside money does not: (1 - .5 - .1) x 300 = 120 < 60 x 3^t soon."""
    budgets = BUDGETS.model_copy(update={"training_busd": 70.0, "outside_growth": 3.0})
    assumed = ShareAssumptions(budgets=budgets, demand=Demand(price_divisor=1.0, diffusion=5.0, diffusion_ceiling=3.0))
    found = measures.world(assumed, 1, 30.0)
    assert 0.0 < found.dates[ALL][0, 0] < 1.0
    assert found.leads[ALL] == 0.0


def test_dates_are_the_same_twice_and_the_control_is_null():
    first, second = (measures.find_dates(looked(), lambda: None) for _ in range(2))
    assert all(np.array_equal(first.dates[case], second.dates[case]) for case in first.dates)
    assert STUDY.control(first) == [0.0, 0.0]
    assert len(set(first.dates[ALL].ravel().tolist())) > 1
    assert list(STUDY.inputs_alone(first)) == [f"L0 in_window: {measures.FROZEN}", f"L1 in_window: {ALL}"]


def test_every_assumption_moves_some_date():
    """A field that moves no date at its range's ends would be none."""
    base = ShareAssumptions(demand=Demand(penetration=0.3, diffusion=1.0), budgets=Budgets(outside_ceiling_busd=200.0))
    at = balance.crossing(base.budgets, base.demand, 30.0)
    assert math.isfinite(at)
    for factor in factors_in(base):
        ends = [at_point(base, {factor.path: value}) for value in (factor.low, factor.high)]
        assert len({balance.crossing(it.budgets, it.demand, 30.0) for it in ends}) == 2, factor.path


@pytest.mark.parametrize(("path", "value"), [
    ("budgets.training_busd", 6.0), ("demand.worth_sd", 0.8), ("budgets.first_year", 2023), ("claimed_in", 2027)])
def test_what_has_no_range_moves_a_date_or_the_window(path, value):
    base = ShareAssumptions(demand=Demand(penetration=0.3, diffusion=1.2))  # passes before money is at its ceiling
    seen = [(balance.crossing(it.budgets, it.demand, 30.0), *FoundDates(it, {}, {}, {}).window.tolist())
            for it in (base, at_point(base, {path: value}))]
    assert seen[0] != seen[1]


def test_what_is_assumed_is_held_and_the_others_are_drawn_as_before():
    def points(*assume):
        parser = argparse.ArgumentParser()
        STUDY.add_options(parser)
        design = STUDY.quick(STUDY.design(parser.parse_args([*assume]))).design
        return [[it.model_dump() for it in drawn(design, "all", 0, prefix)] for prefix in ("", "budgets.")]

    usual, assumed = points(), points("--assume", "budgets.outside_growth=1.25")
    for before, now in zip(itertools.chain(*usual), itertools.chain(*assumed), strict=True):
        assert now["budgets"]["outside_growth"] == 1.25
        assert {**now, "budgets": {**now["budgets"], "outside_growth": before["budgets"]["outside_growth"]}} == before
    assert len({it["budgets"]["outside_growth"] for it in usual[0]}) == len(usual[0])


def test_a_changed_assumption_makes_a_look():
    parser = argparse.ArgumentParser()
    STUDY.add_options(parser)
    design = STUDY.design(parser.parse_args(["--assume", "budgets.outside_growth=3"]))
    assert design.assumed.budgets.outside_growth == 3.0
    assert STUDY.look(design) == "assumptions are not the study's own: budgets.outside_growth = 3"
    assert STUDY.look(STUDY.design(parser.parse_args([]))) == ""
    assert STUDY.read(None, json.loads(json.dumps(design.parameters()))) == design
    with pytest.raises(ScenarioError, match=r"outside_growth"):
        STUDY.design(parser.parse_args(["--assume", "budgets.outside_growth=-1"]))
    with pytest.raises(ScenarioError, match="did you mean"):
        STUDY.design(parser.parse_args(["--assume", "budgets.outside_groth=2"]))
