"""OpenRouter's default since autumn 2026: a draw by adjusted price and speed, as its figures show it.

An offer's generalised cost is its adjusted price plus 100 dollars a million tokens for a token a second, over its
speed: the drawn edge is 30 % above the best cost. Adjusted price is what was really charged lately, applied to this
request, raised by failed and broken answers, plus the cost of waiting for a first token and of a 429. Preference
falls with the distance from the best along the drawn curve, and a share of the draws is exploration.

Every offer has sums of what was heard of it, the newest counting most; once a second they become estimates. One with
little evidence looks like a typical peer, the median of the offers that have some, and moves to its own numbers as
data come in. OpenRouter calls its numbers illustrative; no others are published, and thresholds not at all.
"""

import math
from typing import Final

import numpy as np

from policies.openrouter import CUTS
from policies.openrouter_curve import preference
from policies.toolbox import draw, fade, middle
from sim.compiled import rule
from sim.policy import (
    DISPATCH,
    DONE,
    FAILED,
    FIRST_TOKEN,
    MIDSTREAM,
    QUEUE_FULL,
    RATE_LIMITED,
    TOO_LONG,
    Event,
    Imitation,
    Memory,
    Policy,
    Request,
    places,
)
from sim.scenario.base import Part, quantity
from sim.units import DAY_S, MINUTE_S
from sim.view import COST_USD, OPEN, PRICE_CUT_S, THROUGHPUT_EWMA, TTFT_EWMA_S

DOCS = "OpenRouterTeam/docs@3634e3c, guides/providers/traffic-routing"
OURS = "assumption: not published"
LOOK_S: Final = 1.0  # estimates are made anew after that time
SLOTS, SLOT_S = 6, 300.0  # effective prices rest on this slot of five minutes and the five before it
FEW: Final = 0.5  # evidence of less than one request is none
TIMELY: Final = 5.0  # answers, or ends, of the last moments that can be a jump or a burst

# Columns of the memory. Sums that are forgotten over minutes:
ENDED, ERRORS, BROKEN, REFUSED, TTFTS, TTFT_S, ANSWERS, TOKENS, SECONDS = range(9)
# and over seconds:
ENDED_NOW, REFUSED_NOW, TTFTS_NOW, TTFT_NOW_S = range(9, 13)
BROUGHT_UP_S, PAUSED, PAUSED_UNTIL_S, PROBES, BAD_PROBES = range(13, 18)
MINUTE, SENT, TURNED_AWAY, CAP = range(18, 22)  # clock minute, and its requests; the cap a minute, 0 if none is known
# estimates, and what the draw needs:
PROMPT_USD, OUTPUT_USD, TOKEN_S, FIRST_S, ERROR_SHARE, BROKEN_SHARE, REFUSED_SHARE, FACTOR = range(22, 30)
COST, WEIGHT, SCRATCH = 30, 31, 32
# Sums over half an hour: answers, tokens and USD of prompts, tokens and USD of answers; then the same by slots.
BILLS, IN_TOKENS, IN_USD, OUT_TOKENS, OUT_USD, SLOT = range(33, 39)
PAID, PER_SLOT = 39, 5
OFFER_SLOTS: Final = PAID + SLOTS * PER_SLOT
NEXT_LOOK_S: Final = 0  # column of the shared memory


class OpenRouterAdjusted(Part):
    """Parameters of ``openrouter_adjusted``."""

    speed_cost: float = quantity(
        100.0, unit="USD/Mtok·tokens/s", doc="Cost of a token a second: over an offer's speed it is part of its cost",
        ge=0, source=f"{DOCS}: the drawn edge is where adjusted price + 100 / speed is 1.3 times the best offer's",
    )
    ttft_cost: float = quantity(
        0.2, unit="USD/Mtok/s", doc="What a second until the first token adds to the adjusted price", ge=0,
        source="assumption: a second costs what it does in speed_cost at answers of 500 tokens (the drawn example of "
        "speed); the drawn parts .14 .12 .18 .65 are then waits of .7 .6 .9 3.25 s",
    )
    error_cost: float = quantity(
        8.0, unit="1", doc="By how much a share of failed answers of 1 raises the effective price", ge=0,
        source=f"{DOCS}: 1 % of errors, 8x penalty, + 8 %",
    )
    broken_cost: float = quantity(
        1.0, unit="1", doc="The same of broken answers", ge=0, source=f"{DOCS}: 95 % well formed, + 5 %")
    streams_are_errors: bool = quantity(
        True, unit="flag", doc="A stream that breaks is a failed answer; otherwise a broken one",
        source=f"{DOCS}: responses that fail partway through count as errors; broken are malformed tool calls, which "
        "no offer here makes",
    )
    refusal_cost: float = quantity(
        2.5, unit="USD/Mtok", doc="What a share of 429s of 1 adds to the adjusted price", ge=0,
        source=f"{DOCS}: 2.50 dollars of wait and penalty at a rate of .4 % add one cent",
    )
    exploration: float = quantity(
        0.08, unit="1", doc="Share of the draws that all open offers have in equal parts", ge=0, le=1,
        source=f"{DOCS}: what reproduces the published shares",
    )
    memory_s: float = quantity(
        300.0, unit="s", doc="Time constant with which evidence of speed, latency and failures is forgotten", gt=0,
        source="assumption: the last few minutes count most, it is published",
    )
    peer_requests: float = quantity(
        400.0, unit="requests", doc="Requests, as far as remembered, from which an offer's own speed, latency and "
        "failures count as much as a typical peer's", ge=0,
        source="assumption: with fewer, chance on identical servers makes requests herd",
    )
    peer_bills: float = quantity(
        20.0, unit="requests", doc="The same of its effective price, which chance moves less", ge=0, source=OURS)
    breaker_gap: float = quantity(
        0.3, unit="1", doc="An offer whose share of errors, or of 429s, exceeds a typical peer's by more is paused",
        ge=0, le=1, source="assumption: far worse than the peers, it is published",
    )
    breaker_requests: float = quantity(
        10.0, unit="requests", doc="Ended requests, as far as remembered, from which that holds", gt=0, source=OURS
    )
    breaker_s: float = quantity(
        60.0, unit="s", doc="How long a pause lasts, before exploration tests whether it is over", gt=0, source=OURS
    )
    breaker_probes: float = quantity(
        5.0, unit="requests", doc="Requests of exploration that end a pause, unless they are as bad", gt=0, source=OURS
    )
    flag_share: float = quantity(
        0.1, unit="1", doc="Share of broken streams above which an offer is flagged: exploration only", ge=0, le=1,
        source="assumption: flags are published, not their thresholds; broken streams stand for broken tool calls",
    )
    spike_share: float = quantity(
        0.1, unit="1", doc="Share of a minute's requests turned away with a 429 above which the rest is the cap, cut",
        ge=0, le=1, source="assumption: between the drawn spike (a fifth) and the steady few (below a thirtieth)",
    )
    cap_cut: float = quantity(
        0.85, unit="1", doc="The cap after a spike, as a factor of what the offer took in that minute", gt=0, le=1,
        source=f"{DOCS}: drawn, 430 a minute of 510",
    )
    cap_growth: float = quantity(
        1.01, unit="1", doc="Factor on the cap after a minute without a 429", ge=1, le=10,
        source=f"{DOCS}: drawn, about 1 % a minute over 150 minutes",
    )
    burst_s: float = quantity(
        15.0, unit="s", doc="Time constant of the evidence for a burst of 429s or a jump of latency", gt=0, source=OURS
    )
    burst_share: float = quantity(
        0.5, unit="1", doc="Share of 429s in the last moments that is a burst", ge=0, le=1, source=OURS
    )
    jump: float = quantity(
        3.0, unit="1", doc="Mean time to first token of the last moments over its own of minutes that is a jump", gt=0,
        source=OURS,
    )
    lowered_to: float = quantity(
        0.25, unit="1", doc="Factor on the share of an offer while it has a burst or a jump", gt=0, le=1, source=OURS
    )
    cut_weight: float = quantity(
        1.0, unit="1", doc="Factor on the share of an offer that cut its price lately; 1 is off", gt=0, le=1,
        source=CUTS,
    )
    cut_memory_s: float = quantity(
        7 * DAY_S, unit="s", doc="How long a cut is remembered", ge=0, source="ai-routing (2026-07): a week"
    )


AT = places(OpenRouterAdjusted)


@rule()
def bring_up(memory: Memory, row: int, now_s: float) -> None:
    """Let an offer's sums fade, and begin its minute and its slot of prices anew, if it is time."""
    own = memory.offers[row]
    passed_s = now_s - own[BROUGHT_UP_S]
    if passed_s >= LOOK_S:
        own[BROUGHT_UP_S] = now_s
        fade(own, ENDED, ENDED_NOW, math.exp(-passed_s / memory.params[AT.memory_s]))
        fade(own, ENDED_NOW, BROUGHT_UP_S, math.exp(-passed_s / memory.params[AT.burst_s]))
    minute = math.floor(now_s / MINUTE_S)
    if minute != own[MINUTE]:
        end_minute(memory, row)
        own[MINUTE] = minute
    slot = math.floor(now_s / SLOT_S)
    if slot != own[SLOT]:
        for begun in range(int(max(own[SLOT] + 1, slot - SLOTS + 1)), slot + 1):
            at = PAID + PER_SLOT * (begun % SLOTS)
            own[at:at + PER_SLOT] = 0.0
        own[SLOT] = slot


@rule()
def end_minute(memory: Memory, row: int) -> None:
    """Learn from the minute that is over how much load an offer takes."""
    own = memory.offers[row]
    if own[SENT] > 0.0:
        if own[TURNED_AWAY] > memory.params[AT.spike_share] * own[SENT]:
            own[CAP] = max(memory.params[AT.cap_cut] * (own[SENT] - own[TURNED_AWAY]), 1.0)
        elif own[TURNED_AWAY] == 0.0:
            own[CAP] *= memory.params[AT.cap_growth]
    own[SENT] = 0.0
    own[TURNED_AWAY] = 0.0


@rule()
def below_cap(own: np.ndarray, now_s: float) -> bool:
    """Whether this minute's requests leave room under the cap; a second is lent in advance."""
    if own[CAP] == 0.0:
        return True
    return bool(own[SENT] * MINUTE_S < own[CAP] * (now_s % MINUTE_S + 1.0))


def observe_openrouter_adjusted(memory: Memory, event: Event) -> None:
    """Add what was heard to the sums of its offer."""
    own = memory.offers[event.row]
    bring_up(memory, event.row, event.now_s)
    if event.kind == DISPATCH:
        own[SENT] += 1.0
    elif event.kind == FIRST_TOKEN:
        own[TTFTS] += 1.0
        own[TTFT_S] += event.ttft_s
        own[TTFTS_NOW] += 1.0
        own[TTFT_NOW_S] += event.ttft_s
    elif event.kind == DONE:
        own[ANSWERS] += 1.0
        own[TOKENS] += event.output_tokens
        own[SECONDS] += event.e2e_s
        at = PAID + PER_SLOT * int(own[SLOT] % SLOTS)
        own[at] += 1.0
        own[at + 1] += event.prompt_tokens
        own[at + 2] += event.prompt_usd
        own[at + 3] += event.output_tokens
        own[at + 4] += event.output_usd
        count_end(own, False, False, False)
    elif event.kind == FAILED and event.failure != TOO_LONG:  # a bad request is nobody's error
        refused = event.failure == RATE_LIMITED or event.failure == QUEUE_FULL
        count_end(own, refused, not refused, event.failure == MIDSTREAM)


@rule()
def count_end(own: np.ndarray, refused: bool, error: bool, broken: bool) -> None:
    """Count a request that has ended: well, with a 429, or with an error, as which a broken stream counts."""
    own[ENDED] += 1.0
    own[ENDED_NOW] += 1.0
    own[REFUSED] += refused
    own[REFUSED_NOW] += refused
    own[TURNED_AWAY] += refused
    own[ERRORS] += error
    own[BROKEN] += broken
    if own[PAUSED] > 0.0:
        own[PROBES] += 1.0
        own[BAD_PROBES] += refused or error


@rule()
def typical(offers: np.ndarray, sum_of: int, count_of: int) -> float:
    """Median of one sum over another, of the offers that have evidence; NaN if none has."""
    for i in range(offers.shape[0]):
        known = offers[i, count_of] >= FEW
        offers[i, SCRATCH] = offers[i, sum_of] / offers[i, count_of] if known else np.nan
    return middle(offers, SCRATCH)


@rule()
def estimate(memory: Memory, column: int, sum_of: int, count_of: int, requests: int) -> float:
    """Write every offer's estimate of one sum over another, and return the typical peer's number.

    ``requests`` is the column that says how many requests an offer's own number rests on.
    """
    usual = typical(memory.offers, sum_of, count_of)
    peers = memory.params[AT.peer_bills] if requests == BILLS else memory.params[AT.peer_requests]
    for i in range(memory.offers.shape[0]):
        own = memory.offers[i]
        own[column] = usual
        if own[count_of] >= FEW:
            share = own[requests] / (own[requests] + peers)
            own[column] = usual + share * (own[sum_of] / own[count_of] - usual)
    return usual


@rule()
def add_bills(own: np.ndarray) -> None:
    """Add up an offer's bills of half an hour."""
    own[BILLS:SLOT] = 0.0
    for paid in range(SLOTS * PER_SLOT):
        own[BILLS + paid % PER_SLOT] += own[PAID + paid]


@rule()
def look(memory: Memory, now_s: float) -> None:
    """Make all estimates anew; pause who is far worse than the peers, and end pauses."""
    for i in range(memory.offers.shape[0]):
        bring_up(memory, i, now_s)
        add_bills(memory.offers[i])
    estimate(memory, PROMPT_USD, IN_USD, IN_TOKENS, BILLS)
    estimate(memory, OUTPUT_USD, OUT_USD, OUT_TOKENS, BILLS)
    estimate(memory, TOKEN_S, SECONDS, TOKENS, ANSWERS)
    estimate(memory, FIRST_S, TTFT_S, TTFTS, TTFTS)
    usual_errors = estimate(memory, ERROR_SHARE, ERRORS, ENDED, ENDED)
    estimate(memory, BROKEN_SHARE, BROKEN, ENDED, ENDED)
    usual_refused = estimate(memory, REFUSED_SHARE, REFUSED, ENDED, ENDED)
    for i in range(memory.offers.shape[0]):
        own = memory.offers[i]
        own[FACTOR] = memory.params[AT.lowered_to] if is_shaken(memory, own) else 1.0
        if own[PAUSED] > 0.0:
            end_pause(memory, own, now_s, usual_errors + usual_refused)
        elif own[ENDED] >= memory.params[AT.breaker_requests]:
            worst = max(own[ERRORS] / own[ENDED] - usual_errors, own[REFUSED] / own[ENDED] - usual_refused)
            if worst > memory.params[AT.breaker_gap]:
                pause(memory, own, now_s)


@rule()
def pause(memory: Memory, own: np.ndarray, now_s: float) -> None:
    """Send an offer nothing for a while, and then exploration until that goes well."""
    own[PAUSED] = 1.0
    own[PAUSED_UNTIL_S] = now_s + memory.params[AT.breaker_s]
    own[PROBES] = own[BAD_PROBES] = 0.0


@rule()
def end_pause(memory: Memory, own: np.ndarray, now_s: float, usual: float) -> None:
    """Let an offer that has recovered come back, without what made it pause; one that has not pauses again."""
    if now_s < own[PAUSED_UNTIL_S]:
        own[PROBES] = own[BAD_PROBES] = 0.0  # they were sent before the pause
    elif own[PROBES] >= memory.params[AT.breaker_probes]:
        if own[BAD_PROBES] / own[PROBES] - usual > memory.params[AT.breaker_gap]:
            pause(memory, own, now_s)
        else:
            own[PAUSED] = 0.0
            own[ENDED:TTFTS] = 0.0


@rule()
def is_shaken(memory: Memory, own: np.ndarray) -> bool:
    """Whether an offer has a burst of 429s or a jump of latency."""
    burst = own[ENDED_NOW] >= TIMELY and own[REFUSED_NOW] > memory.params[AT.burst_share] * own[ENDED_NOW]
    usual_s = own[TTFT_S] / max(own[TTFTS], FEW)
    jump = own[TTFTS_NOW] >= TIMELY and own[TTFT_NOW_S] / own[TTFTS_NOW] > memory.params[AT.jump] * usual_s
    return bool(burst or jump)


@rule()
def is_flagged(memory: Memory, own: np.ndarray) -> bool:
    """Whether an offer gets exploration only: it breaks too many streams, or its pause is on probation."""
    enough = own[ENDED] >= memory.params[AT.breaker_requests]
    return bool(own[PAUSED] > 0.0 or (enough and own[BROKEN] > memory.params[AT.flag_share] * own[ENDED]))


@rule()
def effective_price(row: np.ndarray, own: np.ndarray, request: Request) -> float:
    """What the request would cost at what the offer charged lately, USD per million of its tokens."""
    usd = request.prompt_tokens * own[PROMPT_USD] + request.expected_output_tokens * own[OUTPUT_USD]
    if np.isnan(usd):
        usd = row[COST_USD]  # nobody has charged anything: the posted prices are all that is known
    return float(usd * 1e6 / max(request.prompt_tokens + request.expected_output_tokens, 1.0))


@rule()
def adjusted_price(row: np.ndarray, memory: Memory, own: np.ndarray, request: Request) -> float:
    """What a good answer really costs at an offer, USD per million tokens (P in E25)."""
    params = memory.params
    wait_s = row[TTFT_EWMA_S] if np.isnan(own[FIRST_S]) else own[FIRST_S]
    errors, broken = own[ERROR_SHARE], own[BROKEN_SHARE]
    if np.isnan(errors):
        return float(effective_price(row, own, request) + params[AT.ttft_cost] * wait_s)
    if params[AT.streams_are_errors] > 0.0:
        broken = 0.0
    raised = 1.0 + params[AT.error_cost] * (errors - broken) + params[AT.broken_cost] * broken
    return float(effective_price(row, own, request) * raised + params[AT.ttft_cost] * wait_s
                 + params[AT.refusal_cost] * own[REFUSED_SHARE])


@rule()
def slowness(row: np.ndarray, own: np.ndarray) -> float:
    """Seconds a token, from the request to its last."""
    if not np.isnan(own[TOKEN_S]):
        return float(own[TOKEN_S])
    return float(1.0 / row[THROUGHPUT_EWMA]) if row[THROUGHPUT_EWMA] > 0.0 else 0.0


@rule()
def may_have(row: np.ndarray, own: np.ndarray, now_s: float) -> bool:
    """Whether an offer may have any request: it is open, in no pause, and below its cap."""
    return bool(row[OPEN] > 0.0 and not (own[PAUSED] > 0.0 and now_s < own[PAUSED_UNTIL_S]) and below_cap(own, now_s))


@rule()
def least_cost(view: np.ndarray, request: Request, memory: Memory) -> float:
    """Write the generalised cost (E25) of every open offer, and return the least, from which distances count.

    An offer at its cap, or that backs off, is the best only if there is no other: what it cannot take goes to the
    others as if it were not there.
    """
    least = least_of_all = np.inf
    for i in range(view.shape[0]):
        own = memory.offers[i]
        if view[i, OPEN] > 0.0:
            own[COST] = adjusted_price(view[i], memory, own, request)
            own[COST] += memory.params[AT.speed_cost] * slowness(view[i], own)
            if not is_flagged(memory, own):
                least_of_all = min(least_of_all, own[COST])
                if own[FACTOR] == 1.0 and may_have(view[i], own, request.now_s):
                    least = min(least, own[COST])
    return least if least < np.inf else least_of_all


@rule()
def weigh(view: np.ndarray, request: Request, memory: Memory, least: float) -> None:
    """Write every offer's share of the draw (E26); pauses, caps, back-offs and memories of cuts come on top."""
    total = count = 0.0
    for i in range(view.shape[0]):
        own = memory.offers[i]
        own[WEIGHT] = 0.0
        if may_have(view[i], own, request.now_s):
            count += 1.0
            if not is_flagged(memory, own):
                own[WEIGHT] = preference(own[COST] / least - 1.0) if own[COST] > least else 1.0
                total += own[WEIGHT]
    explored = memory.params[AT.exploration] if total > 0.0 else 1.0
    for i in range(view.shape[0]):
        own = memory.offers[i]
        if count == 0.0:
            own[WEIGHT] = 1.0  # all rest or are at their caps: any of them
        elif may_have(view[i], own, request.now_s):
            kept = (1.0 - explored) * own[WEIGHT] / total if total > 0.0 else 0.0
            own[WEIGHT] = (kept + explored / count) * own[FACTOR]
            if request.now_s - view[i, PRICE_CUT_S] < memory.params[AT.cut_memory_s]:
                own[WEIGHT] *= memory.params[AT.cut_weight]


def choose_openrouter_adjusted(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Draw an offer; its share falls with the distance of its generalised cost from the best."""
    if request.now_s >= memory.shared[NEXT_LOOK_S]:
        memory.shared[NEXT_LOOK_S] = request.now_s + LOOK_S
        look(memory, request.now_s)
    weigh(view, request, memory, least_cost(view, request, memory))
    return draw(view, memory.offers, WEIGHT, u)


OPENROUTER_ADJUSTED = Policy(
    kind="openrouter_adjusted",
    choose=choose_openrouter_adjusted,
    summary="Draw by adjusted price and speed: OpenRouter's default since autumn 2026, in the form of its figures.",
    source=DOCS,
    ties="none: the choice is a draw",
    parameters=OpenRouterAdjusted,
    imitation=Imitation(
        "OpenRouter, default since autumn 2026", "documentation 3634e3c", "2026-11",
        "five published shares within 0.6 of a point, adjusted prices within 0.02 $/M; thresholds are ours"),
    observe=observe_openrouter_adjusted,
    offer_slots=OFFER_SLOTS,
    shared_slots=1,
)
