"""What sellers are told of the ways in which customers come."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from experiments.runs.run_market import run_market, stage
from providers.firms.rule_mix import HELD, KEPT, PRIOR_REQUESTS, ModelDemand, RuleMix, mixed_rules
from providers.pricing.sold_through import PriceRule, Rules
from sim.engines.wanted import RULES
from worlds.fake_desk import model, models_of
from worlds.small_markets import small

DEFAULT = PriceRule(1.0, 2.0)
PLAN = np.array([0.7, 0.1, 0.0, 0.2])


def two_models(*listed: bool) -> Any:
    """Two sellers of alpha, listed or not, and one of beta."""
    return SimpleNamespace(models=models_of(model("alpha"), model("beta")), offer_model=np.array([0, 0, 1]),
                           board=SimpleNamespace(listed=np.array([*listed, True])))


def test_each_rule_has_its_exponent_and_those_without_a_part_are_left_out():
    mixed = mixed_rules(DEFAULT, (0.5, 0.2, 0.1, 0.2))
    assert mixed.rules == (PriceRule(0.5, 2.0), PriceRule(0.2, 100.0), PriceRule(0.1), PriceRule(0.2))
    assert mixed_rules(DEFAULT, (1.0, 0.0, 0.0, 0.0)) == Rules.single(2.0)
    # five sellers at one price: e = (1 - 1/5)(.5 * 2 + .2 * 100)
    assert mixed.elasticity(0.2) == pytest.approx(0.8 * 21.0)


def test_captives_make_the_ceiling_the_best_answer_to_those_who_answer_the_rule():
    """Rivals at e/(e - 1) = 2.67 of cost (k = 2, N = 5); 15 % of demand is spread evenly whatever the prices."""
    rules, rivals = mixed_rules(DEFAULT, (0.85, 0.0, 0.0, 0.15)), np.full(4, 1.6 / 0.6)
    prices = np.array([1.6 / 0.6, 10.0])
    earned = (prices - 1.0) * rules.share(prices, rivals)
    # at 2.67 a fifth of demand at 1.67; at ten .15/5 of captives and .85 * .01/(.01 + 4/2.67^2) of the others at nine
    assert earned[0] == pytest.approx(1 / 3)
    assert earned[1] == pytest.approx(9 * (0.03 + 0.85 * 0.01 / (0.01 + 4 * 0.140625)))
    assert 1.19 < earned[1] / earned[0] < 1.22


def test_what_was_sold_fades_and_the_plan_counts_as_so_many_requests():
    """Two models; of the second nothing is sold, so nobody is told anything about it."""
    told: list[ModelDemand] = []
    desk = two_models(True, True)
    mix = RuleMix(DEFAULT, PLAN, told.append)
    mix.see(np.array([[100, 0, 0, 0], [0, 0, 0, 300], [0, 0, 0, 0]]), desk)
    mix.see(np.array([[50, 500, 0, 0], [0, 0, 50, 0], [0, 0, 0, 0]]), desk)
    assert [one.model for one in told] == ["alpha", "alpha"]
    # 27/28 of the 100 and of the 300 are left, and of the 1,000 of the plan nobody knows who will hold them
    first, second, held = 100 * 27 / 28 + 50, 500, 300 * 27 / 28 + 50
    parts = np.array([first, second, 0, 0]) + 1000 * PLAN
    assert told[-1].rules.placed == pytest.approx(tuple(parts[parts > 0] / parts.sum()))
    assert told[-1].loose == pytest.approx(parts.sum() / (parts.sum() + held))
    assert told[-1].held == {1: pytest.approx(held / parts.sum())}
    assert (KEPT, PRIOR_REQUESTS) == (27 / 28, 1000)


def test_whom_a_seller_held_that_left_it_holds_no_more():
    told: list[ModelDemand] = []
    mix = RuleMix(DEFAULT, PLAN, told.append)
    mix.see(np.array([[100, 0, 0, 300], [100, 0, 0, 100], [0, 0, 0, 0]]), two_models(True, True))
    assert set(told[-1].held) == {0, 1}
    mix.see(np.array([[0, 0, 0, 0], [100, 0, 0, 400], [0, 0, 0, 0]]), two_models(False, True))
    assert set(told[-1].held) == {1}


def test_a_seller_answers_its_own_sales_not_its_rivals_captives():
    """All that is loose is by 1/p^2. With five at one price, who holds nothing has e = 2 (1 - 1/5); who holds as much
    again as its fifth of what is loose, half of that."""
    demand = ModelDemand("alpha", Rules.single(2.0), 0.5, {7: 0.2})
    others = [1.0] * 4
    assert demand.rules_of(3).elasticity_among(1.0, others) == pytest.approx(1.6)
    assert demand.rules_of(7).elasticity_among(1.0, others) == pytest.approx(0.8)
    # of what is loose and what it holds, 1.2 in all, it sells .4 at that price, and .2 at any
    assert demand.rules_of(7).share(np.array([1.0, 1e9]), np.array(others)) == pytest.approx([0.4 / 1.2, 0.2 / 1.2])


def test_a_market_tells_the_actual_mix_and_a_market_of_one_rule_tells_nothing_more():
    plain = stage(small())
    assert plain.tellers == ()
    assert plain.supply._sellers.knowledge.rules_of(0, None) == Rules.single(2.0)
    routing = {"floor_share": 0.2, "pinned_share": 0.4}
    staged = stage(small(customers={"routing": routing}))
    planned = staged.supply._sellers.knowledge.rules_of(0, None)
    assert [rule.exponent for rule in planned.rules] == [2.0, 100.0, 0.0]
    assert sum(planned.placed) == pytest.approx(1.0)


def test_after_a_day_each_model_that_sells_has_a_mix_of_its_own_among_what_its_sellers_see():
    market = small(customers={"routing": {"floor_share": 0.3, "pinned_share": 0.3}})
    staged = stage(market)
    result, _ = run_market(market)
    sold = np.zeros((len(result.models), len(RULES)))
    np.add.at(sold, result.offer_model, result.offer_days[0].by_rule)
    staged.market.board.listed[:] = result.listed_daily[0]
    desk: Any = SimpleNamespace(models=result.models, offer_model=result.offer_model, board=staged.market.board)
    staged.tellers[0].__self__.see(result.offer_days[0].by_rule, desk)  # type: ignore[attr-defined]
    knowledge = staged.supply._sellers.knowledge
    assert sold.any()
    for offer, of in enumerate(result.offer_model.tolist()):
        demand = knowledge.demand_of(offer)
        assert (demand.rules != knowledge.published) == bool(sold[of].any())
        assert 0 < demand.loose <= 1
        held = result.offer_days[0].by_rule[offer, HELD].sum() * bool(staged.market.board.listed[offer])
        assert (demand.held.get(offer, 0.0) > 0) == bool(held)
