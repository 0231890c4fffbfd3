"""Pricing games: the market's strategies against closed forms, learners, and the facts of posted prices."""

import math

import numpy as np
import pytest

from providers.games import bertrand, calvano, entry, limited_capacity
from providers.games.posted_prices import Bench, PostedPrices, facts, rivals_lags_h
from providers.games.repeated import GameRules
from providers.pricing import PricingError
from providers.pricing.demand import best_price, nested_logit_share, router_share
from providers.pricing.sold_through import PriceRule, Rules
from sim.scenario.pricing_settings import PricingChoice

LOGIT = PricingChoice(kind="best_response_logit")  # Calvano's demand is the default
ROUTER = PricingChoice(kind="best_response_router")


def respond(choice, rules, sellers, ceiling=10.0, start=3.0):
    return bertrand.respond(choice, rules, [start] * sellers, ceiling)


@pytest.mark.analytical
@pytest.mark.parametrize(("sellers", "price"), [(2, 1.47293), (3, 1.37016)])
def test_logit_best_responses_reach_nash(sellers, price):
    """Calvano et al., AER 2020, baseline."""
    end = respond(LOGIT, GameRules(), sellers)
    assert end.prices == pytest.approx(price, abs=6e-6)
    assert bertrand.logit_nash(sellers, 1, 4, 2) == pytest.approx(price, abs=5e-6)
    assert not end.divergent


@pytest.mark.analytical
def test_the_joint_price_of_a_duopoly():
    assert bertrand.logit_joint(2, 1, 4, 2) == pytest.approx(1.92498, abs=5e-6)
    assert bertrand.logit_joint_searched(2, 1, 4, 2) == pytest.approx(1.92498, abs=5e-6)


@pytest.mark.analytical
@pytest.mark.parametrize("nest", [0.3, 0.6, 1.0])
def test_nested_logit_best_responses_reach_their_fixed_point(nest):
    end = respond(PricingChoice(kind="best_response_logit", nest=nest), GameRules(), 3)
    assert end.prices == pytest.approx(bertrand.logit_nash(3, 1, 4, 2, nest), abs=3e-6)


@pytest.mark.analytical
def test_unequal_rivals_meet_the_first_order_condition():
    rivals = np.array([1.2, 1.9])
    price = best_price(lambda p: (p - 1) * nested_logit_share(p, rivals, 4, 2), 1, 10)
    share = nested_logit_share(np.array([price]), rivals, 4, 2)[0]
    assert price == pytest.approx(1 + 1 / (4 * (1 - share)), rel=1e-7)


@pytest.mark.analytical
@pytest.mark.parametrize(("sellers", "exponent", "price"), [(3, 2, 4.0), (5, 2, 8 / 3), (10, 2, 2.25), (2, 12, 1.2),
                                                            (3, 9, 1.2)])
def test_router_best_responses_reach_the_closed_form(sellers, exponent, price):
    end = respond(ROUTER, GameRules(sold_through=Rules.single(exponent)), sellers, ceiling=1000)
    assert end.prices == pytest.approx(price, rel=3e-6)
    assert bertrand.router_nash(sellers, 1, exponent) == pytest.approx(price)
    assert not end.divergent


@pytest.mark.parametrize("exponent", [1.5, 2.0])
def test_two_sellers_under_the_default_router_have_no_equilibrium(exponent):
    end = respond(ROUTER, GameRules(sold_through=Rules.single(exponent)), 2, ceiling=1000)
    assert bertrand.router_nash(2, 1, exponent) == math.inf
    assert end.divergent
    assert end.prices.min() > 100


def test_customers_who_are_not_routed_invite_an_escape_above_a_ceiling():
    nash = bertrand.router_nash(5, 1, 2, routed=0.72)
    assert nash == pytest.approx(1.152 / 0.152)
    escape = bertrand.router_escape(5, 1, 2, 0.72)
    partly = GameRules(sold_through=Rules((PriceRule(0.72, 2.0), PriceRule(0.28))))
    stays = bertrand.respond(ROUTER, partly, [nash] * 5, 0.97 * escape)
    leaves = bertrand.respond(ROUTER, partly, [nash] * 5, 1.03 * escape)
    assert stays.prices == pytest.approx(nash, rel=3e-6)
    assert leaves.prices.max() == pytest.approx(1.03 * escape, rel=1e-5)


@pytest.mark.analytical
def test_router_shares_are_openrouters():
    shares = [router_share(np.array([own]), np.array(others), 2)[0] for own, others in
              ((1.0, (2.0, 3.0)), (2.0, (1.0, 3.0)), (3.0, (1.0, 2.0)))]
    assert shares == pytest.approx([0.7347, 0.1837, 0.0816], abs=5e-5)


@pytest.mark.parametrize("game", [limited_capacity.Edgeworth(),
                                  limited_capacity.Edgeworth(sellers=3, capacity=0.45, step=0.03)])
def test_undercutting_with_limited_capacity_is_a_saw_tooth(game):
    """Prices fall step by step from the ceiling to Edgeworth's lower price, and jump back."""
    lower = limited_capacity.lower_price(game)
    found = limited_capacity.cycle(limited_capacity.edgeworth_path(game))
    steps = math.log(game.ceiling / lower) / -math.log(1 - game.step)
    assert len(found.relents) > 20
    assert lower <= found.lowest <= lower / (1 - game.step)
    assert found.highest == pytest.approx(game.ceiling)
    assert steps - 1 <= found.period <= steps + game.sellers
    assert len(found.undercuts) > 0.8 * game.moves


@pytest.mark.parametrize(("each", "price"), [(1.2, 1.0), (0.4, 3.0)])
def test_no_cycle_where_capacity_is_ample_or_scarce(each, price):
    path = limited_capacity.edgeworth_path(limited_capacity.Edgeworth(capacity=each))
    assert len(limited_capacity.cycle(path).relents) == 0
    assert path[-1] == pytest.approx(price, rel=1e-5)


@pytest.mark.analytical
@pytest.mark.parametrize("sellers", [1, 2, 5])
def test_quantities_before_prices_are_cournots(sellers):
    each, price = limited_capacity.cournot(sellers, 10, 2, 1)
    chosen = limited_capacity.capacity_game(sellers, 10, 2, 1)
    assert chosen == pytest.approx(each, rel=1e-6)
    assert 10 - 2 * chosen.sum() == pytest.approx(price, rel=1e-6)
    assert limited_capacity.price_deviation_gain(chosen, 10, 2, 1) == pytest.approx(0, abs=1e-6)
    assert limited_capacity.price_deviation_gain(1.2 * chosen, 10, 2, 1) > 0.01


@pytest.mark.analytical
@pytest.mark.parametrize(("exponent", "fixed_cost"), [(2.0, 5.1), (3.0, 0.7), (1.5, 9.9)])
def test_entry_stops_where_profit_meets_fixed_cost(exponent, fixed_cost):
    found = entry.free_entry(lambda n: entry.router_profit(n, 100, 1, exponent), fixed_cost)
    assert found == math.floor(entry.router_entry(100, 1, exponent, fixed_cost))


def test_entry_without_cost_has_no_end():
    with pytest.raises(PricingError, match="fixed_cost is 0"):
        entry.free_entry(lambda n: entry.logit_profit(n, 1, 4, 2), 0, most=20)
    assert entry.free_entry(lambda n: entry.logit_profit(n, 1, 4, 2), 0.07) == 4


def test_q_learners_end_above_nash():
    """Four sessions of the baseline: the interval lies between competition and full collusion."""
    gain = calvano.profit_gain(calvano.Baseline(), sessions=4)
    assert gain.converged == 4
    assert 0.5 < gain.mean < 1.05
    assert gain.price > bertrand.logit_nash(2, 1, 4, 2)
    again = calvano.session(calvano.Baseline(), seed=1, number=0)
    assert again == calvano.session(calvano.Baseline(), seed=1, number=0)


def test_impatient_learners_collude_less():
    """The control: without a future there is nothing to punish, and the gain falls."""
    patient = calvano.profit_gain(calvano.Baseline(), sessions=4)
    impatient = calvano.profit_gain(calvano.Baseline(discount=0.0), sessions=4)
    assert impatient.mean < patient.mean - 0.2


@pytest.fixture(scope="module")
def bench():
    return Bench(PostedPrices(), PricingChoice(kind="menu_cost", anchor="list")).run()


def test_posted_prices_move_as_real_ones_do(bench):
    """Bands of the issue, around the figures of pluriholonomic/ai-routing (July 2026)."""
    seen = facts(bench)
    assert 0.02 <= seen.daily_hazard <= 0.04  # 0.028
    assert 0.20 <= seen.median_change <= 0.30  # 0.256
    assert seen.over_tenth >= 0.78  # 0.78
    assert 0.30 <= seen.ties <= 0.60  # 0.48
    assert 12 <= seen.follower_median_h <= 36  # 21
    assert 0.15 <= seen.same_model_cv <= 0.60  # 0.275; 0.15 to 0.6
    assert 1 <= seen.log_kurtosis <= 6  # between menu costs and Calvo
    assert seen.cuts_later < 0.5 < seen.cuts_first_month  # 0.39, 0.65
    assert seen.changes > 1000


def test_an_observer_sees_followers_after_about_a_day(bench):
    assert 12 <= np.median(rivals_lags_h(bench)) <= 48


def test_without_matching_the_cheapest_rarely_tie(bench):
    alone = Bench(PostedPrices(), PricingChoice(kind="menu_cost", anchor="list", match_share=0, follow_share=0)).run()
    assert facts(alone).ties < facts(bench).ties / 2


def test_one_sellers_strategy_leaves_the_reviews_of_others_alone():
    """Common random numbers: if nobody looks at rivals, others' changes are the same to the second."""
    blind = PricingChoice(kind="menu_cost", anchor="list", match_share=0, follow_share=0, pull=0)
    size = PostedPrices(models=5, days=200)
    plain = Bench(size, blind).run()
    other = Bench(size, blind)
    other.sellers[0][0].strategy = type(plain.sellers[0][0].strategy)(
        plain.sellers[0][0].strategy.parameters.model_copy(update={"reviews_per_day": 0.5}))
    other.run()

    def rest(done):
        return [change for change in done.changes if (change.model, change.host) != (0, 0)]

    assert rest(plain) == rest(other)
    assert len(other.changes) > len(plain.changes)
