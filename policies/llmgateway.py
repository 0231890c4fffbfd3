"""LLM Gateway's score: an open-source marketplace router whose every constant is public.

Source: theopenco/llmgateway, packages/actions/src/get-cheapest-from-available-providers.ts and
compute-provider-scores.ts, packages/shared/src/routing-defaults.ts. Its prompt-cache term weighs nothing since
November 2026, and offers here do not say whether they cache. Priorities are 1, so their term is zero.
"""

from typing import NamedTuple

import numpy as np

from policies.toolbox import least_open, lowest_or_first, uniform
from sim.compiled import rule
from sim.draws import derive, split
from sim.policy import DONE, FAILED, TOO_LONG, Event, Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import OPEN, PRICE_IN, PRICE_OUT

SOURCE = "theopenco/llmgateway@090f52cc (2026), compute-provider-scores.ts and routing-defaults.ts"

MINUTES = 60  # window of the metrics
HEAVY, MIDDLE = 10.0, 3.0  # weights of the last minute and of the four before; the rest weighs 1
DEFAULT_UPTIME, DEFAULT_LATENCY_S, DEFAULT_TOKENS_PER_S = 100.0, 1.0, 50.0

SCORE, UPTIME, LATENCY, SPEED, RING = 0, 1, 2, 3, 4
STAMP, ENDED, FAILURES, DONES, TTFT_SUM, SPEED_SUM, FIELDS = 0, 1, 2, 3, 4, 5, 6
# shared memory: the minute of the metrics, then of each organisation its class + 1, its offer, and until when
REFRESHED, STAYS = 0, 1
WHOSE, WHERE, UNTIL, STAY_FIELDS = 0, 1, 2, 3
ORGANISATIONS = 256  # that are remembered; later classes take the places of earlier ones
SESSION_SALT = 101  # keys the rendezvous hash of sessions, apart from the purposes in sim.draws
STABLE = "theopenco/llmgateway@40f2acc9 (2026), preferred-provider.ts, and its documentation of routing"


class LlmGateway(Part):
    """Parameters of ``llmgateway``."""

    price: float = quantity(0.6, unit="1", doc="Weight of the price ratio", ge=0, source=SOURCE)
    uptime: float = quantity(0.5, unit="1", doc="Weight of the uptime ratio", ge=0, source=SOURCE)
    throughput: float = quantity(0.3, unit="1", doc="Weight of the throughput ratio", ge=0, source=SOURCE)
    latency: float = quantity(0.075, unit="1", doc="Weight of the latency ratio", ge=0, source=SOURCE)
    slowest: float = quantity(
        3.0, unit="1", doc="Largest throughput ratio: whoever is slower is no worse", gt=0, source=SOURCE
    )
    by_range: bool = quantity(
        False,
        unit="flag",
        doc="Score by the place between the best and the worst offer instead of the ratio to the best",
        source="theopenco/llmgateway@75fb1556: its first form",
    )
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
    stable_s: float = quantity(
        0.0, unit="s", doc="How long a client class stays with the offer that scored best for it; 0 is off", ge=0,
        source=f"off; {STABLE}: an hour, for each organisation",
    )
    stable_margin: float = quantity(
        0.15, unit="1", doc="It leaves an offer whose score is worse than the best by more", ge=0, source=STABLE
    )
    stable_uptime: float = quantity(
        0.85, unit="1", doc="It leaves an offer whose uptime is less", ge=0, le=1, source=STABLE
    )


AT = places(LlmGateway)


class Place(NamedTuple):
    """A value between the best and the worst one of the open offers."""

    value: float
    best: float
    worst: float


class Extremes(NamedTuple):
    """The least or the largest values of the open offers; ``paid`` is of prices above zero."""

    price: float
    paid: float
    uptime: float
    speed: float
    latency: float


@rule()
def uptime_penalty(uptime: float) -> float:
    """Penalty of an uptime in percent: quadratic below 95."""
    return (5.0 * (95.0 - uptime) / 95.0) ** 2 if uptime < 95.0 else 0.0


@rule()
def shortfall(ratio: float, place: Place, by_range: float) -> float:
    """How far an offer is behind the best: by how much a ratio exceeds 1, or its place between best and worst."""
    if by_range <= 0.0:
        return ratio - 1.0
    return (place.value - place.best) / (place.worst - place.best) if place.worst != place.best else 0.0


@rule()
def _list_price(view: np.ndarray, row: int) -> float:
    return float(0.5 * (view[row, PRICE_IN] + view[row, PRICE_OUT]))


@rule()
def _price_ratio(price: float, cheapest: float, cheapest_paid: float) -> float:
    """Price over the cheapest one; where that is free, one more than the price over the cheapest that is not."""
    if cheapest > 0.0:
        return price / cheapest
    return 1.0 + price / cheapest_paid if price > 0.0 else 1.0


@rule()
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


@rule()
def _best_and_worst(view: np.ndarray, memory: Memory) -> tuple[Extremes, Extremes]:
    """Of each signal the least and the largest value of an open offer."""
    least = Extremes(price=np.inf, paid=np.inf, uptime=np.inf, speed=np.inf, latency=np.inf)
    most = Extremes(price=0.0, paid=0.0, uptime=0.0, speed=0.0, latency=0.0)
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            own, price = memory.offers[i], _list_price(view, i)
            least = Extremes(
                price=min(least.price, price),
                paid=min(least.paid, price if price > 0.0 else np.inf),
                uptime=min(least.uptime, own[UPTIME]),
                speed=min(least.speed, own[SPEED]),
                latency=min(least.latency, own[LATENCY]),
            )
            most = Extremes(
                price=max(most.price, price),
                paid=0.0,
                uptime=max(most.uptime, own[UPTIME]),
                speed=max(most.speed, own[SPEED]),
                latency=max(most.latency, own[LATENCY]),
            )
    return least, most


@rule()
def _score(view: np.ndarray, memory: Memory) -> None:
    """Fill SCORE of all rows by how far they are behind the best open one."""
    params = memory.params
    weights = params[AT.price] + params[AT.uptime] + params[AT.throughput] + params[AT.latency]
    total = max(weights, 1e-12)  # all may be zero: price then ties too
    by_range = params[AT.by_range]
    least, most = _best_and_worst(view, memory)
    for i in range(view.shape[0]):
        own, price = memory.offers[i], _list_price(view, i)
        uptime, speed, latency = own[UPTIME], own[SPEED], own[LATENCY]
        faster = most.speed / speed if speed > 0.0 else np.inf
        safer = most.uptime / uptime if uptime > 0.0 else 2.0
        later = latency / least.latency if least.latency > 0.0 else 1.0
        by_price = Place(value=price, best=least.price, worst=most.price)
        by_uptime = Place(value=uptime, best=most.uptime, worst=least.uptime)
        by_speed = Place(value=speed, best=most.speed, worst=least.speed)
        by_latency = Place(value=latency, best=least.latency, worst=most.latency)
        behind = (
            params[AT.price] * shortfall(_price_ratio(price, least.price, least.paid), by_price, by_range)
            + params[AT.uptime] * shortfall(safer, by_uptime, by_range)
            + params[AT.throughput] * min(params[AT.slowest], shortfall(faster, by_speed, by_range))
            + params[AT.latency] * shortfall(later, by_latency, by_range)
        )
        own[SCORE] = uptime_penalty(uptime) + behind / total


@rule()
def _stays_at(view: np.ndarray, memory: Memory, row: int) -> bool:
    """Whether the offer that an organisation had before is still good enough."""
    own, params = memory.offers[row], memory.params
    return bool(
        view[row, OPEN] > 0.0
        and own[UPTIME] >= 100.0 * params[AT.stable_uptime]
        and own[SCORE] - least_open(view, memory.offers, SCORE) <= params[AT.stable_margin]
    )


@rule()
def _stable(view: np.ndarray, request: Request, memory: Memory, best: int) -> int:
    """The offer that the request's class had before, or the best one, to be remembered."""
    at = STAYS + STAY_FIELDS * (request.client_class % ORGANISATIONS)
    stay = memory.shared[at:at + STAY_FIELDS]
    if stay[WHOSE] == request.client_class + 1.0 and request.now_s < stay[UNTIL]:
        row = int(stay[WHERE])
        if _stays_at(view, memory, row):
            return row
    stay[WHOSE] = request.client_class + 1.0
    stay[WHERE] = best
    stay[UNTIL] = request.now_s + memory.params[AT.stable_s]
    return best


def choose_llmgateway(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Lowest weighted sum of ratios to the best offer, plus a penalty for low uptime; or the class's old offer."""
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
    if memory.shared[REFRESHED] != minute + 1.0:
        _refresh(memory, minute)
        memory.shared[REFRESHED] = minute + 1.0
    _score(view, memory)
    best = lowest_or_first(view, memory.offers, SCORE, u, memory.params[AT.ties_first])
    if memory.params[AT.stable_s] > 0.0 and request.attempt == 0 and best >= 0:
        return _stable(view, request, memory, best)
    return best


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
    shared_slots=STAYS + STAY_FIELDS * ORGANISATIONS,
    imitation=Imitation(
        original="LLM Gateway (theopenco/llmgateway)",
        release="090f52cc",
        date="2026-11",
        agreement="score by hand-worked values; not run side by side",
        herds=True,
    ),
)
