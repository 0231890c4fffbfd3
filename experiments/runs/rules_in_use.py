"""The policies by which customers of a market are routed: its router's, or those of its marketplaces."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # these import numba, for which `tokenmarket --help` should not wait
    from sim.policy import BoundPolicy
    from sim.scenario import MarketScenario


def policies_in_use(scenario: MarketScenario) -> dict[str, BoundPolicy]:
    """Return the policy of each marketplace in order, or of the one router, by the path of the field that chooses it.

    Raises
    ------
    MarketError
        If a policy or one of its parameters is not known.
    """
    from policies import bind

    chosen = {f"marketplaces.{name}.policy": place.policy
              for name, place in scenario.marketplaces.items()} or {"router.policy": None}
    return {path: bind(scenario.router.policy, "router.policy") if choice is None else bind(choice, path)
            for path, choice in chosen.items()}


def planned_shares(scenario: MarketScenario) -> tuple[float, ...]:
    """Return the share of customers that each policy in use has on the first day; of sum 1."""
    weights = [place.start_share for place in scenario.marketplaces.values()] or [1.0]
    return tuple(weight / sum(weights) for weight in weights)


def exponents_in_use(scenario: MarketScenario) -> tuple[float, ...]:
    """Return the exponent k of the rule ``1/price^k`` of each policy in use; nan of one that has no such rule."""
    from policies.price_responses import price_response

    responses = [price_response(policy) for policy in policies_in_use(scenario).values()]
    return tuple(math.nan if it is None or it.curve is not None else it.exponent for it in responses)


def mean_exponent(scenario: MarketScenario) -> float:
    """Return by what power of a price demand falls where all charge the same and sellers are many (E160).

    Each rule counts by the customers that it has on the first day; nan if one of those has no such rule.
    """
    return math.fsum(share * exponent for share, exponent in zip(
        planned_shares(scenario), exponents_in_use(scenario), strict=True) if share > 0)


def with_exponent(scenario: MarketScenario, exponent: float) -> MarketScenario | None:
    """Return a market in which every policy in use that has a parameter ``k`` has another; None if none has it.

    Parameters
    ----------
    scenario, exponent
        The market, itself if all of them have this exponent already; and the exponent.
    """
    from sim.scenario import MarketScenario
    from sim.scenario.load import plain, scenario_of

    found = {path: policy.values for path, policy in policies_in_use(scenario).items()}
    able = {path: values for path, values in found.items() if "k" in type(values).model_fields}
    if not able:
        return None
    if all(getattr(values, "k", None) == exponent for values in able.values()):
        return scenario
    data = plain(scenario)
    for path in able:
        holder = data
        for name in path.split(".")[:-1]:
            holder = holder[name]
        holder["policy"] = {**(holder["policy"] or data["router"]["policy"]), "k": exponent}
    changed = scenario_of(data)
    assert isinstance(changed, MarketScenario)
    return changed
