"""Policies that look at no queue: random, weighted, round robin and smooth weighted round robin."""

import numpy as np

from policies.toolbox import draw, inverse_power, price, uniform
from sim.compiled import rule
from sim.policy import Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import OPEN, THROUGHPUT_EWMA, WEIGHT

CREDIT, GAIN = 0, 1  # memory of smooth turns: what an offer has gained and not paid, and what it gains each turn


@rule()
def smooth_turn(view: np.ndarray, offers: np.ndarray) -> int:
    """Every open offer gains its gain; the one with the largest credit is chosen and pays the total."""
    row = -1
    total = 0.0
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            total += offers[i, GAIN]
            offers[i, CREDIT] += offers[i, GAIN]
            if row < 0 or offers[i, CREDIT] > offers[row, CREDIT]:
                row = i
    if row >= 0:
        offers[row, CREDIT] -= total
    return row


@rule()
def weigh_alike(view: np.ndarray) -> bool:
    """Whether the router's weights of all open offers are the same."""
    least = np.inf
    most = 0.0
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            least = min(least, view[i, WEIGHT])
            most = max(most, view[i, WEIGHT])
    return bool(most <= least)


def choose_random(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Any open offer, each with the same probability, or by the router's weights."""
    return uniform(view, u)


class Weighted(Part):
    """Parameters of ``weighted``."""

    exponent: float = quantity(
        1.0,
        unit="1",
        doc="Weights are throughput to this power; 0 is random",
        ge=0,
        le=10,
        source="Prequal (NSDI 2024) baseline: weights proportional to goodput / utilisation",
    )


WEIGHTED_AT = places(Weighted)


def choose_weighted(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Draw in proportion to learned throughput.

    Goodput over utilisation, with requests in flight as utilisation, is by Little's law the inverse of the
    time in the system, which for equal outputs is proportional to the throughput of a request.
    """
    exponent = memory.params[WEIGHTED_AT.exponent]
    for i in range(view.shape[0]):
        speed = view[i, THROUGHPUT_EWMA]
        memory.offers[i, 0] = speed if exponent == 1.0 else speed**exponent
    return draw(view, memory.offers, 0, u)


def choose_round_robin(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Next open offer after the last one chosen, in a fixed cyclic order; with unequal weights, in smooth turns."""
    rows: int = view.shape[0]
    if not weigh_alike(view):
        for i in range(rows):
            memory.offers[i, GAIN] = view[i, WEIGHT]
        return smooth_turn(view, memory.offers)
    start = int(memory.shared[0])
    for step in range(rows):
        row = (start + step) % rows
        if view[row, OPEN] > 0.0:
            memory.shared[0] = float(row + 1)
            return row
    return -1


class SmoothWrr(Part):
    """Parameters of ``smooth_wrr``."""

    k: float = quantity(
        2.0,
        unit="1",
        doc="Weights are list price to the power of minus this; 0 weighs all equally",
        ge=0,
        le=100,
        source="assumption: the shares of openrouter_classic, without its randomness",
    )


SMOOTH_AT = places(SmoothWrr)


def choose_smooth_wrr(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Smooth weighted round robin: every offer gains its weight, the largest is chosen and pays the total."""
    k = memory.params[SMOOTH_AT.k]
    least = np.inf
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            least = min(least, price(view, i, 1.0))
    for i in range(view.shape[0]):
        memory.offers[i, GAIN] = inverse_power(price(view, i, 1.0), least, k) * view[i, WEIGHT]
    return smooth_turn(view, memory.offers)


RANDOM = Policy(
    kind="random",
    choose=choose_random,
    summary="Any open offer, each with the same probability, or by the router's weights.",
    source="baseline; every server is then M/G/1",
    ties="none: the choice is a draw",
)
WEIGHTED = Policy(
    kind="weighted",
    choose=choose_weighted,
    summary="Draw in proportion to learned throughput to a power.",
    source="weighted round robin baseline of Prequal (Wydrowski et al., NSDI 2024)",
    ties="none: the choice is a draw",
    parameters=Weighted,
    offer_slots=1,
)
ROUND_ROBIN = Policy(
    kind="round_robin",
    choose=choose_round_robin,
    summary="Next open offer in a fixed cyclic order; the offer after a closed one takes its turn.",
    source="classic; E_n/M/1 for identical exponential servers",
    ties="none: the order is the list's, every offer has the same share",
    offer_slots=2,
    shared_slots=1,
)
SMOOTH_WRR = Policy(
    kind="smooth_wrr",
    choose=choose_smooth_wrr,
    summary="Evenly interleaved weighted round robin with weights price^-k.",
    source="nginx upstream round robin (smooth weighted round robin, 2012)",
    ties="list order; with equal weights every offer still has the same share",
    parameters=SmoothWrr,
    imitation=Imitation(
        original="nginx, upstream round robin",
        release="1.2 (smooth weighted round robin)",
        date="2012-05",
        agreement="its published sequence for weights 5, 1, 1",
    ),
    offer_slots=2,
)
