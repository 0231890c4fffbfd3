"""LiteLLM's usage-based-routing-v2: the fewest tokens of answers in this minute."""

import numpy as np

from policies.litellm import SOURCE, imitates, minute_of
from policies.toolbox import lowest
from sim.compiled import rule
from sim.policy import DISPATCH, DONE, Event, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import RPM_LIMIT, TPM_LIMIT

SCORE, PLACED_IN, PLACED, ANSWERED_IN, TOKENS = 0, 1, 2, 3, 4  # the minute and its requests; the minute and its tokens


class LiteLlmUsage(Part):
    """Parameters of ``litellm_usage``."""

    last_slot_unusable: bool = quantity(
        True,
        unit="flag",
        doc="Quirk: the last request a minute of a limit is never used, unless it is the first as well",
        source="lowest_tpm_rpm_v2.py: skips when rpm + 1 >= limit, if any was counted in the minute",
    )


AT = places(LiteLlmUsage)


@rule()
def _add(own: np.ndarray, at: int, now_s: float, more: float) -> None:
    """Add to a counter of the clock minute; ``own[at]`` is the minute that it counts."""
    if own[at] != minute_of(now_s):
        own[at] = minute_of(now_s)
        own[at + 1] = 0.0
    own[at + 1] += more


@rule()
def _count(own: np.ndarray, at: int, now_s: float) -> float:
    """Return what a counter shows in this minute."""
    return float(own[at + 1]) if own[at] == minute_of(now_s) else 0.0


@rule()
def _may_place(placed: float, limit: float, last_slot_unusable: float) -> bool:
    """Whether a limit of requests a minute leaves room for one more; the first is never refused."""
    if placed == 0.0:
        return True
    return bool(placed + 1.0 < limit or (last_slot_unusable <= 0.0 and placed + 1.0 <= limit))


def choose_litellm_usage(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Fewest tokens of answers this minute among offers within their posted limits."""
    for i in range(view.shape[0]):
        own = memory.offers[i]
        used = _count(own, ANSWERED_IN, request.now_s)
        placed = _count(own, PLACED_IN, request.now_s)
        fits = used + request.prompt_tokens <= view[i, TPM_LIMIT]
        fits = fits and _may_place(placed, view[i, RPM_LIMIT], memory.params[AT.last_slot_unusable])
        own[SCORE] = used if fits else np.inf
    row = lowest(view, memory.offers, SCORE, u)
    return row if row >= 0 and memory.offers[row, SCORE] < np.inf else -1


def observe_litellm_usage(memory: Memory, event: Event) -> None:
    """Count a request when it is placed, its tokens when it is answered."""
    own = memory.offers[event.row]
    if event.kind == DISPATCH:
        _add(own, PLACED_IN, event.now_s, 1.0)
    elif event.kind == DONE:
        _add(own, ANSWERED_IN, event.now_s, float(event.prompt_tokens + event.output_tokens))


LITELLM_USAGE = Policy(
    kind="litellm_usage",
    choose=choose_litellm_usage,
    summary="LiteLLM usage-based-routing-v2: fewest tokens of answers this minute within limits.",
    source=f"{SOURCE}/lowest_tpm_rpm_v2.py",
    ties="random",
    parameters=LiteLlmUsage,
    imitation=imitates("usage-based-routing-v2", herds=True),
    observe=observe_litellm_usage,
    offer_slots=TOKENS + 1,
)
