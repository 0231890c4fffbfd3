"""Our sketch of OpenRouter's default since autumn 2026, made before its figures were published.

Known then were the signals and the shape: what a good response really costs (price, broken answers, refusals, time to
first token) is set against speed, faster offers may charge more, those well beyond the edge lose their share fast,
everyone keeps a little, and an offer that refuses is capped at what it takes. The form below and all its parameters
are ours; ``openrouter_adjusted`` has the published form.
"""

import math

import numpy as np

from policies.toolbox import draw, median, open_rows
from sim.compiled import rule
from sim.policy import Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.units import MINUTE_S
from sim.view import (
    CAPACITY_PER_S,
    COST_USD,
    ERROR_SHARE_5M,
    OPEN,
    REFUSAL_SHARE_5M,
    REQUESTS_THIS_MINUTE,
    THROUGHPUT_P50,
    TTFT_P50,
)

SOURCE = "openrouter.ai/docs/guides/providers/traffic-routing (autumn 2026): the signals; form and constants assumption"
OURS = "assumption: not published"
DISTANCE, WEIGHT = 0, 1  # columns of the memory
LEAST = 1e-15  # USD and tokens/s, so that free offers and unknown speeds have a logarithm


class OpenRouterSketch(Part):
    """Parameters of ``openrouter_sketch``."""

    failure_cost: float = quantity(
        5.0, unit="1", doc="By how much a share of failed attempts of 1 makes an offer dearer", ge=0, source=OURS
    )
    refusal_cost: float = quantity(
        1.0, unit="1", doc="By how much a share of refused attempts of 1 makes an offer dearer", ge=0, source=OURS
    )
    wait_cost: float = quantity(
        0.1, unit="1", doc="By how much each further median of time to first token makes an offer dearer", ge=0,
        source=OURS,
    )
    speed_exponent: float = quantity(
        0.3, unit="1", doc="The price that speed justifies grows with tokens/s to the power of this", ge=0, le=10,
        source=OURS,
    )
    tolerance: float = quantity(
        0.25, unit="1", doc="Logarithmic distance from the edge at which an offer has half the weight", ge=0, le=100,
        source=OURS,
    )
    softness: float = quantity(
        0.08, unit="1", doc="Logarithmic distance over which the weight falls", gt=0, le=100, source=OURS
    )
    exploration: float = quantity(
        0.02, unit="1", doc="Share of the draws that all open offers have in equal parts", ge=0, le=1, source=OURS
    )


AT = places(OpenRouterSketch)


@rule()
def adjusted_usd(view: np.ndarray, row: int, memory: Memory, median_ttft_s: float) -> float:
    """What a good response really costs at an offer, USD."""
    failed = memory.params[AT.failure_cost] * view[row, ERROR_SHARE_5M]
    broken = failed + memory.params[AT.refusal_cost] * view[row, REFUSAL_SHARE_5M]
    late = 0.0
    if median_ttft_s > 0.0:
        late = max(0.0, view[row, TTFT_P50] / median_ttft_s - 1.0)
    return float(view[row, COST_USD] * (1.0 + broken) * (1.0 + memory.params[AT.wait_cost] * late))


@rule()
def below_cap(view: np.ndarray, row: int, now_s: float) -> bool:
    """Whether this minute's requests leave room under the rate that the offer was found to take."""
    passed_s = now_s % MINUTE_S + 1.0  # a second in advance
    return bool(view[row, REQUESTS_THIS_MINUTE] < view[row, CAPACITY_PER_S] * passed_s)


def choose_openrouter_sketch(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Draw an offer; weights fall with the distance of its adjusted price from what its speed justifies."""
    ttft_s = median(view, TTFT_P50)
    edge = np.inf
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            usd = max(adjusted_usd(view, i, memory, ttft_s), LEAST)
            speed = max(view[i, THROUGHPUT_P50], LEAST)
            memory.offers[i, DISTANCE] = math.log(usd) - memory.params[AT.speed_exponent] * math.log(speed)
            edge = min(edge, memory.offers[i, DISTANCE])
    total = 0.0
    for i in range(view.shape[0]):
        memory.offers[i, WEIGHT] = 0.0
        if view[i, OPEN] > 0.0 and below_cap(view, i, request.now_s):
            beyond = (memory.offers[i, DISTANCE] - edge - memory.params[AT.tolerance]) / memory.params[AT.softness]
            memory.offers[i, WEIGHT] = 1.0 / (1.0 + math.exp(min(beyond, 700.0)))
            total += memory.offers[i, WEIGHT]
    explored = memory.params[AT.exploration] if total > 0.0 else 1.0  # all are at their caps: any of them
    equal_part = explored / max(open_rows(view), 1)
    for i in range(view.shape[0]):
        kept = (1.0 - explored) * memory.offers[i, WEIGHT] / total if total > 0.0 else 0.0
        memory.offers[i, WEIGHT] = kept + equal_part
    return draw(view, memory.offers, WEIGHT, u)


OPENROUTER_SKETCH = Policy(
    kind="openrouter_sketch",
    choose=choose_openrouter_sketch,
    summary="Draw by adjusted price against speed, with caps: our sketch from before OpenRouter drew its rule.",
    source=SOURCE,
    ties="none: the choice is a draw",
    parameters=OpenRouterSketch,
    imitation=Imitation("OpenRouter, default since autumn 2026", "documentation", "2026-10",
                        "published signals, form ours", herds=True),
    offer_slots=2,
)
