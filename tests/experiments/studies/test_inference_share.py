"""Inference against training in labs' budgets: worked by hand, and where it must hold for any numbers."""

import math

import numpy as np
import pytest

from experiments.studies.inference_share import balance
from experiments.studies.inference_share.assumed import Budgets, Demand

# revenue 100, of which half is inference; a tenth is ploughed back, and 160 come from outside
BUDGETS = Budgets(inference_busd=50.0, training_busd=170.0, gross_margin=0.5, plough_back=0.1, outside_growth=1.0,
                  outside_ceiling_busd=1e6)
STILL = Demand(price_divisor=1.0, diffusion=0.0)


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


@pytest.mark.parametrize(("penetration", "elasticity"), [(0.1, 1.95), (0.2, 1.56), (0.3, 1.29), (0.5, 0.89)])
def test_revenue_grows_at_the_elasticity_less_one(penetration, elasticity):
    """A fall of prices by a small d changes revenue by (epsilon - 1) d (E61, E111)."""
    demand = Demand(penetration=penetration, price_divisor=math.exp(1e-4), diffusion=0.0)
    change = math.log(float(balance.growth(demand, np.ones(1))[0])) / 1e-4
    assert change == pytest.approx(elasticity - 1.0, abs=0.01)
    assert balance.rate_at_first(demand) / 1e-4 == pytest.approx(change, abs=1e-3)
    assert balance.course(BUDGETS, demand, np.zeros(1)).elasticity[0] == pytest.approx(elasticity, abs=0.01)


def test_when_all_uses_are_live_a_falling_price_only_costs_revenue():
    """Penetration ends at 1, so that a fall by 100 from a half of the uses leaves 2 / 100 of the revenue."""
    demand = Demand(penetration=0.5, price_divisor=10.0, diffusion=0.0)
    assert balance.growth(demand, np.array([20.0]))[0] == pytest.approx(2e-20, rel=1e-6)


def test_demand_that_does_not_answer_is_diffusion_alone():
    """A logistic from 1 to 3: 3 / (1 + 2 e^-t)."""
    demand = Demand(price_divisor=10.0, diffusion=1.0, diffusion_ceiling=3.0)
    assert balance.growth(demand, np.array([2.0]), answers=False)[0] == pytest.approx(3 / (1 + 2 * math.exp(-2)))


def test_outside_money_ends_at_its_ceiling():
    """160 x 2^t reaches 1,000; revenue must then be 2,500, which it is after ln 25 / .5 years."""
    budgets = BUDGETS.model_copy(update={"outside_growth": 2.0, "outside_ceiling_busd": 1000.0})
    demand = Demand(price_divisor=1.0, diffusion=0.5, diffusion_ceiling=1e9)
    assert balance.crossing(budgets, demand, 20.0) == pytest.approx(math.log(25.0) / 0.5, abs=1e-6)
    assert balance.crossing(budgets, demand, 6.0) == balance.NEVER
    assert balance.crossing_at_constant_growth(budgets, 0.5) == balance.NEVER  # without it, revenue is too slow
