"""What sellers are told of the rules through which they sell: those of the market's own router, no third number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # these import numba, for which `tokenmarket --help` should not wait
    from collections.abc import Sequence

    from providers.firms.supply_side import SupplySide
    from providers.pricing.sold_through import Rules
    from sim.market.customers.population import Population
    from sim.market.desk import AgentProcess
    from sim.market.market import Market
    from sim.policy import BoundPolicy
    from sim.scenario.customer_settings import CustomerSettings
    from sim.scenario.firm_settings import SupplySettings


def told_rules(supply: SupplySettings, policy: BoundPolicy, path: str = "router.policy") -> Rules:
    """Return the actual rules of a market's router, or of one of its marketplaces.

    Parameters
    ----------
    supply
        The firms.
    policy
        The policy of the router.
    path
        Field that chooses it.

    Raises
    ------
    ScenarioError
        If a firm's strategy answers the rules, and the policy weighs prices by no rule that could be told.
    """
    from policies.price_responses import price_response
    from providers.pricing.registry import STRATEGIES
    from providers.pricing.sold_through import OPENROUTER_UNTIL_2026, PriceRule, Rules
    from sim.errors import ScenarioError

    response = price_response(policy)
    if response is not None:
        return Rules((PriceRule(1.0, response.exponent, response.curve),))
    choices = {f"firms.{name}": firm.pricing for name, firm in supply.firms.items()}
    if supply.entry.types:
        choices["entry"] = supply.entry.pricing
    for where, choice in choices.items():
        kind = choice.kind
        if supply.knowledge == "told" and kind in STRATEGIES and STRATEGIES[kind].answers_rules:
            raise ScenarioError(
                f"supply.{where}.pricing.kind is {kind!r}, which answers the rule by which the router weighs "
                f"prices, but {path}.kind {policy.policy.kind!r} has no rule that sellers could be told; choose "
                'another policy, a strategy that asks for no rule, or supply.knowledge = "learned"')
    return OPENROUTER_UNTIL_2026


def tell_marketplaces(told: Sequence[Rules], market: Market, supply: SupplySide) -> tuple[AgentProcess, ...]:
    """Tell sellers of the marketplaces through which customers come, and return what goes on to tell them.

    Parameters
    ----------
    told
        The rule of each.
    market
        Its customers are there or come later; its books say what was sold through each.
    supply
        Told as by `tell_mix`.
    """
    import numpy as np

    from providers.firms.marketplace_mix import MarketplaceMix, rules_among
    from sim.engines.wanted import RULES

    books, population = market.marketplaces, market.customers.population
    if books is None or supply.settings.knowledge == "learned":
        return ()
    first, place = population.entry_day == population.entry_day.min(), books.places.place
    planned = np.zeros((len(told), len(RULES)))
    rule = books.rules[place, np.arange(len(place))]
    np.add.at(planned, (place[first], rule[first]), population.base_per_s[first])
    planned /= planned.sum()
    defaults = [rules.rules[0] for rules in told]
    supply.tell(rules_among(defaults, planned))
    days = books.days
    return (MarketplaceMix(defaults, planned, lambda: days[-1].by_rule if days else None,
                           supply.tell_of_model).process,)


def tell_mix(told: Rules, settings: CustomerSettings, population: Population,
             supply: SupplySide) -> tuple[AgentProcess, ...]:
    """Tell sellers of the ways in which customers come, and return what goes on to tell them; if there are several.

    Parameters
    ----------
    told
        The router's own rule.
    settings, population
        Customers, who have rules of routing.
    supply
        Told at once what is planned for the first day; then, model by model, what was sold over the last four weeks,
        and which sellers hold customers.
        Where sellers learn, nobody tells them more than what is published.
    """
    import numpy as np

    from providers.firms.rule_mix import RuleMix, mixed_rules
    from sim.engines.wanted import RULES
    from sim.market.customers.routing import rules_of_workloads

    rules = rules_of_workloads(settings, population)
    if not rules.any() or supply.settings.knowledge == "learned":
        return ()
    first = population.entry_day == population.entry_day.min()
    volumes = np.bincount(rules[first], population.base_per_s[first], len(RULES))
    planned = volumes / volumes.sum()
    supply.tell(mixed_rules(told.rules[0], planned.tolist()))
    return (RuleMix(told.rules[0], planned, supply.tell_of_model).process,)
