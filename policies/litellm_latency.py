"""LiteLLM's latency-based-routing: the lowest mean of the last times to first token, or of whole answers per token."""

import numpy as np

from policies.litellm import MINUTE_COUNTERS, SOURCE, UNTIL, count_answer, has_expired, has_room, imitates, keep_alive
from policies.toolbox import draw, tied_up_to
from sim.compiled import rule
from sim.policy import DONE, FAILED, TIMED_OUT, Event, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import OPEN

LIST_SLOTS = 16  # longest list of samples
SCORE, MEAN, ANSWERS, ANSWER_NEXT, FIRSTS, FIRST_NEXT, COUNTED = 0, 1, 2, 3, 4, 5, 6
ANSWER_LIST = COUNTED + MINUTE_COUNTERS
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
        doc="Samples kept per offer, of each kind",
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
        1000.0,
        unit="s",
        doc="Sample noted among the whole answers for an attempt that timed out",
        ge=0,
        source="lowest_latency.py: 1000.0",
    )
    streaming: bool = quantity(
        True,
        unit="flag",
        doc="Requests are streams: offers with a time to first token are compared by that, others by whole answers",
        source="lowest_latency.py: use_ttft",
    )
    ttft_percentile: float = quantity(
        0.0,
        unit="1",
        doc="Compare this quantile of the times to first token instead of their mean; 0: the mean",
        ge=0,
        le=1,
        source="lowest_latency.py: ttft_percentile, off, since 1.104",
    )
    per_token: bool = quantity(
        True,
        unit="flag",
        doc="Times of whole answers are divided by output tokens",
        source="lowest_latency.py: safe_divide_seconds(response_seconds, completion_tokens)",
    )
    first_per_token: bool = quantity(
        False,
        unit="flag",
        doc="Quirk until 1.100: times to first token are divided by output tokens, too",
        source="lowest_latency.py of 1.80 to 1.100",
    )
    answers_divide: bool = quantity(
        False,
        unit="flag",
        doc="Quirk of 1.80: the sum of times to first token is divided by the number of answers and time-outs",
        source="lowest_latency.py of 1.80: total / len(item_latency)",
    )
    frozen_list: bool = quantity(
        False,
        unit="flag",
        doc="Quirk of 1.80: a full list only ever replaces its last sample",
        source="lowest_latency.py of 1.80: latency[: size - 1] + [new]",
    )


AT = places(LiteLlmLatency)


@rule()
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


@rule()
def _note_answer(own: np.ndarray, params: np.ndarray, sample: float) -> None:
    """Add a time to an offer's list of whole answers."""
    size, count = int(params[AT.list_size]), int(own[ANSWERS])
    list_ = own[ANSWER_LIST : ANSWER_LIST + LIST_SLOTS]
    own[ANSWER_NEXT] = float(_note(list_, size, count, int(own[ANSWER_NEXT]), params[AT.frozen_list], sample))
    own[ANSWERS] = min(own[ANSWERS] + 1.0, float(size))


@rule()
def _note_first(own: np.ndarray, params: np.ndarray, sample: float) -> None:
    """Add a time to an offer's list of first tokens."""
    size, count = int(params[AT.list_size]), int(own[FIRSTS])
    list_ = own[FIRST_LIST : FIRST_LIST + LIST_SLOTS]
    own[FIRST_NEXT] = float(_note(list_, size, count, int(own[FIRST_NEXT]), params[AT.frozen_list], sample))
    own[FIRSTS] = min(own[FIRSTS] + 1.0, float(size))


@rule()
def _forget_expired(memory: Memory, now_s: float) -> None:
    """Drop all samples and counts once the map they live in has expired."""
    if has_expired(memory.shared, now_s):
        memory.shared[UNTIL] = 0.0
        memory.offers[:] = 0.0


@rule()
def _ranked(list_: np.ndarray, count: int, rank: int) -> float:
    """Sample number ``rank`` from below; it compares all pairs: samples are few."""
    for i in range(count):
        below = 0
        for j in range(count):
            if list_[j] < list_[i] or (list_[j] == list_[i] and j < i):
                below += 1
        if below == rank:
            return float(list_[i])
    return 0.0


@rule()
def _latency(own: np.ndarray, params: np.ndarray) -> float:
    """Latency of an offer with samples, as the original computes it."""
    answers, firsts = int(own[ANSWERS]), int(own[FIRSTS])
    if params[AT.streaming] <= 0.0 or firsts == 0:
        return float(np.sum(own[ANSWER_LIST : ANSWER_LIST + answers]) / answers)
    if params[AT.ttft_percentile] > 0.0:
        rank = int(np.ceil(firsts * params[AT.ttft_percentile])) - 1
        return _ranked(own[FIRST_LIST : FIRST_LIST + LIST_SLOTS], firsts, rank)
    divisor = answers if params[AT.answers_divide] > 0.0 else firsts
    return float(np.sum(own[FIRST_LIST : FIRST_LIST + firsts]) / divisor)


def choose_litellm_latency(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Any offer within the buffer of the lowest latency; an unseen one counts as 0, and gets that as its first sample.

    The original writes this 0 into the map of samples, once there is one: of whole answers it is part of the mean from
    then on, until it leaves the list.
    """
    _forget_expired(memory, request.now_s)
    least = np.inf
    for i in range(view.shape[0]):
        own = memory.offers[i]
        own[SCORE] = np.inf
        if view[i, OPEN] > 0.0:
            if own[ANSWERS] == 0.0 and memory.shared[UNTIL] > 0.0:
                _note_answer(own, memory.params, 0.0)
            if has_room(view, i, own, COUNTED, request.now_s, float(request.prompt_tokens)):
                own[SCORE] = own[MEAN]
                least = min(least, own[SCORE])
    if least == np.inf:
        return -1
    most = tied_up_to(least * (1.0 + memory.params[AT.buffer]))
    for i in range(view.shape[0]):
        near = memory.offers[i, SCORE] <= most
        memory.offers[i, SCORE] = 1.0 if near else 0.0
    return draw(view, memory.offers, SCORE, u)


def observe_litellm_latency(memory: Memory, event: Event) -> None:
    """Note latencies of completions and a penalty for time-outs; other failures leave no trace."""
    done = event.kind == DONE
    if not (done or (event.kind == FAILED and event.failure == TIMED_OUT)):
        return
    _forget_expired(memory, event.now_s)
    params, own = memory.params, memory.offers[event.row]
    if done:
        tokens = float(max(event.output_tokens, 1))
        _note_answer(own, params, event.e2e_s / (tokens if params[AT.per_token] > 0.0 else 1.0))
        _note_first(own, params, event.ttft_s / (tokens if params[AT.first_per_token] > 0.0 else 1.0))
        count_answer(own, COUNTED, event.now_s, float(event.prompt_tokens + event.output_tokens))
    else:
        _note_answer(own, params, params[AT.timeout_penalty_s])
    own[MEAN] = _latency(own, params)
    keep_alive(memory.shared, event.now_s, params[AT.ttl_s])


LITELLM_LATENCY = Policy(
    kind="litellm_latency",
    choose=choose_litellm_latency,
    summary="LiteLLM latency-based-routing: uniform among offers near the lowest remembered latency.",
    source=f"{SOURCE}/lowest_latency.py",
    ties="random",
    parameters=LiteLlmLatency,
    imitation=imitates("latency-based-routing", herds=True),
    observe=observe_litellm_latency,
    offer_slots=FIRST_LIST + LIST_SLOTS,
    shared_slots=1,
)
