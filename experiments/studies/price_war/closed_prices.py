"""What closed forms say of prices and entry under a rule, and what a planner would have (E135 to E137)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.studies.price_war.rule_season import shares
from experiments.studies.price_war.war_cells import AUTUMN, ENTRY, LAX, MANY, STRICT, WarCell, placing, rules_of
from providers.games.repeated import GAME_TARIFF, GameRules, play
from providers.pricing.registry import bind
from sim.scenario.pricing_settings import PricingChoice

if TYPE_CHECKING:
    from experiments.studies.price_war.assumed import PriceWarAssumptions
    from providers.pricing.sold_through import Rules

ROUNDS: Final = 40  # of best answers where there is no closed form
BEGIN: Final = 3.0  # price over cost from which they set out
PRICES: Final = 400  # over which the surplus of customers is added up


def elasticity_of_sales(hosts: float, exponent: float, routed: float = 1.0, total: float = 0.0) -> float:
    """Elasticity of one host's sales in its own price where all charge the same (E136).

    Parameters
    ----------
    hosts
        How many there are.
    exponent, routed
        k of the rule, and the share of demand that it places; the rest is spread evenly.
    total
        Elasticity of the demand for the model in what is paid for it.
    """
    return (routed * exponent * (hosts - 1.0) + total) / hosts


def price_over_cost(elasticity: float, ceiling: float = math.inf) -> float:
    """Price over cost that answers an elasticity, the ceiling where that is lower or there is no such price (E135)."""
    return min(elasticity / (elasticity - 1.0), ceiling) if elasticity > 1.0 else ceiling


def price_floor(exponent: float, routed: float = 1.0) -> float:
    """Price over cost below which no number of hosts brings it (E135 without end of hosts); infinite if there is none.

    Examples
    --------
    >>> price_floor(2.0), round(price_floor(8.0), 3)
    (2.0, 1.143)
    """
    return price_over_cost(routed * exponent)


def known_price(rule: str, hosts: int, routed: float, assumed: PriceWarAssumptions) -> float:
    """Return price over cost by the inputs alone: the closed form, or where best answers in turn go on.

    These are played with few and with many hosts; logarithms between follow that of the number, beyond it is as there.
    """
    if rule == AUTUMN:
        few, many = (_by_answers(number, routed, assumed.ceiling) for number in (assumed.few, assumed.many))
        return float(np.exp(np.interp(math.log(hosts), np.log([assumed.few, assumed.many]), np.log([few, many]))))
    exponent = placing(rule, 1.0, assumed).exponent
    return price_over_cost(elasticity_of_sales(hosts, exponent, routed), assumed.ceiling)


@cache
def _by_answers(hosts: int, routed: float, ceiling: float) -> float:
    """Geometric mean of what is paid over cost under the curve of autumn 2026, over the last half of best answers."""
    from experiments.studies.price_war.assumed import PriceWarAssumptions

    rules = rules_of(WarCell(AUTUMN, MANY, False, True, False, True), PriceWarAssumptions(routed=routed))
    choice = PricingChoice(kind="best_response_router", ceiling_markup=ceiling, **GAME_TARIFF)
    path = play([bind(choice) for _ in range(hosts)], GameRules(sold_through=rules), [min(BEGIN, ceiling)] * hosts,
                ROUNDS * hosts)
    return math.exp(float(np.mean([_log_paid(row, rules) for row in path[len(path) // 2:]])))


def _log_paid(prices: np.ndarray, rules: Rules) -> float:
    return math.log(float(prices @ shares(rules, prices, np.ones(len(prices), bool))))


def free_hosts(price: Callable[[int], float], assumed: PriceWarAssumptions, most: int) -> int:
    """Return how many hosts enter: the most of which each earns its fixed cost (P5 with a ceiling), at least one.

    Parameters
    ----------
    price
        Number of hosts to price over cost.
    assumed
        Among others demand over fixed cost, and the elasticity of demand.
    most
        Hosts at most.
    """
    earning = [number for number in range(1, most + 1) if _margin(price(number), assumed) / number >= 1 / assumed.size]
    return max(earning, default=1)


def planned_hosts(price: Callable[[int], float], assumed: PriceWarAssumptions, capacity: float, most: int) -> int:
    """Return how many hosts a planner would have who cannot set prices: of greatest surplus, enough for demand (E137).

    Parameters
    ----------
    price, assumed, most
        As in `free_hosts`.
    capacity
        What a host can serve, in demand at cost.
    """
    enough = [number for number in range(1, most + 1)
              if number * capacity >= price(number) ** -assumed.elasticity] or [most]
    return max(enough, key=lambda number: surplus(price(number), number, assumed))


def surplus(price: float, hosts: float, assumed: PriceWarAssumptions, served: float = 1.0) -> float:
    """Return surplus of customers and hosts a day, over demand at cost times cost (E137).

    Parameters
    ----------
    price
        What is paid over cost.
    hosts
        How many pay the fixed cost.
    assumed
        Demand, and the ceiling, above which nobody buys.
    served
        Share of what is wanted that is served.
    """
    return float(served * (customers_surplus(price, assumed) + _margin(price, assumed)) - hosts / assumed.size)


def customers_surplus(price: float, assumed: PriceWarAssumptions) -> float:
    """Return the area below demand between what is paid and the ceiling."""
    power = 1.0 - assumed.elasticity  # of a demand p^-eps
    return float((assumed.ceiling**power - min(price, assumed.ceiling) ** power) / power)


def idle_share(hosts: float, sold: float, capacity: float, markup: float, fixed: float) -> float:
    """Return the share of all that is paid above cost that pays for capacity that stands idle (E137).

    Parameters
    ----------
    hosts, sold, capacity
        How many there are, what they sell in all, and what each can serve.
    markup
        Price over cost, less 1.
    fixed
        Cost of a host a day.
    """
    return fixed * (hosts - sold / capacity) / (markup * sold)


def _margin(price: float, assumed: PriceWarAssumptions) -> float:
    return float((price - 1.0) * price ** -assumed.elasticity)


def known_log_price(cell: WarCell, assumed: PriceWarAssumptions, most: int) -> float:
    """Return the logarithm of a cell's price over cost by the inputs alone."""
    routed = 1.0 if cell.all_routed else assumed.routed
    hosts = assumed.many if cell.hosts == MANY else assumed.few
    if cell.hosts == ENTRY:
        hosts = free_hosts(lambda number: known_price(cell.rule, number, routed, assumed), assumed, most)
    return math.log(known_price(cell.rule, hosts, routed, assumed))


def floors(assumed: PriceWarAssumptions) -> dict[str, float]:
    """Return the price over cost that entry cannot go below, by rule of powers, where all demand is routed."""
    return {rule: price_floor(placing(rule, 1.0, assumed).exponent) for rule in (LAX, STRICT)}
