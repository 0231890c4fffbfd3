"""Sellers who are told the rules end at the equilibrium; those who learn them, near it after two years."""

from dataclasses import replace

import numpy as np
import pytest

from providers.games.bertrand import router_nash
from providers.pricing import bind
from providers.pricing.residual_demand import Belief, ResidualDemand
from providers.pricing.sold_through import Rules
from sim.market.prices import prices_of_usd
from sim.scenario.pricing_settings import PricingChoice
from worlds.price_season import FINE, USD, Season, prices, situation

PRIOR = Belief(2.0, 0.5)


def off_theory(season, seeds, **parameters):
    """Mean over seeds of the logarithm of the last two months' prices, less that of the equilibrium (P3)."""
    found = [np.log(prices(season, seed, **parameters)[-60:]).mean() for seed in range(seeds)]
    return float(np.mean(found) - np.log(router_nash(season.sellers, 1.0, season.exponent)))


@pytest.mark.parametrize(("sellers", "exponent"), [(3, 2.0), (5, 2.0), (10, 2.0), (5, 4.0)])
def test_told_they_charge_the_equilibrium(sellers, exponent):
    """Within 1 %; nobody tries a price, which would move it by 10 %."""
    assert abs(off_theory(Season(sellers, exponent), 2, trial_share=0.0)) < 0.01


@pytest.mark.parametrize(("sellers", "published"), [(3, 2.0), (10, 2.0), (5, 4.0)])
def test_after_two_years_those_who_learn_charge_nearly_the_same(sellers, published):
    """Within 5 %, also where the rule that is published is not the one that holds; one season differs by some 7 %."""
    assert abs(off_theory(Season(sellers, 2.0, published), 40)) < 0.05


def test_two_months_are_too_short_a_memory():
    """To be unsure of the exponent is to charge more."""
    short = off_theory(Season(10, 2.0, 2.0, memory_days=60), 8)
    assert short > 0.05
    assert short > off_theory(Season(10, 2.0, 2.0), 8)


def watched(days, listed=None):
    """Two sellers, the first one's prices and shares day by day; the price moved before the day if it is another."""
    seen = ResidualDemand(np.zeros(2, np.int64), 30)
    for day, (share, usd) in enumerate(days):
        on_sale = np.array([True, True]) if listed is None else np.array(listed[day])
        seen.look(np.array([share, 1.0 - share]) * 1e6, np.array([prices_of_usd(usd, usd), prices_of_usd(1.0, 1.0)]),
                  on_sale)
    return seen


def test_a_belief_by_hand():
    """Odds 1, then 1/2 at a price 25 % up: slope ln 2 / ln 1.25 = 3.106. On quiet days log odds moved by .1 and .05.

    The first look and the day of the move do not count. Noise (.01 + .0025)/2, precision ln(1.25)^2/.00625 = 7.967;
    prior 2 of precision 4.
    """
    odds = [1.0, 1.0, 9.9, 0.5, 0.5 * np.exp(0.1), 0.5 * np.exp(0.15)]
    seen = watched([(o / (1 + o), usd) for o, usd in zip(odds, [1.0, 1.0, 1.25, 1.25, 1.25, 1.25], strict=True)])
    precision = np.log(1.25) ** 2 / 0.00625
    assert precision == pytest.approx(7.967, abs=1e-3)
    belief = seen.belief(0, PRIOR)
    assert belief.mean == pytest.approx((4 * 2 + precision * np.log(2) / np.log(1.25)) / (4 + precision))
    assert belief.sd == pytest.approx((4 + precision) ** -0.5)
    assert seen.belief(1, PRIOR).mean == pytest.approx(belief.mean)  # the rival saw the same from the other side


def test_who_saw_no_move_believes_what_is_published():
    assert watched([(0.5, 1.0), (0.4, 1.0), (0.5, 1.0)]).belief(0, PRIOR) == PRIOR
    assert watched([(0.5, 1.0), (0.5, 1.0)]).belief(0, PRIOR) == PRIOR


def test_days_are_not_compared_over_an_entry():
    """The rival is away on the third day: what share it had taken says nothing about prices."""
    days = [(0.5, 1.0), (0.5, 1.0), (1.0, 1.0), (1.0, 1.25), (0.6, 1.25), (0.6, 1.25)]
    listed = [[True, True], [True, True], [True, False], [True, False], [True, True], [True, True]]
    assert watched(days, listed).belief(0, PRIOR) == PRIOR
    assert watched(days).belief(0, PRIOR) != PRIOR


def test_what_is_older_than_its_memory_is_forgotten():
    seen = watched([(0.5, 1.0), (0.5, 1.0), (0.4, 1.25), (0.4, 1.25)] + [(0.4, 1.25)] * 25)
    assert seen.belief(0, PRIOR) != PRIOR
    for _ in range(5):
        seen.look(np.array([4e5, 6e5]), np.array([prices_of_usd(1.25, 1.25), prices_of_usd(1.0, 1.0)]),
                  np.ones(2, bool))
    assert seen.belief(0, PRIOR) == PRIOR


def answer(**changes):
    seller = bind(PricingChoice(kind="belief_response", trial_share=0.0, **FINE))
    sold = np.full(5, 1000.0)
    now = replace(situation(1, 0, [prices_of_usd(2.5, 2.5)] * 5, sold, Rules.single(5.0), None), **changes)
    return seller.review(now, np.random.default_rng(1)).blended() / USD


def test_a_seller_answers_what_it_knows_within_its_step():
    """Five sellers at 2.5, cost 1: p = e/(e - 1) with e = k (1 - s) at p. What was learned counts before the rules."""
    for best, exponent in ((answer(), 5.0), (answer(belief=Belief(2.0, 0.0)), 2.0)):
        odds = (best / 2.5) ** -exponent / 4
        elasticity = exponent / (1 + odds)
        assert best == pytest.approx(elasticity / (elasticity - 1), rel=0.01)  # prices are tried half a percent apart
    assert answer(belief=Belief(2.0, 1.0)) > answer(belief=Belief(2.0, 0.0))  # to be unsure is to charge more
    assert answer(unit_cost_usd_per_mtok=0.1) == pytest.approx(1.5)  # 40 % down


def test_a_seller_that_is_full_does_not_cut():
    """Sales above its capacity are none."""
    assert answer(capacity_tokens_per_day=1e8) == pytest.approx(2.5, abs=0.02)


def test_a_trial_is_a_tenth_up_or_down():
    seller = bind(PricingChoice(kind="belief_response", trial_share=1.0, **FINE))
    now = situation(1, 0, [prices_of_usd(2.5, 2.5)] * 2, np.full(2, 1e3), Rules.single(2.0), None)
    rng = np.random.default_rng(3)
    tried = {round(seller.review(now, rng).blended() / USD, 3) for _ in range(20)}
    assert tried == {2.75, 2.25}
    assert seller.review(replace(now, rivals=(), rivals_changed_s=()), rng) is None


def test_a_day_on_which_the_price_moved_half_a_percent_does_not_count():
    """At which price it sold is then unknown: a share that answers a day late would look as if it did not answer."""
    moving = [(0.5 - 0.01 * day, 1.0 + 0.005 * day) for day in range(10)]
    assert watched(moving).belief(0, PRIOR) == PRIOR
    held = [pair for pair in moving for _ in range(2)]
    assert watched(held).belief(0, PRIOR).mean > 2.0
