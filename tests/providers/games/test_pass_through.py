"""Pass-through of cost: closed forms beside sellers who answer, and beside those who only add a markup."""

import numpy as np
import pytest

from providers.games.bertrand import respond, router_nash
from providers.games.pass_through import own_pass_through
from providers.games.repeated import UNIT_PICO, GameRules
from providers.games.unequal import router_prices
from providers.pricing import PricingError, Situation, bind
from providers.pricing.demand import best_price, router_share
from sim.scenario.pricing_settings import PricingChoice
from sim.units import PICO_PER_USD_PER_MTOK

SMALL = 1e-3  # a change of the logarithm of a cost
LARGE = 0.1


@pytest.mark.analytical
@pytest.mark.parametrize(("sellers", "still", "answering"), [(3, 0.33, 0.50), (5, 0.60, 0.64), (10, 0.80, 0.80)])
def test_what_befalls_one_seller_is_passed_on_in_part(sellers, still, answering):
    assert own_pass_through(sellers, 2.0, rivals_answer=False) == pytest.approx(still, abs=0.005)
    assert own_pass_through(sellers, 2.0, rivals_answer=True) == pytest.approx(answering, abs=0.005)


@pytest.mark.analytical
@pytest.mark.parametrize(("sellers", "exponent"), [(3, 2.0), (5, 2.0), (10, 2.0), (4, 3.5), (2, 9.0)])
def test_it_is_the_slope_of_the_best_answer_and_of_the_equilibrium(sellers, exponent):
    level = router_nash(sellers, 1.0, exponent)
    rivals = np.full(sellers - 1, level)

    def answer(cost):
        return best_price(lambda p: (p - cost) * router_share(p, rivals, exponent), cost, 100 * cost)

    still = np.log(answer(np.exp(SMALL)) / answer(np.exp(-SMALL))) / (2 * SMALL)
    assert still == pytest.approx(own_pass_through(sellers, exponent, rivals_answer=False), rel=1e-4)
    others = [1.0] * (sellers - 1)
    up, down = (router_prices([float(np.exp(change)), *others], exponent)[0] for change in (SMALL, -SMALL))
    assert np.log(up / down) / (2 * SMALL) == pytest.approx(own_pass_through(sellers, exponent, rivals_answer=True),
                                                            rel=1e-4)


def passed_on(costs):
    """What the market's best-responding sellers make of a tenth more cost: change of the first one's log price."""
    end = respond(PricingChoice(kind="best_response_router"), GameRules(cost=costs), [3.0] * len(costs), ceiling=100)
    assert not end.divergent
    return float(np.log(end.prices[0] / router_nash(len(costs), 1.0, 2.0)) / LARGE)


@pytest.mark.parametrize("sellers", [3, 5, 10])
def test_sellers_who_answer_pass_on_all_of_what_befalls_all_and_part_of_what_befalls_one(sellers):
    dearer = float(np.exp(LARGE))
    assert passed_on([dearer] * sellers) == pytest.approx(1.0, abs=1e-3)
    assert passed_on([dearer] + [1.0] * (sellers - 1)) == pytest.approx(
        own_pass_through(sellers, 2.0, rivals_answer=True), abs=0.02)


def test_a_markup_on_cost_passes_on_all_of_both():
    """So it fails the pair, as it must."""
    seller = bind(PricingChoice(kind="cost_plus", learning_rate=0.0, grid_usd=0.001, output_ratio=1.0))
    rng = np.random.default_rng(1)

    def price(cost):
        now = Situation(now_s=0, hour=0, launched_s=0, own=None, rivals=(), rivals_changed_s=(),
                        unit_cost_usd_per_mtok=cost * UNIT_PICO / PICO_PER_USD_PER_MTOK)
        return seller.launch(now, rng).blended()

    assert np.log(price(np.exp(LARGE)) / price(1.0)) / LARGE == pytest.approx(1.0, abs=1e-4)


def test_without_an_equilibrium_there_is_nothing_to_pass_on():
    with pytest.raises(PricingError, match=r"^exponent is 2: with 2 sellers it must be above 2$"):
        own_pass_through(2, 2.0, rivals_answer=True)
