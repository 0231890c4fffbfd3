"""What sellers are told of the rules through which they sell: those of the market's own router, no third number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # these import numba, for which `tokenmarket --help` should not wait
    from providers.pricing.sold_through import Rules
    from sim.policy import BoundPolicy
    from sim.scenario.firm_settings import SupplySettings


def told_rules(supply: SupplySettings, policy: BoundPolicy) -> Rules:
    """Return the actual rules of a market's router.

    Parameters
    ----------
    supply
        The firms.
    policy
        The policy of the router.

    Raises
    ------
    ScenarioError
        If a firm's strategy answers the rules, and the policy weighs prices by no rule that could be told.
    """
    from policies.price_responses import price_response
    from providers.pricing.registry import STRATEGIES
    from providers.pricing.situation import OPENROUTER_UNTIL_2026
    from providers.pricing.sold_through import PriceRule, Rules
    from sim.errors import ScenarioError

    response = price_response(policy)
    if response is not None:
        return Rules((PriceRule(1.0, response.exponent, response.curve),))
    for name, firm in supply.firms.items():
        kind = firm.pricing.kind
        if kind in STRATEGIES and STRATEGIES[kind].answers_rules:
            raise ScenarioError(
                f"supply.firms.{name}.pricing.kind is {kind!r}, which answers the rule by which the router weighs "
                f"prices, but router.policy.kind {policy.policy.kind!r} has no rule that sellers could be told; choose "
                "another policy, or a strategy that asks for no rule")
    return OPENROUTER_UNTIL_2026
