"""What the strategies of the LiteLLM router share: releases, tokens and requests a minute, the order of its maps.

Source: the wheels of litellm, litellm/router_strategy, 1.80.0 to 1.110.2. A preset is named after the first release
that is known to behave so; the policy itself, without a version, is the newest. All state is the strategy's own, in the
process's cache: a key lives for its time to live after the first write, however often it is written again.
"""

from typing import Final

import numpy as np

from sim.compiled import rule
from sim.policy import Imitation
from sim.view import OPEN, RPM_LIMIT, TPM_LIMIT

SOURCE: Final = "litellm 1.110.2 (2026-11), router_strategy"
UNTIL, LAST_ORDER = 0, 1  # of a strategy's shared memory: when its map expires (0: there is none); last place given
CACHE_TTL_S: Final = 600.0  # of a key without a time to live of its own: InMemoryCache.default_ttl
MINUTE_COUNTERS: Final = 3  # columns of an offer's own memory: the minute (0: none), its tokens, its requests


def imitates(strategy: str, release: str = "1.110.2", date: str = "2026-11", herds: bool = False) -> Imitation:
    """What a policy or preset imitates; `tests/originals` holds its decisions to those of that release's own class."""
    agreement = "4,500 decisions of LiteLLM's own class in three worlds: none differs"
    return Imitation(f"LiteLLM, {strategy}", release, date, agreement, herds)


@rule()
def minute_of(now_s: float) -> float:
    """Number of the clock minute, from 1."""
    return float(np.floor(now_s / 60.0) + 1.0)


@rule()
def count_answer(own: np.ndarray, at: int, now_s: float, tokens: float) -> None:
    """Count an answer of so many tokens, prompt included, in the minute in which it is complete."""
    if own[at] != minute_of(now_s):
        own[at] = minute_of(now_s)
        own[at + 1] = 0.0
        own[at + 2] = 0.0
    own[at + 1] += tokens
    own[at + 2] += 1.0


@rule()
def has_room(view: np.ndarray, row: int, own: np.ndarray, at: int, now_s: float, prompt: float) -> bool:
    """Whether the posted limits leave room beside the answers of this minute; what is in flight does not count."""
    counted = own[at] == minute_of(now_s)
    tokens = own[at + 1] if counted else 0.0
    requests = own[at + 2] if counted else 0.0
    return bool(tokens + prompt <= view[row, TPM_LIMIT] and requests + 1.0 <= view[row, RPM_LIMIT])


@rule()
def has_expired(shared: np.ndarray, now_s: float) -> bool:
    """Whether a map is there no more."""
    return bool(shared[UNTIL] > 0.0 and now_s > shared[UNTIL])


@rule()
def keep_alive(shared: np.ndarray, now_s: float, ttl_s: float) -> None:
    """Note that a map is written: its first write says how long it lives."""
    if now_s >= shared[UNTIL]:
        shared[UNTIL] = now_s + ttl_s


@rule()
def enter(own: np.ndarray, order: int, shared: np.ndarray) -> None:
    """Give an offer the next place in the order of a map, unless it has one."""
    if own[order] == 0.0:
        shared[LAST_ORDER] += 1.0
        own[order] = shared[LAST_ORDER]


@rule()
def enter_open(view: np.ndarray, offers: np.ndarray, order: int, shared: np.ndarray) -> None:
    """Enter all open offers into a map that is there, in list order; without one the list's order goes."""
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0 and shared[UNTIL] > 0.0:
            enter(offers[i], order, shared)
