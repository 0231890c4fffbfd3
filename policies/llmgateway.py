"""LLM Gateway's score: an open-source marketplace router whose every constant is public.

Source: theopenco/llmgateway, packages/actions/src/get-cheapest-from-available-providers.ts and
packages/shared/src/routing-config.ts (2026). Its prompt-cache term is left out: offers here do not say
whether they cache. Priorities are 1, so their term is zero.
"""

import numpy as np

from policies.toolbox import lowest_or_first, uniform
from sim.compiled import njit
from sim.draws import derive, split
from sim.policy import DONE, FAILED, TOO_LONG, Event, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import OPEN, PRICE_IN, PRICE_OUT

SOURCE = "theopenco/llmgateway, get-cheapest-from-available-providers.ts and routing-config.ts (2026)"

MINUTES = 60  # window of the metrics
HEAVY, MIDDLE = 10.0, 3.0  # weights of the last minute and of the four before; the rest weighs 1
DEFAULT_UPTIME, DEFAULT_LATENCY_S, DEFAULT_TOKENS_PER_S = 100.0, 1.0, 50.0

SCORE, UPTIME, LATENCY, SPEED, RING = 0, 1, 2, 3, 4
STAMP, ENDED, FAILURES, DONES, TTFT_SUM, SPEED_SUM, FIELDS = 0, 1, 2, 3, 4, 5, 6
SESSION_SALT = 101  # keys the rendezvous hash of sessions, apart from the purposes in sim.draws


class LlmGateway(Part):
    """Parameters of ``llmgateway``."""

    price: float = quantity(0.6, unit="1", doc="Weight of the price ratio", ge=0, source=SOURCE)
    uptime: float = quantity(0.5, unit="1", doc="Weight of the uptime ratio", ge=0, source=SOURCE)
    throughput: float = quantity(0.05, unit="1", doc="Weight of the throughput ratio", ge=0, source=SOURCE)
    latency: float = quantity(0.025, unit="1", doc="Weight of the latency ratio", ge=0, source=SOURCE)
    exploration: float = quantity(
        0.01, unit="1", doc="Share of requests placed uniformly", ge=0, le=1, source=SOURCE
    )
    sessions: bool = quantity(
        False,
        unit="flag",
        doc="Requests with a session skip scoring: rendezvous hashing",
        source="assumption: clients send no session id; the original hashes when they do",
    )
    ties_first: bool = quantity(
        True, unit="flag", doc="Quirk: ties go to the first offer of the list", source=SOURCE
    )


AT = places(LlmGateway)


@njit(cache=True)
def uptime_penalty(uptime: float) -> float:
    """Penalty of an uptime in percent: quadratic below 95."""
    return (5.0 * (95.0 - uptime) / 95.0) ** 2 if uptime < 95.0 else 0.0


@njit(cache=True)
def shortfall(value: float, best: float, fallback: float) -> float:
    """``value / best - 1``, or ``fallback`` where the ratio does not exist (as in the original)."""
    return value / best - 1.0 if best > 0.0 else fallback


@njit(cache=True)
def _refresh(memory: Memory, minute: float) -> None:
    """Recompute every offer's metrics from its last 60 full minutes."""
    for i in range(memory.offers.shape[0]):
        own = memory.offers[i]
        ended, failures, dones, ttft, speed = 0.0, 0.0, 0.0, 0.0, 0.0
        for slot in range(MINUTES):
            at = RING + slot * FIELDS
            age = minute - own[at + STAMP]
            if own[at + ENDED] == 0.0 or age < 1.0 or age > MINUTES:
                continue
            weight = HEAVY if age <= 1.0 else MIDDLE if age <= 5.0 else 1.0
            ended += weight * own[at + ENDED]
            failures += weight * own[at + FAILURES]
            dones += weight * own[at + DONES]
            ttft += weight * own[at + TTFT_SUM]
            speed += weight * own[at + SPEED_SUM]
        own[UPTIME] = 100.0 * (1.0 - failures / ended) if ended > 0.0 else DEFAULT_UPTIME
        own[LATENCY] = ttft / dones if dones > 0.0 else DEFAULT_LATENCY_S
        own[SPEED] = speed / dones if dones > 0.0 else DEFAULT_TOKENS_PER_S


@njit(cache=True)
def _score(view: np.ndarray, memory: Memory) -> None:
    """Fill SCORE of the open rows from their ratios to the best open one."""
    w_price, w_uptime, w_speed, w_latency = (
        memory.params[AT.price],
        memory.params[AT.uptime],
        memory.params[AT.throughput],
        memory.params[AT.latency],
    )
    total = max(
        w_price + w_uptime + w_speed + w_latency, 1e-12
    )  # all weights may be zero: price then ties too
    cheapest, fastest, quickest, safest = np.inf, 0.0, np.inf, 0.0
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            cheapest = min(cheapest, 0.5 * (view[i, PRICE_IN] + view[i, PRICE_OUT]))
            safest = max(safest, memory.offers[i, UPTIME])
            fastest = max(fastest, memory.offers[i, SPEED])
            quickest = min(quickest, memory.offers[i, LATENCY])
    for i in range(view.shape[0]):
        own = memory.offers[i]
        own[SCORE] = (
            uptime_penalty(own[UPTIME])
            + (
                w_price * shortfall(0.5 * (view[i, PRICE_IN] + view[i, PRICE_OUT]), cheapest, 0.0)
                + w_uptime * shortfall(safest, own[UPTIME], 1.0)
                + w_speed * shortfall(fastest, own[SPEED], 1.0)
                + w_latency * shortfall(own[LATENCY], quickest, 0.0)
            )
            / total
        )


def choose_llmgateway(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Lowest weighted sum of ratios to the best offer, plus a penalty for low uptime."""
    if memory.params[AT.sessions] > 0.0 and request.session >= 0:
        row = -1
        best = -1.0
        for i in range(view.shape[0]):
            key = derive(request.session, SESSION_SALT, request.first_row + i)
            if view[i, OPEN] > 0.0 and key > best:
                row = i
                best = key
        return row
    if split(u, view.shape[0]) < memory.params[AT.exploration]:
        return uniform(view, u)
    minute = np.floor(request.now_s / 60.0)
    if memory.shared[0] != minute + 1.0:
        _refresh(memory, minute)
        memory.shared[0] = minute + 1.0
    _score(view, memory)
    return lowest_or_first(view, memory.offers, SCORE, u, memory.params[AT.ties_first])


def observe_llmgateway(memory: Memory, event: Event) -> None:
    """Count ended attempts by clock minute; any failure but too long lowers uptime (429s included)."""
    if event.kind != DONE and (event.kind != FAILED or event.failure == TOO_LONG):
        return
    minute = np.floor(event.now_s / 60.0)
    own = memory.offers[event.row]
    at = RING + int(minute % MINUTES) * FIELDS
    if own[at + STAMP] != minute:
        for field in range(FIELDS):
            own[at + field] = 0.0
        own[at + STAMP] = minute
    own[at + ENDED] += 1.0
    if event.kind == FAILED:
        own[at + FAILURES] += 1.0
    elif event.e2e_s > 0.0:
        own[at + DONES] += 1.0
        own[at + TTFT_SUM] += event.ttft_s
        own[at + SPEED_SUM] += event.output_tokens / event.e2e_s


LLMGATEWAY = Policy(
    kind="llmgateway",
    choose=choose_llmgateway,
    summary="LLM Gateway's score of price, uptime, throughput and latency by the minute; 1% exploration.",
    source=SOURCE,
    ties="list order (quirk of the original); random with ties_first = false",
    parameters=LlmGateway,
    observe=observe_llmgateway,
    offer_slots=RING + MINUTES * FIELDS,
    shared_slots=1,
)
