"""The rules through which a seller sells: shares, elasticities and markups against hand-worked values."""

import math

import numpy as np
import pytest

from policies.openrouter_curve import DISTANCES, PREFERENCES
from providers.games.bertrand import respond, router_nash
from providers.games.repeated import GameRules
from providers.pricing.demand import best_price, router_share
from providers.pricing.sold_through import PriceRule, Rules, exponent_at
from sim.errors import MarketError
from sim.price_response import STEEPEST, DrawnCurve
from sim.scenario.pricing_settings import PricingChoice

HALVES = Rules((PriceRule(0.5, 2.0), PriceRule(0.5, 8.0)))
AUTUMN = DrawnCurve(DISTANCES, PREFERENCES, 0.08, 100.0)


def test_half_of_sales_at_two_and_half_at_eight():
    """Five sellers: e = (1 - 1/5)(2 + 8)/2 = 4, price 4/3 of cost; shares of demand need not add up to 1."""
    assert HALVES.elasticity(1 / 5) == pytest.approx(4.0)
    assert HALVES.markup(1 / 5) == pytest.approx(4 / 3)
    assert Rules((PriceRule(3.0, 2.0), PriceRule(3.0, 8.0))).elasticity(0.2) == pytest.approx(4.0)
    assert Rules.single(2.0).markup(1 / 3) == pytest.approx(router_nash(3, 1.0, 2.0))
    assert Rules.single(2.0).markup(1 / 2) == math.inf  # e = 1


def test_those_who_answer_both_rules_end_at_that_price():
    end = respond(PricingChoice(kind="best_response_router"), GameRules(sold_through=HALVES), [2.0] * 5, ceiling=50)
    assert end.settled
    assert end.prices == pytest.approx(4 / 3, rel=1e-5)


def test_shares_by_hand():
    """At 1 against 2: k = 2 gives 4/5, k = 8 gives 256/257, a rule that does not look gives 1/2."""
    own, rivals = np.array([1.0]), np.array([2.0])
    assert HALVES.share(own, rivals)[0] == pytest.approx((4 / 5 + 256 / 257) / 2)
    pinned = Rules((PriceRule(0.9, 2.0), PriceRule(0.1)))
    assert pinned.share(own, rivals)[0] == pytest.approx(0.9 * 4 / 5 + 0.1 / 2)
    assert pinned.share(own, np.array([]))[0] == pytest.approx(1.0)
    assert Rules((PriceRule(1.0, STEEPEST.exponent),)).share(own, np.array([1.1]))[0] > 0.9999


def test_a_rule_that_looks_at_no_price_is_the_limit_of_those_that_hardly_do():
    own, rivals = np.array([0.5, 1.0, 3.0]), np.array([2.0, 1.0, 7.0])
    assert router_share(own, rivals, 0.0) == pytest.approx(router_share(own, rivals, 1e-9))
    assert (router_share(own, rivals, 0.0) == 1 / 4).all()


def test_prices_that_are_tried_are_a_geometric_sequence_to_the_bit():
    tried = []
    best_price(lambda prices: (tried.append(prices.copy()), -(np.log(prices / 1.7) ** 2))[1], 0.3, 40.0)
    assert len(tried) > 3
    for prices in tried:
        assert (prices == np.geomspace(prices[0], prices[-1], len(prices))).all()


def test_a_rule_counts_by_what_is_sold_through_it():
    """At 1 against 2: e = (4/5 k(1 - 4/5) + 1/2 0)/(4/5 + 1/2), k = 2, half of demand not looking."""
    half = Rules((PriceRule(0.5, 2.0), PriceRule(0.5)))
    assert half.elasticity_among(1.0, [2.0]) == pytest.approx(0.8 * 2 * 0.2 / 1.3)
    assert HALVES.elasticity_among(1.7, [1.7] * 4) == pytest.approx(HALVES.elasticity(1 / 5))
    assert HALVES.elasticity_among(1.0, []) == 0.0


def test_an_elasticity_is_the_slope_of_the_share():
    rules = Rules((PriceRule(0.6, 2.0), PriceRule(0.1, 20.0), PriceRule(0.3, curve=AUTUMN)))
    around = 1.03 * np.exp([-1e-5, 1e-5])
    low, high = np.log(rules.share(around, np.array([1.0, 1.1, 1.4]), 0.01))
    assert rules.elasticity_among(1.03, [1.0, 1.1, 1.4], 0.01) == pytest.approx((low - high) / 2e-5, rel=1e-4)


def test_the_published_shares_of_the_curve():
    """OpenRouter's five endpoints: adjusted price and tokens a second to the published shares, within a point."""
    prices, speeds = [0.98, 1.32, 0.84, 1.54, 2.06], [92, 125, 59, 77, 83]
    costs = [price + 100 / speed for price, speed in zip(prices, speeds, strict=True)]
    rule = Rules((PriceRule(1.0, curve=AUTUMN),))  # all of the cost as the price: sellers take rivals to be as fast
    shares = [rule.share(np.array([cost]), np.array(costs[:i] + costs[i + 1:]))[0] for i, cost in enumerate(costs)]
    assert 100 * np.array(shares) == pytest.approx([35, 34, 22, 7, 2], abs=1.0)


def test_the_exponent_of_the_curve_by_hand():
    """Its first corner is .905 at .07: slope 1.3571; 8 % do not look; a second a token at 100 halves it."""
    rule = PriceRule(1.0, curve=AUTUMN)
    assert exponent_at(rule, 1.0) == pytest.approx(0.92 * 0.095 / 0.07)
    assert exponent_at(rule, 100.0, 1.0) == pytest.approx(0.92 * 0.095 / 0.07 / 2)
    assert Rules((rule,)).elasticity_among(1.0, [1.0] * 3) == pytest.approx(Rules((rule,)).elasticity(1 / 4), rel=1e-4)


@pytest.mark.parametrize(("rules", "said"), [
    ((PriceRule(-0.1, 2.0),), "share of a price rule is -0.1"), ((PriceRule(1.0, -2.0),), "exponent of a price rule"),
    ((PriceRule(0.0, 2.0),), "no price rule has a share"), ((), "no price rule has a share"),
    ((PriceRule(math.nan, 2.0),), "share of a price rule is nan")])
def test_what_is_no_rule_is_refused(rules, said):
    with pytest.raises(MarketError, match=said):
        Rules(rules)
