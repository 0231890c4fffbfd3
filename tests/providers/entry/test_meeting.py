"""Prices and shares with one seller more, against the equilibrium of unequal sellers found another way."""

import numpy as np
import pytest

from providers.entry.meeting import Behind, Incumbents, meet
from providers.games.unequal import router_prices
from providers.pricing.sold_through import PriceRule, Rules


def incumbents(costs, answers=True, posted=None, most=1e6, bound=None):
    costs = np.array(costs, float)
    return Incumbents(costs, 1.3 * costs if posted is None else np.array(posted, float),
                      np.full(len(costs), answers, bool), np.full(len(costs), most),
                      np.zeros(len(costs)) if bound is None else np.array(bound, float))


@pytest.mark.parametrize("exponent", [2.0, 3.0, 8.0, 20.0])
@pytest.mark.parametrize("rivals", [2, 4, 26])
def test_unequal_sellers_meet_where_no_answer_was_computed(exponent, rivals):
    costs = np.exp(0.3 * np.random.default_rng(rivals).standard_normal(rivals + 1))
    met = meet(incumbents(costs[:-1]), costs[-1], Rules.single(exponent), 1e6)
    prices = router_prices(costs, exponent)
    assert met.prices[0] == pytest.approx(prices[-1], rel=1e-5)
    assert met.shares[0] == pytest.approx(prices[-1] ** -exponent / (prices**-exponent).sum(), rel=1e-4)


def test_against_prices_that_stand_still():
    """One rival keeps 1: at k = 4 the newcomer's 1.5 is what 4 / (1 + 1.5^4) ... says of itself."""
    met = meet(incumbents([0.5], answers=False, posted=[1.0]), 0.8, Rules.single(4.0), 10.0)
    price = met.prices[0]
    share = 1 / (1 + price**4)
    assert met.shares[0] == pytest.approx(share)
    assert price == pytest.approx(0.8 * 4 * (1 - share) / (4 * (1 - share) - 1), rel=1e-6)


def test_nobody_else_or_a_gentle_rule_leads_to_the_ceiling():
    nobody = incumbents([])
    assert meet(nobody, 0.3, Rules.single(2.0), 10.0).prices[0] == pytest.approx(3.0)
    assert meet(nobody, 0.3, Rules.single(2.0), 10.0).shares[0] == 1.0
    assert meet(incumbents([0.3]), 0.3, Rules.single(2.0), 10.0).prices[0] == pytest.approx(3.0, rel=1e-3)


def test_each_asks_at_most_what_its_own_strategy_does():
    """A rival at its ceiling of 4: p = e/(e - 1), e = 2x/(1 + x), x = (p/4)^2 give p^2 - 2p - 16 = 0, p = 1 + 17^.5."""
    met = meet(incumbents([0.3], most=4.0), 0.3, Rules.single(2.0), 10.0)
    assert met.prices[0] == pytest.approx(0.3 * (1 + 17**0.5), rel=1e-5)
    assert met.shares[0] == pytest.approx(1 / (1 + ((1 + 17**0.5) / 4) ** 2), rel=1e-5)


def test_who_holds_customers_asks_for_more():
    """Five alike at k = 8, one of whom holds as much as 2 % of what is loose: its price answers e = w 8 (1 - s),
    w = s / (s + .02) being what is loose of its own sales; the others' answer e = 8 (1 - s)."""
    met = meet(incumbents([1.0] * 4, bound=[0.02, 0.0, 0.0, 0.0]), 1.0, Rules.single(8.0), 10.0)
    price, share = met.prices[0], met.shares[0]
    e = 8 * (1 - share)
    assert price == pytest.approx(e / (e - 1), rel=1e-5)
    own = 1 - 4 * share
    e = 8 * (1 - own) * own / (own + 0.02)
    assert (price * (share / own) ** (1 / 8)) == pytest.approx(e / (e - 1), rel=1e-4)
    assert own < 0.19 < share


def test_half_of_sales_at_two_and_half_at_eight():
    """Five alike: e = .8 (.5 2 + .5 8) = 4, price over cost 4/3 (theory of the two rules)."""
    rules = Rules((PriceRule(0.5, 2.0), PriceRule(0.5, 8.0)))
    met = meet(incumbents([1.0] * 4), 1.0, rules, 10.0)
    assert met.prices[0] == pytest.approx(4 / 3, rel=1e-6)
    assert met.shares[0] == pytest.approx(0.2)


def test_those_behind_are_sellers_like_others():
    """With three more behind it a newcomer among two meets what it would as the last of six."""
    met = meet(incumbents([1.0, 1.2]), 0.9, Rules.single(3.0), 10.0, Behind(np.full(2, 1.1), [0, 3]))
    prices = router_prices([1.0, 1.2, 1.1, 1.1, 1.1, 0.9], 3.0)
    assert met.prices.shape == (2,)
    assert met.prices[1] == pytest.approx(prices[-1], rel=1e-5)
    assert met.prices_behind[1] == pytest.approx(prices[-2], rel=1e-5)
    assert met.shares[1] + 3 * met.shares_behind[1] < 1
