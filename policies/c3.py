"""C3: rank by a cubic estimate of the queue, and send to each server at a rate that its answers confirm.

Suresh, Canini, Schmid and Feldmann, "C3: cutting tail latency in cloud data stores via adaptive replica selection",
NSDI 2015: section 3.1 (ranking) and 3.2 (rate control, off by default here). What the paper leaves open is as in the
authors' simulator, lalithsuresh/absim, `simulations/client.py` (commit 0aa43475).
"""

import math

import numpy as np

from policies.toolbox import lowest
from sim.compiled import rule
from sim.policy import DISPATCH, DONE, Event, Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import IN_FLIGHT, OPEN, PUBLISHED_AT_S, PUBLISHED_IN_FLIGHT

C3_PAPER = "Suresh, Canini, Schmid and Feldmann, C3, NSDI 2015"
ABSIM = f"{C3_PAPER}; lalithsuresh/absim@0aa43475, simulations/client.py"

# an offer's memory: its rank, then its limiter (RATE is 0 before its first use), then what it answered
SCORE, WAIT_S, SERVICE_S, QUEUE, HEARD = 0, 1, 2, 3, 4
RATE, TOKENS, FILLED_S, RAISED_S, CUT_S, RATE_BEFORE_CUT = 5, 6, 7, 8, 9, 10
RECEIVED, ANSWERS, INTERVAL, SLOTS = 11, 12, 13, 14
RECEIVED_ALPHA = 0.1  # weight of the newest interval in the rate of answers (absim)
LEAST_RATE = 0.01  # requests per interval (absim)


class C3(Part):
    """Parameters of ``c3``."""

    alpha: float = quantity(
        0.9, unit="1", doc="Weight of the newest sample in its averages", gt=0, le=1, source=C3_PAPER
    )
    exponent: float = quantity(3.0, unit="1", doc="Power of the queue estimate", ge=0, le=10, source=C3_PAPER)
    clients: float = quantity(
        1.0, unit="1", doc="Each own request in flight counts as so many in the queue: the number of clients",
        ge=0, source=f"{C3_PAPER}: the concurrency compensation",
    )
    rate_interval_s: float = quantity(
        0.0, unit="s", doc="Interval in which the rate control counts requests and answers; 0 is no rate control", ge=0,
        source=f"off; {C3_PAPER}: 20 ms, at services of a few ms",
    )
    first_rate: float = quantity(
        10.0, unit="requests", doc="Requests per interval that an offer is sent at first, and the most it can save up",
        gt=0, source=ABSIM,
    )
    cut: float = quantity(
        0.2, unit="1", doc="Factor on the rate of an offer that answers less than it is sent", gt=0, lt=1, source=ABSIM
    )
    growth: float = quantity(
        0.032, unit="1", doc="Scale of the cubic growth of a rate, in requests per interval by intervals cubed", gt=0,
        source=f"{ABSIM}: 4e-6 a cubed ms at intervals of 20 ms",
    )
    largest_step: float = quantity(
        10.0, unit="requests", doc="By how much an answer raises a rate at most", gt=0, source=ABSIM
    )
    hysteresis: float = quantity(
        2.0, unit="1", doc="Intervals after a rise of a rate in which it is not cut", ge=0, source=ABSIM
    )


C3_AT = places(C3)


@rule()
def average(held: float, sample: float, alpha: float) -> float:
    """Exponential average that begins at zero, as the original's does."""
    return alpha * sample + (1.0 - alpha) * held


@rule()
def fill(own: np.ndarray, params: np.ndarray, now_s: float) -> None:
    """Bring an offer's tokens up to now: its rate an interval, at most ``first_rate`` of them."""
    if own[RATE] == 0.0:
        own[RATE] = own[TOKENS] = own[RATE_BEFORE_CUT] = params[C3_AT.first_rate]
        own[FILLED_S] = now_s
    gained = own[RATE] * (now_s - own[FILLED_S]) / params[C3_AT.rate_interval_s]
    own[TOKENS] = min(params[C3_AT.first_rate], own[TOKENS] + gained)
    own[FILLED_S] = now_s


@rule()
def hold_back(view: np.ndarray, memory: Memory, now_s: float) -> None:
    """Rank whoever has no token behind all others, unless nobody has one."""
    free = False
    for i in range(view.shape[0]):
        fill(memory.offers[i], memory.params, now_s)
        free = free or (view[i, OPEN] > 0.0 and memory.offers[i, TOKENS] >= 1.0)
    for i in range(view.shape[0]):
        if free and memory.offers[i, TOKENS] < 1.0:
            memory.offers[i, SCORE] = np.inf


@rule()
def hear_answer(own: np.ndarray, params: np.ndarray, now_s: float) -> None:
    """Count an answer; raise the rate of an offer that answers more than it is sent, else cut it (CUBIC)."""
    interval_s = params[C3_AT.rate_interval_s]
    interval = math.floor(now_s / interval_s)
    if interval > own[INTERVAL]:
        gone = interval - own[INTERVAL] - 1.0
        own[RECEIVED] = average(own[RECEIVED], own[ANSWERS], RECEIVED_ALPHA) * (1.0 - RECEIVED_ALPHA) ** gone
        own[ANSWERS] = 0.0
        own[INTERVAL] = interval
    own[ANSWERS] += 1.0
    fill(own, params, now_s)
    if own[RATE] < own[RECEIVED]:
        own[RAISED_S] = now_s
        before = own[RATE_BEFORE_CUT]
        saddle = (before * params[C3_AT.cut] / params[C3_AT.growth]) ** (1.0 / 3.0)
        wanted = params[C3_AT.growth] * ((now_s - own[CUT_S]) / interval_s - saddle) ** 3 + before
        own[RATE] = max(LEAST_RATE, min(own[RATE] + params[C3_AT.largest_step], wanted))
    elif own[RATE] > own[RECEIVED] > 0.0 and now_s - own[RAISED_S] > params[C3_AT.hysteresis] * interval_s:
        own[RATE_BEFORE_CUT] = own[RATE]
        own[RATE] = max(LEAST_RATE, own[RATE] * params[C3_AT.cut])
        own[CUT_S] = now_s


def choose_c3(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Lowest waiting time plus service time x (queue estimate cubed), of those whose rate is not used up."""
    for i in range(view.shape[0]):
        own = memory.offers[i]
        if view[i, PUBLISHED_AT_S] + 1.0 > own[HEARD]:
            own[QUEUE] = average(own[QUEUE], view[i, PUBLISHED_IN_FLIGHT], memory.params[C3_AT.alpha])
            own[HEARD] = view[i, PUBLISHED_AT_S] + 1.0
        queue = 1.0 + own[QUEUE] + memory.params[C3_AT.clients] * view[i, IN_FLIGHT]
        own[SCORE] = own[WAIT_S] + queue ** memory.params[C3_AT.exponent] * own[SERVICE_S]
    if memory.params[C3_AT.rate_interval_s] > 0.0:
        hold_back(view, memory, request.now_s)
    return lowest(view, memory.offers, SCORE, u)


def observe_c3(memory: Memory, event: Event) -> None:
    """Average the time to the first token as waiting, the rest of the answer as service; steer the rate."""
    own = memory.offers[event.row]
    limits = memory.params[C3_AT.rate_interval_s] > 0.0
    if event.kind == DISPATCH and limits:
        fill(own, memory.params, event.now_s)
        own[TOKENS] = max(0.0, own[TOKENS] - 1.0)
    if event.kind == DONE:
        own[WAIT_S] = average(own[WAIT_S], event.ttft_s, memory.params[C3_AT.alpha])
        own[SERVICE_S] = average(own[SERVICE_S], event.e2e_s - event.ttft_s, memory.params[C3_AT.alpha])
        if limits:
            hear_answer(own, memory.params, event.now_s)


C3_POLICY = Policy(
    kind="c3",
    choose=choose_c3,
    summary="Lowest waiting time + service time x (queue estimate)^3; rate control if wanted.",
    source=C3_PAPER,
    ties="random",
    parameters=C3,
    observe=observe_c3,
    offer_slots=SLOTS,
    imitation=Imitation(
        original="C3, replica ranking, and its rate control (off by default)",
        release="Suresh et al., NSDI 2015, the authors' branch of Cassandra (ScoreTracker) and absim 0aa43475",
        date="2015-05",
        agreement="formulas by hand-worked values; not run side by side",
    ),
)
