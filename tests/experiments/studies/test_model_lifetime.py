"""A model as an investment: closed forms by hand, the published run it is held to, and sizes at least cost."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from experiments.runs.demand_alone import COLUMNS
from experiments.studies.assuming import at_point, factors_in
from experiments.studies.model_lifetime import STUDY, flows, investment, measures, sizing
from experiments.studies.model_lifetime.assumed import LifetimeAssumptions, Scaling, Training
from experiments.studies.model_lifetime.flows import ModelFlow
from experiments.studies.model_lifetime.measures import FoundLives
from experiments.verdicts.deciding import decide
from sim.market.models.model import Model, Models
from sim.units import DAYS_PER_MONTH


def test_the_published_run_costs_what_was_published():
    """DeepSeek-V3: 37 B active, 14.8 T tokens, 2.788 M hours at 2 USD: 5.576 M USD (E117)."""
    published = Training(tokens_t=14.8)
    assert investment.final_run_usd(published, 37.0) == pytest.approx(5.576e6, rel=0.01)
    assert investment.model_cost_usd(published, 37.0) == pytest.approx(55.76e6, rel=0.01)


def test_a_flat_month_and_a_flat_year():
    """100 M USD at 1 T tokens a day: 3.33 USD a million in 30 days, .27 in a year: twelve times dearer."""
    month, year = (investment.usd_per_mtok(100e6, days * 1e12) for days in (30.0, 365.0))
    assert (month, year) == (pytest.approx(3.333, abs=1e-3), pytest.approx(0.274, abs=1e-3))


def test_a_halving_flow_is_worth_its_integral():
    """Half-life 2 months: 1 - 1/4 of 2 / ln 2 in four months, all of it in the end (E113)."""
    assert investment.lifelong(4.0, 2.0) == pytest.approx(0.75 * 2.0 / math.log(2.0))
    assert investment.lifelong(math.inf, 2.0) == pytest.approx(2.0 / math.log(2.0))
    assert investment.lifelong(7.0, math.inf) == 7.0
    months = np.arange(0.0, 6.0, 1e-3) + 5e-4
    worth = np.sum(2.0 ** (-months / 3.0) * 1.15 ** (-months / 12.0)) * 1e-3
    assert investment.lifelong(6.0, 3.0, 0.15) == pytest.approx(worth, rel=1e-6)


def test_a_model_breaks_even_when_its_return_is_nought():
    """Cost 30, gross profit 20 a month, half-life 2: L* = -ln(1 - 1.5 ln 2 / 2) x 2 / ln 2 = 2.12 months (E114)."""
    at = investment.break_even_months(30.0, 20.0, 2.0)
    assert at == pytest.approx(-math.log(1.0 - 0.75 * math.log(2.0)) * 2.0 / math.log(2.0))
    assert at == pytest.approx(2.117, abs=1e-3)
    assert investment.return_on(30.0, 20.0, investment.lifelong(at, 2.0)) == pytest.approx(0.0, abs=1e-12)
    assert investment.return_on(30.0, 20.0, 3.0) == 1.0
    assert investment.break_even_months(30.0, 20.0, math.inf) == 1.5
    assert investment.break_even_months(60.0, 20.0, 2.0) == math.inf  # 57.7 is all it can ever earn


def test_life_after_the_peak():
    """Peak 8 in month 2, 5 in month 3, 3 in month 4: half, 4, after 1.5 months."""
    assert investment.life_after_peak(np.array([1.0, 3.0, 8.0, 5.0, 3.0, 0.0])) == 1.5
    assert investment.life_after_peak(np.array([8.0, 0.0])) == 0.5
    assert math.isnan(investment.life_after_peak(np.array([1.0, 3.0, 8.0, 5.0])))
    assert math.isnan(investment.life_after_peak(np.zeros(3)))


def test_the_median_of_lives_that_have_not_all_ended():
    """Ends at 1, 3 and 5, two still there after 2 and 6: 4/5, 4/5 x 2/3, then half of that (E115)."""
    lives, seen = np.array([1.0, np.nan, 3.0, 5.0, np.nan]), np.array([9.0, 2.0, 9.0, 9.0, 6.0])
    assert investment.median_life(lives, seen) == 5.0
    assert investment.median_life(np.array([1.0, 2.0, 3.0]), np.full(3, 9.0)) == 2.0
    assert math.isnan(investment.median_life(np.array([1.0, np.nan, np.nan]), np.full(3, 9.0)))


SCALING = Scaling()


def test_without_serving_the_best_size_is_hoffmann_s():
    """alpha a = beta b, so that a = beta r / (alpha + beta) of what may remain, r (E116)."""
    found = sizing.best(SCALING, 2.0, 0.0)
    a = 0.283 * 0.31 / (0.336 + 0.283)
    assert found.size == pytest.approx((406.4 / a) ** (1 / 0.336), rel=1e-6)
    assert found.tokens == pytest.approx((410.7 / (0.31 - a)) ** (1 / 0.283), rel=1e-6)
    assert found.operations == pytest.approx(6 * found.size * found.tokens)
    assert sizing.loss(SCALING, found.size, found.tokens) == pytest.approx(2.0)


@pytest.mark.parametrize(("served", "dearer"), [(1e12, 1.0), (1e14, 1.0), (1e13, 5.0)])
def test_the_best_size_is_the_cheapest(served, dearer):
    """Against a search that knows nothing of the first-order condition."""
    scaling = Scaling(dearer_serving=dearer)

    def cost(log_size: float) -> float:
        size = math.exp(log_size)
        return math.log(sizing.operations(scaling, size, sizing.tokens_for(scaling, size, 2.0), served))

    found = sizing.best(scaling, 2.0, served)
    low = math.log((406.4 / 0.31) ** (1 / 0.336)) + 1e-6
    searched = minimize_scalar(cost, bounds=(low, low + 8.0), method="bounded", options={"xatol": 1e-9})
    assert math.log(found.size) == pytest.approx(searched.x, abs=1e-3)
    assert math.log(found.operations) == pytest.approx(searched.fun, abs=1e-9)
    hoffmann = sizing.best(scaling, 2.0, 0.0)
    assert found.size < hoffmann.size
    assert found.tokens > hoffmann.tokens


def test_a_size_that_is_too_small_reaches_no_loss():
    assert sizing.tokens_for(SCALING, 1e6, 2.0) == math.inf


def test_a_closed_model_costs_more():
    """37 B at 15 T tokens: 5.67 M USD over a tenth; thirteen times that if it is closed."""
    flow = made([1.0])
    assert measures.cost_usd(USUAL, flow) == pytest.approx(56.7e6, rel=0.01)
    assert measures.cost_usd(USUAL, flow._replace(open=False)) == pytest.approx(13 * measures.cost_usd(USUAL, flow))


USUAL = LifetimeAssumptions()
COST = investment.model_cost_usd(Training(), 37.0)
# a model that costs 100 M USD and keeps half of 100 times what is spent on it, undiscounted
PLAIN = at_point(USUAL, {"earnings.gross_margin": 0.5, "earnings.marketplace_share": 0.01,
                         "earnings.hurdle_per_year": 0.0, "training.gpu_usd_per_hour": 2.0 * 100e6 / COST})


def made(spend, even=None, name="a"):
    return ModelFlow(name, True, 37.0, np.array(spend, float), np.array(spend, float) * 1e6,
                     np.array(spend if even is None else even, float))


def test_a_model_is_judged_by_hand():
    """1, 2, .5, .1, .1 M USD a month are 50, 100, 25, 5, 5 M of profit: half of the 100 M in month 2 is paid at 1.5.

    Its flow halves two thirds of the way from the middle of month 1 to that of month 2: after 1.5 + 2/3 months.
    """
    found = measures.judged(PLAIN, made([1e6, 2e6, 0.5e6, 0.1e6, 0.1e6]))
    assert found.cost_usd == pytest.approx(100e6, rel=1e-4)
    assert found.paid_back == pytest.approx(1.5, rel=1e-4)
    assert found.life == pytest.approx(1.5 + 2 / 3)
    assert (found.seen, found.is_short) == (5.0, 0.0)
    assert measures.judged(PLAIN, made([1e6, 0.4e6, 0.4e6, 0.4e6])).is_short == 1.0  # paid at 3.5, halved after 1.33
    assert measures.judged(PLAIN, made([0.1e6, 0.02e6])).paid_back == math.inf
    assert math.isnan(measures.judged(PLAIN, made([0.1e6, 0.2e6])).is_short)  # neither
    assert measures.judged(PLAIN, made([1e6, 1.2e6])).is_short == 0.0  # has paid, and still sells


def test_returns_within_a_life_by_hand():
    """50 and 100 M of profit in two months, over 100: -.5 after one, 0 after one and a half, .5 after two and later."""
    flows_ = (made([1e6, 2e6], even=[0.4e6, 0.4e6]),)
    within = [measures.returns(PLAIN, flows_, months)[0] for months in (1.0, 1.5, 2.0, 9.0, math.inf)]
    assert within == pytest.approx([-0.5, 0.0, 0.5, 0.5, 0.5], abs=1e-4)
    assert measures.returns(PLAIN, flows_, 2.0, even=True) == pytest.approx([-0.6], abs=1e-4)
    longer = (*flows_, made([0.0, 0.0, 4e6]))
    assert measures.returns(PLAIN, longer, 3.0) == pytest.approx([1.0], abs=1e-4)  # the first was not seen so long


def test_profit_is_discounted_from_the_middle_of_a_month():
    hurdled = at_point(PLAIN, {"earnings.hurdle_per_year": 0.15})
    found = measures.profit(hurdled, np.array([1e6, 1e6]))
    assert found == pytest.approx([50e6 * 1.15 ** (-0.5 / 12), 50e6 * 1.15 ** (-1.5 / 12)])


def test_the_table_by_hand():
    """Two models that pay (one of them closed), one that does not, and one that is open."""
    pays, closed = made([1e6, 2e6, 0.1e6]), made([20e6, 2e6, 2e6])._replace(open=False)
    found = FoundLives(PLAIN, ((pays, closed, made([1e6, 0.1e6, 0.1e6]), made([0.1e6, 0.2e6, 0.2e6])),) * 2)
    values = {it.name: it.values[0] for it in measures.quantities(found)}
    assert values["models looked at"] == 4.0
    assert values["of these, open whether they pay"] == 1.0
    assert values["short_lived"] == pytest.approx(2 / 3)  # the closed one needs 13 times as much
    assert (values["short_lived, closed models"], values["short_lived, open models"]) == (1.0, 0.5)
    assert values["median cost"] == pytest.approx(100.0, rel=1e-4)
    assert values["median life"] == pytest.approx(0.5 + 10 / 18)  # two of the four end then: a half
    # 50 and 100 over 100, 1000 over 1300, 50 over 100, and 5 over 100
    assert values["median return within a month"] == pytest.approx(-0.5, abs=1e-4)
    assert measures.control(found) == [0.0, 0.0]
    assert measures.control(FoundLives(PLAIN, ((made([0.0, 0.0]), pays),))) == [0.5]


def test_training_by_life_and_volume():
    """A hundred million over a trillion tokens a day: 3.29 USD a million in one month of 30.4 days, a 24th in 24."""
    table = measures.closed_form(FoundLives(PLAIN, ((made([1.0]),),)))
    cells = table.set_index(["life_months", "volume_t_per_day"])["usd_per_mtok"]
    assert cells[1, 1.0] == pytest.approx(100 / DAYS_PER_MONTH, rel=1e-4)
    assert cells[24, 10.0] == pytest.approx(100 / DAYS_PER_MONTH / 240, rel=1e-4)
    # without a hurdle the margin is as much; at 15 % a year two years are (1 − 1.15⁻²)/(ln 1.15/12) = 20.94 months
    assert table["margin_to_pay_usd_per_mtok"].tolist() == pytest.approx(table["usd_per_mtok"].tolist())
    dear = PLAIN.model_copy(update={"earnings": PLAIN.earnings.model_copy(update={"hurdle_per_year": 0.15})})
    paid = measures.closed_form(FoundLives(dear, ((made([1.0]),),))).set_index(["life_months", "volume_t_per_day"])
    assert paid["margin_to_pay_usd_per_mtok"][24, 10.0] == pytest.approx(100 / DAYS_PER_MONTH / 209.38, rel=1e-4)


def test_sizes_of_what_is_served():
    """Nothing served: Hoffmann's size and tokens; much served: smaller, longer, and cheaper in all."""
    none = measures.sizes(FoundLives(USUAL, ((made([1.0, 0.0])._replace(tokens=np.zeros(2)),),))).iloc[0]
    columns = ["served_t", "size_over_hoffmann", "tokens_over_hoffmann", "saved_share"]
    assert none[columns].tolist() == [0.0, 1.0, 1.0, 0.0]
    much = measures.sizes(FoundLives(USUAL, ((made([1.0, 0.0])._replace(tokens=np.array([1e13, 0.0])),),))).iloc[0]
    assert much["served_t"] == pytest.approx(1000.0)
    assert much["loss"] == pytest.approx(1.69 + 406.4 / 37e9**0.336 + 410.7 / 15e12**0.283)
    assert much["size_over_hoffmann"] < 0.5 < 2.0 < much["tokens_over_hoffmann"]
    assert 0.0 < much["saved_share"] < 1.0


def row(name, day, listed=True, retires=math.inf):
    return Model(name, "lab", "family", True, day, 37.0, 37.0, (0.5,) * 5, 1.0, 1000, 1.0 if listed else None,
                 1.0 if listed else None, retire_day=retires)


def test_flows_begin_with_the_release_and_are_whole_months():
    """Of 365 days: released on day 61, 304 days are left, 9 months and 30 days; it sells a token and two USD a day."""
    models = Models((row("old", -10.0), row("a", 61.0), row("late", 190.0), row("unlisted", 61.0, False),
                     row("unsold", 61.0)))
    days = np.arange(61, 365)
    wanted = pd.DataFrame({"day": np.concatenate([days, days]), "model": ["a"] * 304 + ["old"] * 304,
                           "tokens": np.repeat([1.0, 99.0], 304), "spend_usd": np.repeat([2.0, 6.0], 304)})
    assert set(wanted.columns) <= set(COLUMNS)
    (found,) = flows.flows_of(wanted, models, 365)
    assert found.name == "a"
    assert found.tokens == pytest.approx([DAYS_PER_MONTH] * 9)
    assert found.spend_usd == pytest.approx([2 * DAYS_PER_MONTH] * 9)
    # 8 USD a day on three models, from day 190 on on four: month 4.24 is when the late one comes
    assert found.even_usd[[0, 8]] == pytest.approx([8 / 3 * DAYS_PER_MONTH, 8 / 4 * DAYS_PER_MONTH])


def test_months_are_cut_within_days():
    assert flows.monthly(np.array([1.0, 2.0, 4.0]), np.array([0.5, 1.5, 3.0])) == pytest.approx([1.5, 5.0])


def test_worlds_built_so_and_opposite():
    for world, said in ((STUDY.built_so(), "supported"), (STUDY.opposite(), "contradicted")):
        assert decide(STUDY.rule, STUDY.statistics(world), STUDY.control(world)).said == said


def test_every_assumption_that_the_rule_meets_moves_a_statistic():
    world = FoundLives(USUAL, (tuple(made([scale, scale * 0.6, scale * 0.1, 0.0])._replace(open=scale < 4e4)
                                     for scale in (1e4, 2e4, 3e4, 2e5, 4e5)),))
    for factor in factors_in(USUAL):
        ends = [measures.statistics_at(world, {factor.path: value}) for value in (factor.low, factor.high)]
        if factor.path.startswith("scaling."):
            sizes_ = [measures.sizes(FoundLives(at_point(USUAL, {factor.path: value}), world.seeds))["saved_share"][1]
                      for value in (factor.low, factor.high)]
            assert sizes_[0] != sizes_[1]
        else:
            assert ends[0]["median_return"] != ends[1]["median_return"], factor.path


@pytest.mark.parametrize("name", [name for name in Scaling.model_fields if name != "dearer_serving"])
def test_every_constant_of_the_law_of_loss_moves_the_loss_or_the_best_size(name):
    flows_ = ((made([1.0, 0.0])._replace(tokens=np.array([1e13, 0.0])),),)
    other = at_point(USUAL, {f"scaling.{name}": 1.02 * getattr(USUAL.scaling, name)})
    first, second = (measures.sizes(FoundLives(it, flows_)).iloc[1] for it in (USUAL, other))
    assert first["loss"] != second["loss"]
    # the irreducible part is in the loss that is asked for, too: it moves no size
    assert (first["size_over_hoffmann"] == pytest.approx(second["size_over_hoffmann"])) == (name == "irreducible")


def test_the_speed_of_a_gpu_moves_the_cost():
    faster = at_point(USUAL, {"training.gpu_tflops": 2 * 989.0})
    assert measures.cost_usd(faster, made([1.0])) == pytest.approx(measures.cost_usd(USUAL, made([1.0])) / 2)


def test_designs_are_read_back():
    from experiments.scenarios import load_market
    from experiments.studies.model_lifetime.design import Lifetimes
    from sim.errors import ScenarioError

    scenario = load_market("openrouter-2026", [f"seed={STUDY.rule.seed}"])
    design = Lifetimes(scenario, USUAL)
    assert STUDY.read(scenario, json.loads(json.dumps(design.parameters()))) == design
    assert STUDY.look(design) == ""
    assert STUDY.look(Lifetimes(scenario, PLAIN)).startswith("assumptions are not the study's own: training.gpu_usd")
    assert STUDY.quick(design).design.replications == 2
    with pytest.raises(ScenarioError, match=r"horizon.days is 100, but must be more than 180"):
        Lifetimes(load_market("openrouter-2026", ["horizon.days=100"]), USUAL)
