"""What sellers are told of a router is the rule that it follows."""

import pytest

from experiments.runs.told_rules import told_rules
from policies import bind
from policies.price_responses import RESPONSES, price_response, tell
from policies.registry import POLICIES
from providers.pricing.sold_through import OPENROUTER_UNTIL_2026, PriceRule, Rules
from sim.errors import PolicyError, ScenarioError
from sim.price_response import STEEPEST, PriceResponse
from sim.scenario.firm_settings import Firm, PoolSettings, SupplySettings
from sim.scenario.pricing_settings import PricingChoice
from sim.scenario.router_settings import PolicyChoice


def supply(kind):
    pools = (PoolSettings(gpu="h100-sxm", count=8),)
    return SupplySettings(firms={"a": Firm(pools=pools, pricing=PricingChoice(kind=kind))})


@pytest.mark.parametrize(("choice", "response"), [
    (PolicyChoice(kind="openrouter_classic", k=5.0), PriceResponse(5.0)),
    (PolicyChoice(kind="openrouter_classic_2025"), PriceResponse(2.0)),
    (PolicyChoice(kind="openrouter_floor"), STEEPEST), (PolicyChoice(kind="openrouter_nitro"), PriceResponse()),
    (PolicyChoice(kind="vercel", sort=1), STEEPEST), (PolicyChoice(kind="vercel"), PriceResponse()),
    (PolicyChoice(kind="round_robin"), PriceResponse()), (PolicyChoice(kind="llmgateway"), None)])
def test_a_policy_answers_prices_by_its_own_parameters(choice, response):
    assert price_response(bind(choice)) == response


def test_the_curve_of_autumn_has_its_own_parameters():
    curve = price_response(bind(PolicyChoice(kind="openrouter_adjusted", exploration=0.1, speed_cost=50.0))).curve
    assert (curve.exploration, curve.speed_cost) == (0.1, 50.0)
    assert set(RESPONSES) <= set(POLICIES)


def test_sellers_are_told_the_router_of_their_market():
    k5 = bind(PolicyChoice(kind="openrouter_classic", k=5.0))
    assert told_rules(supply("best_response_router"), k5) == Rules((PriceRule(1.0, 5.0),))


def test_who_asks_for_a_rule_that_cannot_be_told_is_refused():
    score = bind(PolicyChoice(kind="llmgateway"))
    assert told_rules(supply("cost_plus"), score) == OPENROUTER_UNTIL_2026
    with pytest.raises(ScenarioError, match=r"supply\.firms\.a\.pricing\.kind is 'best_response_router'.*'llmgateway'"):
        told_rules(supply("best_response_router"), score)
    learners = supply("best_response_router").model_copy(update={"knowledge": "learned"})
    assert told_rules(learners, score) == OPENROUTER_UNTIL_2026  # to start from


def test_a_response_is_stated_once():
    with pytest.raises(PolicyError, match="stated already"):
        tell("cheapest", lambda _: PriceResponse(3.0))
    with pytest.raises(PolicyError, match="no registered policy"):
        tell("unheard_of", lambda _: PriceResponse(3.0))
