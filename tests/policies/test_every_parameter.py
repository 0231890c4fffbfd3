"""Every parameter of every policy changes a choice somewhere: none is only written down."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from pydantic import ValidationError

from policies import POLICIES, bind
from policies.trial import Trial, blank_view
from sim import view as v
from sim.errors import ScenarioError
from sim.policy import (
    CANCELLED,
    DISPATCH,
    DONE,
    FAILED,
    FIRST_TOKEN,
    MIDSTREAM,
    RATE_LIMITED,
    SERVER_ERROR,
    TIMED_OUT,
    BoundPolicy,
    Event,
    Request,
)
from sim.scenario import PolicyChoice
from sim.units import DAY_S

OFFERS = 5
MANY = 24  # Prequal's pool of 16 probes is renewed by the formula with delta only where it holds few of the offers
STEPS = 400  # choices of a history
UNDER_WAY = 4  # requests that have not ended at a choice
SEEDS = range(4)  # histories; what matters only to beginners shows in the first few choices of one
FIELDS = [(kind, name) for kind, policy in POLICIES.items() for name in policy.parameters.model_fields]
# What else is set, where a parameter is read only then:
BESIDE = {
    "openrouter_classic": {"cut_weight": 0.3}, "openrouter_adjusted": {"cut_weight": 0.3, "peer_requests": 3.0},
    ("prequal", "delta"): {"r_probe": 8.0}, ("litellm_latency", "per_token"): {"streaming": False},
    ("litellm_latency", "timeout_penalty_s"): {"streaming": False},
    ("sglang_cache_aware", "balance_rel_threshold"): {"balance_abs_threshold": 1.0},
    ("sglang_cache_aware", "eviction_s"): {"tree_tokens": 0.0}, ("dynamo_kv", "prune_to"): {"tree_blocks": 150.0},
    ("llmgateway", "stable_margin"): {"stable_s": 100.0},
    ("llmgateway", "stable_uptime"): {"stable_s": 100.0, "stable_margin": 9.0, "exploration": 0.5},
    **{("c3", name): {"rate_interval_s": 1.0, "first_rate": 2.0}
       for name in ("first_rate", "cut", "growth", "largest_step", "hysteresis")},
    ("openrouter_adjusted", "broken_cost"): {"streams_are_errors": False},
    ("openrouter_adjusted", "breaker_s"): {"breaker_s": 3.0, "exploration": 0.5},
    ("openrouter_adjusted", "breaker_probes"): {"breaker_s": 3.0, "exploration": 0.5},
}


def beside(kind: str, name: str) -> dict[str, object]:
    """What is set beside a parameter."""
    return {**BESIDE.get(kind, {}), **BESIDE.get((kind, name), {})}


def others(value: float) -> list[float]:
    """Values to try instead of one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(value - 1, 0), value * 2]
    return [value * 3 + 0.1, value / 3, value / 30, min(1.0, value * 1.5), 0.0, value * 10]


def seen(rng: np.random.Generator, offers: int, step: int, now_s: float) -> np.ndarray:
    """Offers as a router might see them: free ones now and then, equal prices, limits that bind."""
    view = blank_view(offers)
    view[:, v.COST_USD] = rng.uniform(0.001, 0.01, offers)
    view[:, [v.PRICE_IN, v.PRICE_OUT, v.TTFT_P50]] = rng.uniform(0.1, 2.0, (offers, 3))
    if step % 5 == 0:
        view[:, [v.PRICE_IN, v.PRICE_OUT]] = 1.0
    if step % 7 == 0:
        view[1, [v.PRICE_IN, v.PRICE_OUT]] = 0.0
    view[:, [v.THROUGHPUT_EWMA, v.THROUGHPUT_P50]] = rng.uniform(10, 90, (offers, 2))
    view[:, v.TTFT_EWMA_S] = rng.uniform(0.1, 2, offers)
    view[:, [v.IN_FLIGHT, v.PUBLISHED_IN_FLIGHT, v.PUBLISHED_LATENCY_S]] = rng.integers(0, 6, (offers, 3))
    view[:, v.OUTSTANDING_TOKENS] = rng.integers(0, 9000, offers)
    view[:, [v.ERROR_SHARE_5M, v.REFUSAL_SHARE_5M, v.ERROR_SHARE_30S]] = rng.uniform(0, 0.4, (offers, 3))
    view[:, v.LAST_OUTAGE_S] = now_s - rng.uniform(0, 600, offers)
    view[:, v.PRICE_CUT_S] = now_s - rng.uniform(0, 14 * DAY_S, offers)
    view[:, v.PUBLISHED_AT_S] = np.floor(now_s)
    view[0 if step % 2 else 4, v.RPM_LIMIT], view[1, v.TPM_LIMIT], view[2, v.RPM_LIMIT] = 10, 20_000, 60
    view[:, v.REQUESTS_THIS_MINUTE] = rng.integers(0, 12, offers)
    view[:, v.TOKENS_THIS_MINUTE] = rng.integers(0, 20_000, offers)
    return view


class Moment(NamedTuple):
    """A choice of a history: when, what a router might see, and the draws that decide it and what becomes of it."""

    now_s: float
    view: np.ndarray
    u: float
    luck: float
    ttft: float  # of mean 1
    reason: int
    tokens: int
    rest_s: float


@cache
def history(seed: int, offers: int) -> tuple[Moment, ...]:
    """A history: the same for all policies, whatever they choose."""
    rng, now_s, moments = np.random.default_rng(seed), 0.0, []
    for step in range(STEPS):
        now_s += 200.0 if step % 150 == 149 else float(rng.exponential(0.3))
        view = seen(rng, offers, step, now_s)
        view.setflags(write=False)
        moments.append(Moment(now_s, view, float(rng.random()), float(rng.random()), float(rng.exponential()),
                              int(rng.integers(4)), int(rng.integers(1, 300)), 4.0 * float(rng.random())))
    return tuple(moments)


def outcome(moment: Moment, step: int, row: int) -> list[Event]:
    """What becomes of a request: offers 0 and 3 have bad minutes, offer 2 slow ones."""
    bad = 0.6 if step // 100 % 2 and row in (0, 3) else 0.08
    ttft_s = moment.ttft * (20.0 if step // 60 % 3 == 0 and row == 2 else 2.0)
    reason = (RATE_LIMITED, RATE_LIMITED if row == 3 else MIDSTREAM, SERVER_ERROR, TIMED_OUT)[moment.reason]
    if moment.luck < bad:
        return [Event(FAILED, row, 0.0, 1000, 0, 0.0, 0.5, reason, 0.0, 0.0)]
    if moment.luck > 0.95:
        return [Event(CANCELLED, row, 0.0, 1000, 0, 0.0, 0.5, 0, 0.0, 0.0)]
    return [Event(FIRST_TOKEN, row, 0.0, 1000, 0, ttft_s, ttft_s, 0, 0.0, 0.0),
            Event(DONE, row, 0.0, 1000, moment.tokens, ttft_s, ttft_s + moment.rest_s, 0, 1e-3 * (1 + row), 2e-3)]


def choices(bound: BoundPolicy, offers: int) -> Iterator[int]:
    """What a policy chooses, in plain Python, in random but fixed histories."""
    for seed in SEEDS:
        seat = Trial(bound, offers, compiled=False)
        late: list[list[Event]] = []
        for step, moment in enumerate(history(seed, offers)):
            request = begun(step, Request(moment.now_s, 1000, 200.0, 0, step % 9 - 1, 0, 0))
            row = seat.choose(moment.view, request, moment.u)
            yield row
            begin = Event(DISPATCH, max(row, 0), moment.now_s, 1000, 0, 0.0, 0.0, 0, 0.0, 0.0)
            start = of_request(begin, step, request)
            if step % 3:
                seat.observe(start)
            ends = [of_request(event, step, request) for event in outcome(moment, step, max(row, 0))]
            late.append([*([] if step % 3 else [start]), *ends])
            for event in late.pop(0) if len(late) > UNDER_WAY else []:
                seat.observe(event._replace(now_s=moment.now_s))


def begun(step: int, request: Request) -> Request:
    """The request with what its prompt begins with: a document, or more and more of its session."""
    if request.session < 0:
        return request._replace(document=step % 3, shared_tokens=400)
    return request._replace(document=request.session % 3, shared_tokens=300, history_tokens=min(step * 3, 900))


def of_request(event: Event, step: int, request: Request) -> Event:
    """An event with what a policy may know of its request."""
    return event._replace(request=step, session=request.session, history_tokens=request.history_tokens,
                          document=request.document, shared_tokens=request.shared_tokens)


def differ(a: BoundPolicy, b: BoundPolicy) -> bool:
    """Whether two policies ever choose differently."""
    offers = MANY if a.policy.kind == "prequal" else OFFERS
    return any(one != other for one, other in zip(choices(a, offers), choices(b, offers), strict=True))


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_a_parameter_changes_a_choice(kind: str, name: str) -> None:
    given = beside(kind, name)
    plain = bind(PolicyChoice.model_validate({"kind": kind, **given}))
    for value in others(getattr(plain.values, name)):
        try:
            changed = bind(PolicyChoice.model_validate({"kind": kind, **given, name: value}))
        except (ScenarioError, ValidationError):
            continue  # out of its bounds
        if differ(plain, changed):
            return
    pytest.fail(f"no value of {name} changes a choice of {kind}")
