"""Vercel AI Gateway: its documented sorts, and its default of recent uptime and latency in a form of ours."""

from typing import Final

import numpy as np

from policies.toolbox import highest, lowest
from sim.policy import Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import ERROR_SHARE_5M, PRICE_IN, REFUSAL_SHARE_5M, THROUGHPUT_P50, TTFT_P50

SOURCE = "vercel.com/docs/ai-gateway, provider filtering, ordering and sorting (2026-09-11)"
DEFAULT: Final = 0
COST: Final = 1
TTFT: Final = 2
TPS: Final = 3
LEAST_UPTIME = 0.01  # an offer that always fails is as if it took a hundred times as long


class Vercel(Part):
    """Parameters of ``vercel``."""

    sort: int = quantity(
        DEFAULT,
        unit="1",
        doc="What offers are sorted by: 0 uptime and latency, 1 cost, 2 time to first token, 3 tokens per second",
        ge=DEFAULT,
        le=TPS,
        source=SOURCE,
    )


AT = places(Vercel)


def choose_vercel(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """First offer of the sort; by default the least median time to first token over the share of good answers."""
    sort = memory.params[AT.sort]
    if sort == COST:
        return lowest(view, view, PRICE_IN, u)
    if sort == TTFT:
        return lowest(view, view, TTFT_P50, u)
    if sort == TPS:
        return highest(view, view, THROUGHPUT_P50, u)
    for i in range(view.shape[0]):
        uptime = 1.0 - view[i, ERROR_SHARE_5M] - view[i, REFUSAL_SHARE_5M]
        memory.offers[i, 0] = view[i, TTFT_P50] / max(uptime, LEAST_UPTIME)
    return lowest(view, memory.offers, 0, u)


def sorted_by(sort: str, herds: bool) -> Imitation:
    """What a preset of one of the documented sorts imitates."""
    return Imitation(
        original=f"Vercel AI Gateway, sort = {sort}",
        release="documentation",
        date="2026-09-11",
        agreement="by rule; the service is not public",
        herds=herds,
    )


VERCEL = Policy(
    kind="vercel",
    choose=choose_vercel,
    summary="Vercel AI Gateway: sorted by recent uptime and latency, or by cost, TTFT or tokens per second.",
    source=SOURCE,
    ties="random",
    parameters=Vercel,
    offer_slots=1,
    imitation=Imitation(
        original="Vercel AI Gateway, default order",
        release="documentation; its form is not published: ours",
        date="2026-09-11",
        agreement="not public",
        herds=True,
    ),
)
