"""Sellers of unequal costs, qualities and capacities: every equilibrium beside a fixed point that scipy finds."""

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from providers.games import bertrand, calvano, entry, limited_capacity, unequal
from providers.games.repeated import GameRules, play
from providers.pricing import PricingError, bind
from providers.pricing.situation import Situation
from providers.pricing.sold_through import Rules
from sim.market.prices import prices_of_usd
from sim.scenario.pricing_settings import PricingChoice
from sim.units import PICO_PER_USD_PER_MTOK

SELLERS = [  # costs, and what each offer is worth more than a plain one
    ((1.0, 1.3), (0.0, 0.0)),
    ((0.6, 1.1), (0.0, 0.5)),
    ((1.0, 0.7, 1.6), (0.2, -0.1, 0.3)),
    ((0.9, 1.0, 1.4, 1.1), (0.0, 0.3, 0.9, -0.2)),
    ((0.5, 1.0, 1.2, 2.0, 0.9), (0.0, 0.3, 0.1, 0.8, -0.2)),
]


def fixed_point(profit, costs, highest):
    """Where best replies, each found by scipy, stand still; ``profit(i, prices)`` is seller i's."""
    prices = 1.5 * np.array(costs)

    def loss(own, i):
        return -profit(i, np.where(np.arange(len(costs)) == i, own, prices))

    for _ in range(200):
        before = prices.copy()
        for i, cost in enumerate(costs):
            prices[i] = minimize_scalar(loss, bounds=(cost, highest), args=(i,), method="bounded",
                                        options={"xatol": 1e-12}).x
        if (np.abs(prices - before) < 3e-8 * prices).all():  # a flat optimum is found no closer
            return prices
    raise AssertionError("best replies do not stand still")


def logit_profit(costs, better, nest=1.0, alpha=4.0, value=2.0):
    """Train 2009, chapter 4: the share of the nest times the share within it."""
    def profit(i, prices):
        attractions = np.exp(alpha * (value + np.array(better) - prices) / nest)
        inside = attractions.sum() ** nest
        return (prices[i] - costs[i]) * attractions[i] / attractions.sum() * inside / (1 + inside)

    return profit


@pytest.mark.analytical
@pytest.mark.parametrize(("costs", "better", "nest"), [*((*sellers, 1.0) for sellers in SELLERS),
                                                       (*SELLERS[2], 0.5), (*SELLERS[4], 0.7)])
def test_logit_best_responses_of_unequal_sellers_reach_nash(costs, better, nest):
    expected = fixed_point(logit_profit(costs, better, nest), costs, highest=6.0)
    choice = PricingChoice(kind="best_response_logit", nest=nest)
    end = bertrand.respond(choice, GameRules(cost=costs, quality=better), [3.0] * len(costs), ceiling=12)
    assert end.prices == pytest.approx(expected, rel=2e-6)
    assert not end.divergent
    known = unequal.logit_prices(costs, [2 + more for more in better], 4, nest)
    assert known == pytest.approx(expected, rel=2e-7)


@pytest.mark.analytical
@pytest.mark.parametrize(("costs", "exponent"), [((1.0, 1.3), 4.0), ((1.0, 0.7, 1.6), 2.0), ((0.9, 1.0, 1.4, 1.1), 2.5),
                                                 ((0.5, 1.0, 1.2, 2.0, 0.9), 9.0)])
def test_router_best_responses_of_unequal_sellers_reach_their_equilibrium(costs, exponent):
    def profit(i, prices):
        return (prices[i] - costs[i]) * prices[i] ** -exponent / (prices**-exponent).sum()

    expected = fixed_point(profit, costs, highest=30.0)
    rules = GameRules(cost=costs, sold_through=Rules.single(exponent))
    end = bertrand.respond(PricingChoice(kind="best_response_router"), rules, [3.0] * len(costs), ceiling=1000)
    assert end.prices == pytest.approx(expected, rel=5e-6)
    assert unequal.router_prices(costs, exponent) == pytest.approx(expected, rel=1e-6)


def test_two_unequal_sellers_under_the_default_router_have_no_equilibrium():
    rules = GameRules(cost=(1.0, 1.4))
    end = bertrand.respond(PricingChoice(kind="best_response_router"), rules, [3.0] * 2, ceiling=1000)
    assert end.divergent
    assert np.isinf(unequal.router_prices((1.0, 1.4), 2.0)).all()


@pytest.mark.analytical
@pytest.mark.parametrize(("costs", "better"), SELLERS[:3])
def test_one_owner_of_unequal_offers_takes_the_same_margin_on_each(costs, better):
    def loss(prices):
        return -sum(logit_profit(costs, better)(i, prices) for i in range(len(costs)))

    start = np.array(costs) + 0.8
    found = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-14, "maxiter": 4000}).x
    assert unequal.logit_joint_prices(costs, [2 + more for more in better], 4) == pytest.approx(found, abs=2e-6)


def test_equal_sellers_are_those_of_the_symmetric_closed_forms():
    nested = unequal.logit_prices([1, 1, 1], [2, 2, 2], 4, 0.6)
    assert nested == pytest.approx(bertrand.logit_nash(3, 1, 4, 2, 0.6), rel=1e-9)
    assert unequal.logit_prices([1.0], [2.0], 4) == pytest.approx(bertrand.logit_nash(1, 1, 4, 2), rel=1e-9)
    assert unequal.logit_joint_prices([1, 1], [2, 2], 4) == pytest.approx(bertrand.logit_joint(2, 1, 4, 2), rel=1e-9)
    assert unequal.router_prices([1, 1, 1], 2) == pytest.approx(bertrand.router_nash(3, 1, 2), rel=1e-9)


@pytest.mark.parametrize("cost", [0.05, 0.4, 3.0])
def test_in_a_market_demand_is_in_dollars_whatever_the_cost(cost):
    """The first-order condition in USD per million tokens, for a seller of any cost before the same rivals."""
    rivals = (prices_of_usd(0.9, 0.9), prices_of_usd(1.7, 1.7))
    seller = bind(PricingChoice(kind="best_response_logit", alpha=2.0, value=1.5, ceiling_markup=100, grid_usd=0.001))
    now = Situation(now_s=0, hour=0, launched_s=0, own=prices_of_usd(1.0, 1.0), rivals=rivals,
                    rivals_changed_s=(0.0, 0.0), unit_cost_usd_per_mtok=cost)
    price = seller.review(now, np.random.default_rng(1)).blended() / PICO_PER_USD_PER_MTOK
    attractions = np.exp(2.0 * (1.5 - np.array([price, 0.9, 1.7])))
    share = attractions[0] / (1 + attractions.sum())
    assert price == pytest.approx(cost + 1 / (2.0 * (1 - share)), abs=0.002)


@pytest.mark.parametrize("game", [
    limited_capacity.Edgeworth(capacity=(0.7, 0.5)),
    limited_capacity.Edgeworth(cost=(1.0, 1.4)),
    limited_capacity.Edgeworth(cost=(1.4, 1.0), capacity=(0.6, 0.8)),
    limited_capacity.Edgeworth(sellers=3, capacity=(0.5, 0.4, 0.45), cost=(1.0, 1.2, 0.8)),
    limited_capacity.Edgeworth(sellers=4, capacity=(0.3, 0.4, 0.2, 0.35), cost=(1.0, 1.2, 0.8, 0.9)),
])
def test_undercutting_of_unequal_sellers_ends_where_the_last_but_one_gives_up(game):
    lower = limited_capacity.lower_price(game)
    found = limited_capacity.cycle(limited_capacity.edgeworth_path(game))
    assert len(found.relents) > 20
    assert lower * (1 - game.step) <= found.lowest <= lower / (1 - game.step)
    assert found.highest == pytest.approx(game.ceiling)


@pytest.mark.parametrize(("capacity", "sold"), [((0.3, 0.6), (0.3, 0.6)), ((0.3, 0.9), (0.3, 0.7)),
                                                ((0.8, 0.9), (0.5, 0.5))])
def test_what_a_small_seller_cannot_serve_goes_to_those_that_tie_with_it(capacity, sold):
    assert limited_capacity.sales(np.array([2.0, 2.0]), 1.0, capacity, 3.0) == pytest.approx(sold)


@pytest.mark.analytical
@pytest.mark.parametrize("costs", [(1.0, 2.0), (1.0, 2.0, 0.5), (0.4, 1.0, 1.3, 2.0, 0.8)])
def test_quantities_of_unequal_sellers_before_prices_are_cournots(costs):
    chosen = limited_capacity.capacity_game(len(costs), 10, 2, costs)
    expected = limited_capacity.cournot_capacities(costs, 10, 2)
    assert chosen == pytest.approx(expected, rel=1e-6)
    # the first-order condition of each: price less cost is slope times quantity
    assert 10 - 2 * expected.sum() - np.array(costs) == pytest.approx(2 * expected)
    assert limited_capacity.price_deviation_gain(chosen, 10, 2, costs) == pytest.approx(0, abs=1e-6)
    assert limited_capacity.price_deviation_gain(1.2 * chosen, 10, 2, costs) > 0.01


def test_of_unequal_sellers_the_cheapest_enter():
    """Each that enters earns its fixed cost at the prices of scipy's fixed point, and the next one would not."""
    costs = [0.8 + 0.15 * i for i in range(9)]

    def profit(i, prices):
        return (prices[i] - costs[i]) * prices[i] ** -4.0 / (prices**-4.0).sum()

    def least(sellers):
        prices = unequal.router_prices(costs[:sellers], 4.0)
        return 100 * min(profit(i, prices) for i in range(sellers)) if np.isfinite(prices).all() else np.inf

    entered = entry.free_entry(least, fixed_cost=3.0, most=9)
    earned = []
    for sellers in (entered, entered + 1):
        prices = fixed_point(profit, costs[:sellers], highest=20.0)
        earned.append(100 * min(profit(i, prices) for i in range(sellers)))
    assert earned[0] >= 3.0 > earned[1]


def test_unequal_learners_end_above_their_nash_too():
    """Calvano et al. try costs of 1 and 0.875: the gain is little less than that of equals."""
    baseline = calvano.Baseline(cost=(1.0, 0.875))
    gain = calvano.profit_gain(baseline, sessions=4)
    assert gain.converged == 4
    assert 0.5 < gain.mean < 1.05
    assert gain.price > unequal.logit_prices((1.0, 0.875), (2.0, 2.0), 4).mean()
    mirrored = calvano._profits(np.array([[1.5, 1.9], [1.4, 1.8]]), calvano.Baseline(cost=(1.0, 0.9), value=(2.0, 2.3)))
    expected = logit_profit((1.0, 0.9), (0.0, 0.3))
    for i, own in enumerate((1.5, 1.9)):
        for j, rival in enumerate((1.4, 1.8)):
            pair = np.array([own, rival])
            assert mirrored[0, i, j] == pytest.approx(expected(0, pair))
            assert mirrored[1, j, i] == pytest.approx(expected(1, pair))


@pytest.mark.parametrize(("rules", "name"), [
    (GameRules(cost=(1.0, 1.2, 1.3)), "cost"), (GameRules(quality=(0.1,)), "quality"),
    (GameRules(capacity=(1.0, 2.0, 3.0)), "capacity")])
def test_a_value_for_another_number_of_sellers_is_refused(rules, name):
    with pytest.raises(PricingError, match=f"{name} has . values, but there are 2 sellers"):
        play([bind(PricingChoice(kind="constant"))] * 2, rules, [2.0, 2.0], 1)
