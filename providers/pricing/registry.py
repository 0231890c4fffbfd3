"""Which pricing strategies there are, how a user adds one, and how a scenario's choice becomes a strategy."""

import difflib
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from providers.pricing import (
    belief_response,
    best_response,
    captives,
    constant,
    cost_plus,
    declining,
    lab_logit,
    list_history,
    menu_cost,
    qlearning,
    surge,
    tiers,
    time_of_day,
    undercut,
)
from providers.pricing.strategy import Strategy, StrategyKind
from sim.errors import MarketError, ScenarioError
from sim.scenario.explain import refused
from sim.scenario.pricing_settings import PricingChoice

_ALL = (
    constant.CONSTANT,
    declining.DECLINE,
    declining.STEPS,
    time_of_day.TIME_OF_DAY,
    surge.SURGE,
    tiers.TIERS,
    cost_plus.COST_PLUS,
    list_history.LIST_HISTORY,
    lab_logit.LAB_LOGIT,
    menu_cost.MENU_COST,
    undercut.UNDERCUT,
    best_response.BEST_RESPONSE_ROUTER,
    best_response.BEST_RESPONSE_LOGIT,
    belief_response.BELIEF_RESPONSE,
    captives.CAPTIVES_AND_SHOPPERS,
    qlearning.Q_LEARNING,
)
STRATEGIES: Final[dict[str, StrategyKind]] = {strategy.kind: strategy for strategy in _ALL}


class PricingError(MarketError):
    """A pricing strategy cannot be registered; the text says why."""


def register(strategy: StrategyKind) -> StrategyKind:
    """Add a user's strategy, so that scenarios of this process can choose it by its kind.

    Raises
    ------
    PricingError
        If the kind is taken.
    """
    if strategy.kind in STRATEGIES:
        raise PricingError(f"pricing strategy {strategy.kind!r} is already registered; choose another kind")
    STRATEGIES[strategy.kind] = strategy
    return strategy


def kinds() -> tuple[str, ...]:
    """Names of all registered strategies, in the order of their registration."""
    return tuple(STRATEGIES)


def bind(choice: PricingChoice, path: str = "pricing") -> Strategy:
    """Make the chosen strategy for one offer, with checked parameters (call it once for each offer).

    Parameters
    ----------
    choice
        The kind and its parameters.
    path
        Where the choice stands in the scenario, for error messages.

    Raises
    ------
    ScenarioError
        If there is no such strategy, or a parameter is unknown or out of range.
    """
    if choice.kind not in STRATEGIES:
        near = difflib.get_close_matches(choice.kind, STRATEGIES, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(STRATEGIES)}"
        raise ScenarioError(f"{path}.kind is {choice.kind!r}, which is no pricing strategy; {hint}")
    strategy = STRATEGIES[choice.kind]
    try:
        return strategy.make(strategy.parameters.model_validate(choice.parameters))
    except ValidationError as error:
        raise ScenarioError(_sentence(strategy, error.errors()[0], path)) from None


def _sentence(strategy: StrategyKind, problem: ErrorDetails, path: str) -> str:
    """One wrong parameter in one sentence: field, value, what is allowed."""
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        allowed = ", ".join(strategy.parameters.model_fields) or "none"
        return f"{path}.{name} is no parameter of pricing strategy {strategy.kind!r}; its parameters are: {allowed}"
    if problem["type"] == "missing":
        return f"{path}.{name} is missing; pricing strategy {strategy.kind!r} needs it"
    return f"{f'{path}.{name}' if name else path} {refused(problem)}"
