"""LiteLLM's cost-based-routing: the lowest sum of two list prices."""

import numpy as np

from policies.litellm import (
    CACHE_TTL_S,
    LAST_ORDER,
    MINUTE_COUNTERS,
    SOURCE,
    UNTIL,
    count_answer,
    enter,
    enter_open,
    has_expired,
    has_room,
    imitates,
    keep_alive,
)
from policies.toolbox import least_open, lowest, tied_up_to
from sim.compiled import rule
from sim.policy import DONE, Event, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import OPEN, PRICE_IN, PRICE_OUT

SCORE, ORDER, COUNTED = 0, 1, 2
UNKNOWN = 5.0e6  # USD per million tokens: what a price that nobody knows counts as, 5 USD a token


class LiteLlmCost(Part):
    """Parameters of ``litellm_cost``."""

    ties_first: bool = quantity(
        True,
        unit="flag",
        doc="Quirk: ties go to the offer that answered first since the map began, else to the first of the list",
        source="lowest_cost.py: stable sort in the order of a dict",
    )
    free_is_unknown: bool = quantity(
        True,
        unit="flag",
        doc="Quirk: a price of zero counts as unknown, and so as 5 USD a token",
        source='lowest_cost.py: if litellm_params.get("input_cost_per_token", None), else 5.0',
    )
    ttl_s: float = quantity(
        CACHE_TTL_S,
        unit="s",
        doc="The counts of the minute and the order of ties are forgotten this long after their first entry",
        gt=0,
        source="in_memory_cache.py: default_ttl 600",
    )


AT = places(LiteLlmCost)


@rule()
def _price(posted: float, free_is_unknown: float) -> float:
    return UNKNOWN if free_is_unknown > 0.0 and posted <= 0.0 else posted


@rule()
def _forget_expired(memory: Memory, now_s: float) -> None:
    if has_expired(memory.shared, now_s):
        memory.shared[:] = 0.0
        memory.offers[:] = 0.0


@rule()
def _earliest(view: np.ndarray, offers: np.ndarray) -> int:
    """Cheapest open offer; of several the one that stands first in the map."""
    most = tied_up_to(least_open(view, offers, SCORE))
    row = -1
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0 and offers[i, SCORE] <= most and (row < 0 or offers[i, ORDER] < offers[row, ORDER]):
            row = i
    return row


def choose_litellm_cost(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Lowest sum of the two list prices among offers within their posted limits."""
    _forget_expired(memory, request.now_s)
    enter_open(view, memory.offers, ORDER, memory.shared)
    free_is_unknown = memory.params[AT.free_is_unknown]
    for i in range(view.shape[0]):
        own = memory.offers[i]
        own[SCORE] = np.inf
        if has_room(view, i, own, COUNTED, request.now_s, float(request.prompt_tokens)):
            own[SCORE] = _price(view[i, PRICE_IN], free_is_unknown) + _price(view[i, PRICE_OUT], free_is_unknown)
    if memory.params[AT.ties_first] > 0.0:
        row = _earliest(view, memory.offers)
    else:
        row = lowest(view, memory.offers, SCORE, u)
    return row if row >= 0 and memory.offers[row, SCORE] < np.inf else -1


def observe_litellm_cost(memory: Memory, event: Event) -> None:
    """Count an answer in its minute."""
    if event.kind == DONE:
        _forget_expired(memory, event.now_s)
        own = memory.offers[event.row]
        enter(own, ORDER, memory.shared)
        count_answer(own, COUNTED, event.now_s, float(event.prompt_tokens + event.output_tokens))
        keep_alive(memory.shared, event.now_s, memory.params[AT.ttl_s])


LITELLM_COST = Policy(
    kind="litellm_cost",
    choose=choose_litellm_cost,
    summary="LiteLLM cost-based-routing: lowest input plus output list price within limits.",
    source=f"{SOURCE}/lowest_cost.py",
    ties="who answered first, else list order (quirk of the original); random with ties_first = false",
    parameters=LiteLlmCost,
    imitation=imitates("cost-based-routing"),
    observe=observe_litellm_cost,
    offer_slots=COUNTED + MINUTE_COUNTERS,
    shared_slots=1 + max(UNTIL, LAST_ORDER),
)
