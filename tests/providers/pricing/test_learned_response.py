"""Sellers who learn their residual demand end where those end who are told it."""

import numpy as np
import pytest

from providers.games.bertrand import router_nash
from providers.pricing import Situation, bind
from providers.pricing.sold_through import Rules
from sim.market.prices import prices_of_usd
from sim.scenario.pricing_settings import PricingChoice
from sim.units import DAY_S

YEARS_2 = 730
USD = 1_000_000


def season(sellers, exponent, published, days=YEARS_2, requests=20_000, seed=1, **parameters):
    """Blended prices at the end of each day, float64 (days, sellers), USD; a request is a draw of the router's rule."""
    choice = PricingChoice(kind="learned_response", grid_usd=0.0001, output_ratio=1.0, cached_share=1.0,
                           **parameters)
    agents = [bind(choice) for _ in range(sellers)]
    rng = np.random.default_rng(seed)
    rngs = [np.random.default_rng((seed, i)) for i in range(sellers)]
    own = [prices_of_usd(2.5, 2.5)] * sellers
    path = np.empty((days, sellers))
    for day in range(days):
        level = np.array([price.blended() for price in own])
        odds = level**-exponent / (level**-exponent).sum()
        sold = rng.multinomial(requests, odds) / requests
        for moment_s in (60.0, 120.0):  # all look, then those move whose review is due
            for i, agent in enumerate(agents):
                now = Situation(
                    now_s=(day + 1) * DAY_S + moment_s, hour=moment_s / 3600, launched_s=0.0, own=own[i],
                    rivals=tuple(own[:i] + own[i + 1:]), rivals_changed_s=(0.0,) * (sellers - 1),
                    unit_cost_usd_per_mtok=1.0, share_last_day=float(sold[i]), tokens_last_day=float(sold[i]) * 1e9,
                    rules=Rules.single(published))
                if moment_s == 60.0 or agent.next_review_s(now, rngs[i]) == 60.0:
                    own[i] = agent.review(now, rngs[i]) or own[i]
        path[day] = [price.blended() / USD for price in own]
    return path


def off_theory(sellers, exponent, published):
    """Mean over seeds of the logarithm of the last two months' prices, less that of the equilibrium (P3)."""
    found = [np.log(season(sellers, exponent, published, seed=seed)[-60:]).mean() for seed in range(8)]
    return float(np.mean(found) - np.log(router_nash(sellers, 1.0, exponent)))


@pytest.mark.parametrize(("sellers", "exponent", "published"), [(3, 2.0, 2.0), (5, 2.0, 2.0), (5, 2.0, 4.0)])
def test_after_two_years_they_charge_what_those_charge_who_know(sellers, exponent, published):
    """Within 5 %, also where the rule that they were told of is not the one that holds."""
    assert abs(off_theory(sellers, exponent, published)) < 0.05


@pytest.mark.parametrize(("sellers", "exponent", "published"), [(10, 2.0, 2.0), (5, 4.0, 2.0)])
def test_where_they_seldom_see_much_they_charge_a_little_more(sellers, exponent, published):
    """Who has not moved for two months knows little, and to be unsure of the elasticity is to charge more."""
    assert 0.0 < off_theory(sellers, exponent, published) < 0.1


def look(agent, rng, share, own, rival, day):
    now = Situation(
        now_s=day * DAY_S + 60, hour=0.0, launched_s=0.0, own=prices_of_usd(own, own),
        rivals=(prices_of_usd(rival, rival),), rivals_changed_s=(0.0,), unit_cost_usd_per_mtok=1.0,
        share_last_day=share, tokens_last_day=share * 1e9, rules=Rules.single(2.0))
    assert agent.review(now, rng) is None
    return now


def test_a_belief_by_hand():
    """Share .5, then .4 at a price 25 % up: slope ln(.5/.4)/ln 1.25 = 1. On a quiet day the share moved by ln(.44/.4).

    Precision of that: ln(1.25)^2/ln(1.1)^2 = 5.4814; prior 2(1 - .44) = 1.12 of precision 4.
    """
    agent = bind(PricingChoice(kind="learned_response", prior_sd=0.5, reviews_per_day=1e-12))
    rng = np.random.default_rng(1)
    for day, (share, own) in enumerate([(0.5, 1.0), (0.4, 1.25), (0.44, 1.25)]):
        now = look(agent, rng, share, own, 1.0, day)
    seen = np.log(1.25) ** 2 / np.log(1.1) ** 2
    assert seen == pytest.approx(5.4814, abs=1e-4)
    belief = agent.belief(now)
    assert belief.mean == pytest.approx((4 * 1.12 + seen) / (4 + seen))
    assert belief.sd == pytest.approx((4 + seen) ** -0.5)


def test_before_it_saw_anything_it_believes_the_published_rule():
    agent = bind(PricingChoice(kind="learned_response"))
    now = look(agent, np.random.default_rng(1), 0.25, 1.0, 1.0, 0)
    assert agent.belief(now) == (1.5, 1.0)


def test_a_seller_that_is_full_does_not_cut():
    """Sales above its capacity are none: of an elasticity of 4, the answer to a price of 2.5 at cost 1 is a cut."""
    answers = []
    for capacity in (0.0, 1e8):
        agent = bind(PricingChoice(kind="learned_response", reviews_per_day=1.0, trial_share=0.0, prior_sd=0.1))
        now = Situation(
            now_s=60.0, hour=0.0, launched_s=0.0, own=prices_of_usd(2.5, 2.5), rivals=(prices_of_usd(2.5, 2.5),) * 4,
            rivals_changed_s=(0.0,) * 4, unit_cost_usd_per_mtok=1.0, share_last_day=0.2, tokens_last_day=1e8,
            rules=Rules.single(5.0), capacity_tokens_per_day=capacity)
        rng = np.random.default_rng(1)
        assert agent.review(now, rng) is None
        answers.append(agent.review(now, rng).blended() / USD)
    assert answers[0] == pytest.approx(1.5)  # 40 % down is as far as it goes; 4/3 is the best
    assert answers[1] == pytest.approx(2.5, abs=0.015)  # within a step of the prices that it tries
