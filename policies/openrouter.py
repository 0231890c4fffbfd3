"""OpenRouter's documented rules: its default up to autumn 2026, and the :floor and :nitro orders."""

import numpy as np

from policies.toolbox import draw, highest, inverse_power, lowest, price
from sim.policy import Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.units import DAY_S
from sim.view import COST_USD, LAST_OUTAGE_S, OPEN, PRICE_CUT_S, THROUGHPUT_P50

DOCS = "OpenRouterTeam/docs@c26125a (2026-08-22), guides/routing/provider-selection"
CUTS = ("off; ai-routing (2026-07): a cheapest offer is chosen 3.9 % of the time in the week after a cut, "
        "otherwise 23.3 %: 0.134 gives these odds")


def choose_cheapest(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Lowest expected cost of this request."""
    return lowest(view, view, COST_USD, u)


def choose_fastest(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Highest median throughput of the last five minutes."""
    return highest(view, view, THROUGHPUT_P50, u)


class OpenRouterClassic(Part):
    """Parameters of ``openrouter_classic``."""

    k: float = quantity(
        2.0, unit="1", doc="Shares are price to the power of minus this", ge=0, le=100, source=DOCS
    )
    window_s: float = quantity(
        30.0, unit="s", doc="An offer with an outage signal this recent is tried last", ge=0, source=DOCS
    )
    by_list_price: bool = quantity(
        False,
        unit="flag",
        doc="Price is the mean of the two list prices instead of this request's expected cost",
        source="assumption: OpenRouter does not say; LLM Gateway uses the mean",
    )
    cut_weight: float = quantity(
        1.0, unit="1", doc="Factor on the share of an offer that cut its price lately; 1 is off", gt=0, le=1,
        source=CUTS,
    )
    cut_memory_s: float = quantity(
        7 * DAY_S, unit="s", doc="How long a cut is remembered", ge=0, source="ai-routing (2026-07): a week"
    )


AT = places(OpenRouterClassic)


def choose_openrouter_classic(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Draw an offer without recent outage with weight price^-k; only if there is none, one of the others."""
    k, window_s, by_list = memory.params[AT.k], memory.params[AT.window_s], memory.params[AT.by_list_price]
    stable_least = np.inf
    least = np.inf
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            cost = price(view, i, by_list)
            least = min(least, cost)
            if request.now_s - view[i, LAST_OUTAGE_S] > window_s:
                stable_least = min(stable_least, cost)
    stable_only = stable_least < np.inf
    if stable_only:
        least = stable_least
    for i in range(view.shape[0]):
        if stable_only and request.now_s - view[i, LAST_OUTAGE_S] <= window_s:
            memory.offers[i, 0] = 0.0
        else:
            memory.offers[i, 0] = inverse_power(price(view, i, by_list), least, k)
            if request.now_s - view[i, PRICE_CUT_S] < memory.params[AT.cut_memory_s]:
                memory.offers[i, 0] *= memory.params[AT.cut_weight]
    return draw(view, memory.offers, 0, u)


CHEAPEST = Policy(
    kind="cheapest",
    choose=choose_cheapest,
    summary="Lowest expected cost of the request (OpenRouter's :floor).",
    source=DOCS,
    ties="random",
    imitation=Imitation("OpenRouter, sort = price", "documentation c26125a", "2026-08-22", "by rule"),
)
FASTEST = Policy(
    kind="fastest",
    choose=choose_fastest,
    summary="Highest windowed median throughput (OpenRouter's :nitro).",
    source=DOCS,
    ties="random",
    imitation=Imitation("OpenRouter, sort = throughput", "documentation c26125a", "2026-08-22", "by rule", herds=True),
)
OPENROUTER_CLASSIC = Policy(
    kind="openrouter_classic",
    choose=choose_openrouter_classic,
    summary="Offers without a recent outage first, drawn with weight price^-k.",
    source=DOCS,
    ties="none: the choice is a draw",
    parameters=OpenRouterClassic,
    imitation=Imitation("OpenRouter, default until autumn 2026", "documentation c26125a", "2026-08-22",
                        "shares of the documented rule and of its examples, within chance"),
    offer_slots=1,
)
