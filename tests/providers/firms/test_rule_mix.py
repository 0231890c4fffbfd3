"""What sellers are told of the ways in which customers come."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from experiments.runs.run_market import run_market, stage
from providers.firms.rule_mix import KEPT, PRIOR_REQUESTS, RuleMix, mixed_rules
from providers.pricing.sold_through import PriceRule, Rules
from sim.engines.wanted import RULES
from worlds.fake_desk import model, models_of
from worlds.small_markets import small

DEFAULT = PriceRule(1.0, 2.0)


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
    told: list[tuple[Rules, str]] = []
    desk: Any = SimpleNamespace(models=models_of(model("alpha"), model("beta")), offer_model=np.array([0, 0, 1]))
    plan = np.array([0.7, 0.1, 0.0, 0.2])
    mix = RuleMix(DEFAULT, plan, lambda rules, name: told.append((rules, name)))
    mix.see(np.array([[100, 0, 0, 0], [0, 0, 0, 300], [0, 0, 0, 0]]), desk)
    mix.see(np.array([[50, 500, 0, 0], [0, 0, 50, 0], [0, 0, 0, 0]]), desk)
    assert [name for _, name in told] == ["alpha", "alpha"]
    counts = KEPT * np.array([100, 0, 0, 300]) + [50, 500, 50, 0]
    parts = (counts + PRIOR_REQUESTS * plan) / (counts.sum() + PRIOR_REQUESTS)
    assert told[-1][0].placed == pytest.approx(tuple(parts))
    assert len(told[0][0].rules) == 3  # nobody went to the fastest yet


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
    desk: Any = SimpleNamespace(models=result.models, offer_model=result.offer_model)
    staged.tellers[0].__self__.see(result.offer_days[0].by_rule, desk)  # type: ignore[attr-defined]
    knowledge = staged.supply._sellers.knowledge
    assert sold.any()
    for offer, of in enumerate(result.offer_model.tolist()):
        rules = knowledge.rules_of(offer, None)
        assert (rules != knowledge.published) == bool(sold[of].any())
        assert sum(rules.placed) == pytest.approx(1.0)
