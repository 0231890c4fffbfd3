"""The strategies of the LiteLLM router, each known quirk behind a switch that is on by default.

Source: BerriAI/litellm, litellm/router_strategy, autumn 2026. Its per-minute counters count completed
requests; here they are the router's counters of dispatches, which is what the view carries.
"""

import numpy as np

from policies.toolbox import draw, lowest_or_first, tied_up_to, uniform, within_limits
from sim.compiled import njit
from sim.policy import DONE, FAILED, TIMED_OUT, Event, Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import IN_FLIGHT, NO_LIMIT, OPEN, PRICE_IN, PRICE_OUT, RPM_LIMIT, TOKENS_THIS_MINUTE, TPM_LIMIT

SOURCE = "BerriAI/litellm router_strategy (autumn 2026)"


class LiteLlmShuffle(Part):
    """Parameters of ``litellm_shuffle``."""

    first_decides: bool = quantity(
        True,
        unit="flag",
        doc="Quirk: only the first open offer is asked which limit gives the weights",
        source="simple_shuffle.py",
    )


SHUFFLE_AT = places(LiteLlmShuffle)


@njit(cache=True)
def _shuffle_column(view: np.ndarray, first_decides: float) -> int:
    """Column whose limit is the weight, or -1 for equal weights."""
    for column in (RPM_LIMIT, TPM_LIMIT):
        everywhere = True
        for i in range(view.shape[0]):
            if view[i, OPEN] > 0.0:
                if view[i, column] >= NO_LIMIT:
                    everywhere = False
                if first_decides > 0.0:
                    break
        if everywhere:
            return column
    return -1


def choose_litellm_shuffle(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Draw in proportion to requests a minute, else tokens a minute, else uniformly."""
    column = _shuffle_column(view, memory.params[SHUFFLE_AT.first_decides])
    if column < 0:
        return uniform(view, u)
    for i in range(view.shape[0]):
        limit = view[i, column]
        memory.offers[i, 0] = limit if limit < NO_LIMIT else 0.0  # a missing limit weighs nothing
    return draw(view, memory.offers, 0, u)


class LiteLlmLeastBusy(Part):
    """Parameters of ``litellm_least_busy``."""

    ties_first: bool = quantity(
        True,
        unit="flag",
        doc="Quirk: ties go to the first offer of the list",
        source="least_busy.py: strict < in dict order",
    )


LEAST_BUSY_AT = places(LiteLlmLeastBusy)


def choose_litellm_least_busy(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Fewest requests in flight."""
    return lowest_or_first(view, view, IN_FLIGHT, u, memory.params[LEAST_BUSY_AT.ties_first])


class LiteLlmCost(Part):
    """Parameters of ``litellm_cost``."""

    ties_first: bool = quantity(
        True,
        unit="flag",
        doc="Quirk: ties go to the first offer of the list",
        source="lowest_cost.py: stable sort",
    )


COST_AT = places(LiteLlmCost)


def choose_litellm_cost(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Lowest sum of the two list prices among offers within their posted limits."""
    for i in range(view.shape[0]):
        fits = within_limits(view, i, request, 0.0)
        memory.offers[i, 0] = view[i, PRICE_IN] + view[i, PRICE_OUT] if fits else np.inf
    row = lowest_or_first(view, memory.offers, 0, u, memory.params[COST_AT.ties_first])
    return row if row >= 0 and memory.offers[row, 0] < np.inf else -1


class LiteLlmUsage(Part):
    """Parameters of ``litellm_usage``."""

    last_slot_unusable: bool = quantity(
        True,
        unit="flag",
        doc="Quirk: the last request a minute of a limit is never used",
        source="lowest_tpm_rpm_v2.py: skips when rpm + 1 >= limit",
    )


USAGE_AT = places(LiteLlmUsage)


def choose_litellm_usage(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Fewest tokens used this minute among offers within their posted limits (usage-based-routing-v2)."""
    spare = memory.params[USAGE_AT.last_slot_unusable]
    for i in range(view.shape[0]):
        fits = within_limits(view, i, request, spare)
        memory.offers[i, 0] = view[i, TOKENS_THIS_MINUTE] if fits else np.inf
    row = lowest_or_first(view, memory.offers, 0, u, 0.0)
    return row if row >= 0 and memory.offers[row, 0] < np.inf else -1


LIST_SLOTS = 16  # longest list of samples
SCORE, MEAN, ANSWERS, ANSWER_NEXT, FIRSTS, FIRST_NEXT = 0, 1, 2, 3, 4, 5
ANSWER_LIST = 6
FIRST_LIST = ANSWER_LIST + LIST_SLOTS


class LiteLlmLatency(Part):
    """Parameters of ``litellm_latency``."""

    buffer: float = quantity(
        0.0,
        unit="1",
        doc="Offers within this share of the lowest latency are drawn from",
        ge=0,
        le=100,
        source="lowest_latency.py: lowest_latency_buffer 0",
    )
    list_size: int = quantity(
        10,
        unit="samples",
        doc="Samples kept per offer",
        ge=1,
        le=LIST_SLOTS,
        source="lowest_latency.py: max_latency_list_size 10",
    )
    ttl_s: float = quantity(
        3600.0,
        unit="s",
        doc="All samples are forgotten this long after the first",
        gt=0,
        source="lowest_latency.py: ttl 1 h; the cache keeps the expiry of the first write",
    )
    timeout_penalty_s: float = quantity(
        1000.0, unit="s", doc="Sample noted for an attempt that timed out", ge=0, source="lowest_latency.py"
    )
    frozen_list: bool = quantity(
        True,
        unit="flag",
        doc="Quirk: a full list only ever replaces its last sample",
        source="lowest_latency.py: latency[: size - 1] + [new]",
    )
    per_token: bool = quantity(
        True,
        unit="flag",
        doc="Quirk: samples are divided by output tokens, TTFT too",
        source="lowest_latency.py",
    )
    streaming: bool = quantity(
        True,
        unit="flag",
        doc="Compare times to first token; quirk: time-outs then only lengthen the divisor",
        source="lowest_latency.py: penalties join the list of answers, whose length divides the sum of TTFTs",
    )


LATENCY_AT = places(LiteLlmLatency)


@njit(cache=True)
def _note(list_: np.ndarray, size: int, count: int, following: int, frozen: float, sample: float) -> int:
    """Add a sample to one offer's list and return the place of the next one."""
    if count < size:
        list_[count] = sample
        return 0
    if frozen > 0.0:
        list_[size - 1] = sample
        return 0
    list_[following] = sample
    return (following + 1) % size


@njit(cache=True)
def _forget(memory: Memory, now_s: float) -> None:
    """Drop all samples once the map they live in has expired."""
    if memory.shared[0] > 0.0 and now_s >= memory.shared[0]:
        memory.shared[0] = 0.0
        for i in range(memory.offers.shape[0]):
            memory.offers[i, MEAN] = 0.0
            memory.offers[i, ANSWERS] = 0.0
            memory.offers[i, FIRSTS] = 0.0


@njit(cache=True)
def _mean_latency(own: np.ndarray, streaming: float) -> float:
    """Mean latency of an offer with samples, as the original computes it."""
    answers, firsts = int(own[ANSWERS]), int(own[FIRSTS])
    total = 0.0
    if streaming > 0.0 and firsts > 0:
        for j in range(firsts):
            total += own[FIRST_LIST + j]
    else:
        for j in range(answers):
            total += own[ANSWER_LIST + j]
    return total / answers


def choose_litellm_latency(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Any offer within the buffer of the lowest mean latency; an unseen offer counts as 0, so goes first."""
    _forget(memory, request.now_s)
    least = np.inf
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0 and within_limits(view, i, request, 0.0):
            memory.offers[i, SCORE] = memory.offers[i, MEAN]
            least = min(least, memory.offers[i, SCORE])
        else:
            memory.offers[i, SCORE] = np.inf
    if least == np.inf:
        return -1
    most = tied_up_to(least * (1.0 + memory.params[LATENCY_AT.buffer]))
    for i in range(view.shape[0]):
        near = memory.offers[i, SCORE] <= most
        memory.offers[i, SCORE] = 1.0 if near else 0.0
    return draw(view, memory.offers, SCORE, u)


def observe_litellm_latency(memory: Memory, event: Event) -> None:
    """Note latencies of completions and a penalty for time-outs; other failures leave no trace."""
    done = event.kind == DONE
    if not (done or (event.kind == FAILED and event.failure == TIMED_OUT)):
        return
    _forget(memory, event.now_s)
    if memory.shared[0] == 0.0:
        memory.shared[0] = event.now_s + memory.params[LATENCY_AT.ttl_s]
    size, frozen = int(memory.params[LATENCY_AT.list_size]), memory.params[LATENCY_AT.frozen_list]
    own = memory.offers[event.row]
    tokens = float(event.output_tokens) if memory.params[LATENCY_AT.per_token] > 0.0 else 1.0
    sample = event.e2e_s / tokens if done else memory.params[LATENCY_AT.timeout_penalty_s]
    answers = own[ANSWER_LIST : ANSWER_LIST + LIST_SLOTS]
    own[ANSWER_NEXT] = float(_note(answers, size, int(own[ANSWERS]), int(own[ANSWER_NEXT]), frozen, sample))
    own[ANSWERS] = min(own[ANSWERS] + 1.0, float(size))
    if done:
        firsts = own[FIRST_LIST : FIRST_LIST + LIST_SLOTS]
        sample = event.ttft_s / tokens
        own[FIRST_NEXT] = float(_note(firsts, size, int(own[FIRSTS]), int(own[FIRST_NEXT]), frozen, sample))
        own[FIRSTS] = min(own[FIRSTS] + 1.0, float(size))
    own[MEAN] = _mean_latency(own, memory.params[LATENCY_AT.streaming])


LITELLM_SHUFFLE = Policy(
    kind="litellm_shuffle",
    choose=choose_litellm_shuffle,
    summary="LiteLLM simple-shuffle: draw weighted by posted rate limits, else uniform.",
    source=f"{SOURCE}, simple_shuffle.py",
    ties="none: the choice is a draw",
    parameters=LiteLlmShuffle,
    offer_slots=1,
)
LITELLM_LEAST_BUSY = Policy(
    kind="litellm_least_busy",
    choose=choose_litellm_least_busy,
    summary="LiteLLM least-busy: fewest requests in flight.",
    source=f"{SOURCE}, least_busy.py",
    ties="list order (quirk of the original); random with ties_first = false",
    parameters=LiteLlmLeastBusy,
)
LITELLM_COST = Policy(
    kind="litellm_cost",
    choose=choose_litellm_cost,
    summary="LiteLLM cost-based-routing: lowest input plus output list price within limits.",
    source=f"{SOURCE}, lowest_cost.py",
    ties="list order (quirk of the original); random with ties_first = false",
    parameters=LiteLlmCost,
    offer_slots=1,
)
LITELLM_USAGE = Policy(
    kind="litellm_usage",
    choose=choose_litellm_usage,
    summary="LiteLLM usage-based-routing-v2: fewest tokens this minute within limits.",
    source=f"{SOURCE}, lowest_tpm_rpm_v2.py",
    ties="random",
    parameters=LiteLlmUsage,
    offer_slots=1,
)
LITELLM_LATENCY = Policy(
    kind="litellm_latency",
    choose=choose_litellm_latency,
    summary="LiteLLM latency-based-routing: uniform among offers near the lowest remembered latency.",
    source=f"{SOURCE}, lowest_latency.py",
    ties="random",
    parameters=LiteLlmLatency,
    imitation=Imitation("LiteLLM, latency-based-routing", "autumn 2026", "2026", "by rule", herds=True),
    observe=observe_litellm_latency,
    offer_slots=FIRST_LIST + LIST_SLOTS,
    shared_slots=1,
)
