"""Firms at work who answer the rule that they are told, and firms who learn it: prices on a desk without traffic."""

import numpy as np
import pytest

from providers.around import Around
from providers.firms.supply_side import build_supply
from providers.games.bertrand import router_nash
from providers.pricing.sold_through import PriceRule, Rules
from sim.scenario.firm_settings import Adoption, Firm, PoolSettings, SupplySettings
from sim.scenario.pricing_settings import PricingChoice
from sim.streams import Streams
from sim.units import DAY_S, PICO_PER_USD_PER_MTOK
from worlds.fake_desk import FakeDesk, model, models_of

MODELS = models_of(model("mid", "meta", 70))
SELLERS = 5
RESPONSE = {"kind": "best_response_router", "review_days": 1.0, "grid_usd": 1e-6}
BELIEF = {"kind": "belief_response", "reviews_per_day": 0.3, "grid_usd": 1e-6}


def routed(exponent, requests_per_s=60.0):
    """Demand that a router places by price, with a little noise."""
    rng = np.random.default_rng(3)

    def demand(desk):
        price = np.maximum(desk.board.prices @ np.array([0.75, 0.25, 0.0]), 1.0)
        weight = np.where(desk.board.listed, price**-exponent, 0.0) * rng.normal(1.0, 0.01, len(price))
        return weight / max(weight.sum(), 1e-300) * requests_per_s * DAY_S * 6000
    return demand


def market(pricing, rules, exponent=2.0, days=40, restless=0, **supply):
    """A desk after some days on which equal firms sold one model through a router of the exponent."""
    firm = Firm(pools=(PoolSettings(gpu="h200-sxm", count=16, tenure="rented"),), pricing=pricing,
                adoption=Adoption(probability=1, delay_days=0.0), exit_months=None)
    moving = firm.model_copy(update={"pricing": PricingChoice(kind="menu_cost", reviews_per_day=0.2)})
    settings = SupplySettings(firms={f"f{i}": moving if i < restless else firm for i in range(SELLERS)}, **supply)
    side = build_supply(settings, MODELS, Streams(7, 0), Around(days))
    side.tell(rules)
    desk = FakeDesk(side, MODELS, routed(exponent))
    desk.run(days)
    return desk


def posted(desk):
    return [(it.time_s, it.offer, it.after) for it in desk.board.price_changes]


@pytest.mark.parametrize("exponent", [2.0, 8.0])
def test_sellers_who_are_told_the_rule_charge_its_equilibrium(exponent):
    """P3 of five sellers: 2.67 of cost at k = 2, 1.19 at k = 8; their costs differ by what each expects to serve."""
    desk = market(RESPONSE, Rules.single(exponent), exponent)
    served = desk.supply._usage.served
    over = [desk.board.prices_of(row).blended(served.billed(row)) / PICO_PER_USD_PER_MTOK
            / desk.supply.unit_costs.usd_per_mtok(row, 39) for row in range(SELLERS)]
    assert np.mean(over) == pytest.approx(router_nash(SELLERS, 1.0, exponent), rel=0.02)


def test_half_of_demand_through_a_strict_rule_halves_prices():
    """e is 1.6 at k = 2 and 4 at k = 2 and 8 in halves: 8/3 and 4/3 of cost."""
    mean = [np.mean([desk.board.prices_of(row).blended() for row in range(SELLERS)])
            for desk in (market(RESPONSE, Rules.single(2.0)),
                         market(RESPONSE, Rules((PriceRule(0.5, 2.0), PriceRule(0.5, 8.0)))))]
    assert mean[1] / mean[0] == pytest.approx((4 / 3) / (8 / 3), rel=0.02)


@pytest.mark.parametrize("pricing", [RESPONSE, BELIEF], ids=lambda it: it["kind"])
def test_what_sellers_know_changes_what_they_charge(pricing):
    """They are told 4 where 2 holds; who learns finds that out from restless rivals, and charges more."""
    told = market(pricing, Rules.single(4.0), days=60, restless=2)
    learned = market(pricing, Rules.single(4.0), days=60, restless=2, knowledge="learned")
    assert np.mean(learned.board.prices[2:]) > 1.05 * np.mean(told.board.prices[2:])


@pytest.mark.parametrize("learning", [{"memory_days": 10}, {"prior_sd": 0.1}])
def test_how_they_learn_changes_what_they_charge(learning):
    default = market(BELIEF, Rules.single(4.0), days=60, knowledge="learned")
    assert posted(market(BELIEF, Rules.single(4.0), days=60, knowledge="learned", learning=learning)) != posted(default)
    assert posted(market(BELIEF, Rules.single(4.0), days=60, knowledge="learned")) == posted(default)
