"""Captives and shoppers: Varian's mixed prices, and no price that pays more against rivals who post them."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from providers.games.captive_customers import Captives, dispersion, lowest_price, price_at, profit, share_below
from providers.pricing import PricingError, Situation, bind
from sim.market.prices import prices_of_usd
from sim.scenario.pricing_settings import PricingChoice

MARKET = Captives(sellers=3, cost=1.0, ceiling=4.0, pinned=0.3, shopping=0.7)
MICRO = 1_000_000  # pico-dollars a token of 1 USD per million tokens


@pytest.mark.analytical
def test_a_duopoly_by_hand():
    """Half of demand is pinned, cost 0, ceiling 1: lowest price .5/(.5 + 2 x .5) = 1/3, median .5/(.5 + .5) = 1/2."""
    duopoly = Captives(sellers=2, cost=0.0, ceiling=1.0, pinned=0.5, shopping=0.5)
    assert lowest_price(duopoly) == pytest.approx(1 / 3)
    assert price_at(duopoly, np.array([0.5, 1.0])) == pytest.approx([0.5, 1.0])
    assert share_below(duopoly, np.array([0.2, 0.5, 1.0])) == pytest.approx([0.0, 0.5, 1.0])
    assert profit(duopoly) == 0.25


@pytest.mark.analytical
@pytest.mark.parametrize("sellers", [2, 3, 10])
def test_every_price_of_the_mix_earns_the_same_and_no_other_more(sellers):
    market = MARKET._replace(sellers=sellers)
    inside = price_at(market, np.linspace(0.0, 1.0, 51))
    outside = np.array([1.0, 0.99 * lowest_price(market)])
    prices = np.concatenate([inside, outside])
    # a share below raised to the number of rivals: nobody is cheaper (there are no ties)
    shoppers = market.shopping * (1 - share_below(market, prices)) ** (sellers - 1)
    earned = (prices - market.cost) * (market.pinned / sellers + shoppers)
    assert earned[:51] == pytest.approx(profit(market))
    assert (earned[51:] < profit(market)).all()


def test_the_strategy_draws_from_it():
    """Kolmogorov and Smirnov at one in a thousand; the grid is fine enough to hide no step."""
    seller = bind(PricingChoice(kind="captives_and_shoppers", pinned=0.3, markup=4.0, grid_usd=0.000001))
    rival = prices_of_usd(2.0, 2.0)
    now = Situation(now_s=0, hour=0, launched_s=0, own=rival, rivals=(rival, rival), rivals_changed_s=(0, 0),
                    unit_cost_usd_per_mtok=1.0)
    rng = np.random.default_rng(5)
    drawn = np.array([seller.review(now, rng).blended() for _ in range(4000)]) / MICRO
    assert stats.kstest(drawn, lambda prices: share_below(MARKET, prices)).pvalue > 0.001
    listed = dataclasses.replace(now, list_price=prices_of_usd(3.0, 3.0), rivals=(), rivals_changed_s=())
    assert seller.review(listed, rng).blended() == pytest.approx(3 * MICRO)  # alone: all that captives pay
    dear = dataclasses.replace(listed, list_price=prices_of_usd(9.0, 9.0))
    assert seller.review(dear, rng).blended() == pytest.approx(4 * MICRO)  # they would serve themselves at 4


def test_two_sellers_disperse_as_the_closed_form_says():
    """The margin's share has mean g/(2f) ln(1 + 2f/g), its square g/(g + 2f): g = .3, f = .7, cost 1, ceiling 4."""
    found = dispersion(Captives(sellers=2, cost=1.0, ceiling=4.0, pinned=0.3, shopping=0.7))
    share = 0.3 / 1.4 * np.log(1 + 1.4 / 0.3)
    assert found.mean == pytest.approx(1 + 3 * share, rel=1e-6)
    assert found.mean == pytest.approx(2.115, abs=1e-3)
    assert found.variation == pytest.approx(3 * (0.3 / 1.7 - share**2) ** 0.5 / found.mean, rel=1e-5)
    many = dispersion(Captives(sellers=10, cost=1.0, ceiling=4.0, pinned=0.3, shopping=0.7))
    assert many.variation > found.variation  # most go for captives, few for shoppers


@pytest.mark.parametrize(("change", "sentence"), [
    ({"sellers": 1}, "sellers is 1; captives and shoppers need at least 2"),
    ({"ceiling": 1.0}, "ceiling is 1; it must be above cost, 1"),
    ({"pinned": 0.0}, "pinned is 0; it must be above 0"),
])
def test_a_market_without_a_mix_is_refused(change, sentence):
    with pytest.raises(PricingError, match=f"^{sentence}$"):
        lowest_price(MARKET._replace(**change))
