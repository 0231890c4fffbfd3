"""Software that is dear to leave: shares, prices and churn against closed forms, for equal and for unequal firms."""

import math

import numpy as np
import pytest

from providers.games.unequal import logit_prices
from sim.errors import MarketError
from sim.market.downstream.software_demand import SoftwareTaste, choice_shares, equal_play
from sim.market.downstream.software_prices import SoftwareSales, alpha_of_margin, best_responses, software_prices


def test_shares_by_hand():
    """V = (ln 3, 0) and psi = ln 2: customers of the first weigh 3 and 1/2 against 1 (E140)."""
    shares = choice_shares(np.array([math.log(3.0), 0.0]), math.log(2.0))
    assert shares[0] == pytest.approx([3 / 4.5, 0.5 / 4.5])
    assert shares[1] == pytest.approx([1.5 / 3.5, 1 / 3.5])
    assert shares[2] == pytest.approx([3 / 5, 1 / 5])  # who has no firm pays nothing to come
    gone = choice_shares(np.array([-np.inf, 0.0]), 1.0)
    assert gone[:, 0].tolist() == [0.0, 0.0, 0.0]
    assert choice_shares(np.array([2000.0, 0.0]), 0.0)[2] == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize(("firms", "churn", "to_none"), [(5, 0.1, 0.5), (2, 0.3, 0.2), (8, 0.05, 0.8)])
def test_equal_firms_lose_what_they_are_said_to(firms, churn, to_none):
    """E142 put into E140: a of the customers leave, w of them for nothing."""
    play = equal_play(firms, churn, to_none)
    own = choice_shares(np.full(firms, play.utility), play.switching)[0]
    assert own[0] == pytest.approx(1 - churn)
    assert 1 - own.sum() == pytest.approx(churn * to_none)


def test_churn_that_no_switching_cost_gives_is_refused():
    assert equal_play(2, 2 / 3, 0.5).switching == pytest.approx(0.0)
    with pytest.raises(MarketError, match=r"churn is 0\.7 with 2 firms.*must be at most 0\.667"):
        equal_play(2, 0.7, 0.5)


@pytest.mark.parametrize(("costs", "xi"), [
    ([0.5, 0.5, 0.5], [2.0, 2.0, 2.0]), ([0.5, 0.3, 0.45], [2.0, 1.5, 2.2]), ([0.1, 0.9], [3.0, 5.0])])
def test_without_switching_costs_prices_are_those_of_logit(costs, xi):
    """Equal and unequal firms, against an algorithm that computes no best response (P6; P1 where all are equal)."""
    alpha = 5.0
    sales = SoftwareSales(np.array(costs), np.array(xi), np.arange(1.0, len(costs) + 2.0))
    prices = software_prices(sales, SoftwareTaste(alpha, 0.0, 0.0))
    assert prices == pytest.approx(logit_prices(costs, np.array(xi) / alpha, alpha), abs=1e-9)


def test_the_published_equilibrium_of_two():
    """Calvano et al.: a = 2, c = 1, mu = 1/4, so that alpha = 4 and xi = 8: a price of 1.47293."""
    sales = SoftwareSales(np.ones(2), np.full(2, 8.0), np.ones(3))
    assert software_prices(sales, SoftwareTaste(4.0, 0.0, 0.0)) == pytest.approx([1.47293, 1.47293], abs=5e-6)


def test_with_switching_costs_each_price_is_cost_and_a_margin_by_share():
    """P = c + 1 / (alpha (1 - s)) with s by hand, over markets at once; other prices would not be answers (E141)."""
    costs, looking = np.array([[0.3, 0.5], [0.5, 0.5]]), np.array([[2.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    taste = SoftwareTaste(np.array([4.0, 8.0]), 1.5, 0.0)
    sales = SoftwareSales(costs, np.full((2, 2), 3.0), looking)
    prices = software_prices(sales, taste)
    for market, alpha in enumerate((4.0, 8.0)):
        first, other = (3.0 - alpha * prices[market]).tolist()
        mine = math.exp(first) / (1 + math.exp(first) + math.exp(other - 1.5))
        theirs = math.exp(first - 1.5) / (1 + math.exp(first - 1.5) + math.exp(other))
        new = math.exp(first) / (1 + math.exp(first) + math.exp(other))
        share = (looking[market] @ [mine, theirs, new]) / looking[market].sum()
        assert prices[market, 0] == pytest.approx(costs[market, 0] + 1 / (alpha * (1 - share)), abs=1e-9)
    assert np.abs(best_responses(prices + 0.1, sales, taste) - prices - 0.1).max() > 0.05
    assert prices[1, 0] == pytest.approx(prices[1, 1])


def test_alpha_gives_the_margin_that_is_known():
    """s = (2 x .9 + 1 x .3) / 3 = .7, so that 1 / (.5 x .3) leaves .5 (E143)."""
    assert alpha_of_margin(0.5, np.array([2.0, 1.0]), np.array([0.9, 0.3])) == pytest.approx(1 / (0.5 * 0.3))


def test_prices_that_do_not_settle_are_told(monkeypatch):
    monkeypatch.setattr("sim.market.downstream.software_prices.ROUNDS", 1)
    with pytest.raises(MarketError, match="no prices of software were found"):
        software_prices(SoftwareSales(np.ones(2), np.ones(2), np.ones(3)), SoftwareTaste(4.0, 1.0, 0.0))
