"""In which rules engines differ (docs/semantics.md, section 17); nothing of this runs where they are those of vLLM."""

from typing import Any

import numpy as np

from sim.compiled import inner
from sim.engines.compiled import prefix_cache
from sim.engines.compiled.records import LiveDeployment, Replica
from sim.engines.compiled.state import LEAP, Supply, wide
from sim.engines.kept_room import CLIPPED_REST, RETRACT_STEPS, SHARE, share_after_preemption, share_kept

FAR = 1 << 40  # more tokens than any answer has


def no_answers(attempts: int) -> dict[str, Any]:
    """Longest answers of so many slots of attempts."""
    return {"longest": np.zeros(attempts, np.int32)}


def more_answers(longest: np.ndarray) -> dict[str, Any]:
    """The same after the pool of attempts has doubled."""
    return {"longest": np.concatenate([longest, np.zeros_like(longest)])}


@inner()
def forget(replica: Replica, offer: LiveDeployment) -> None:
    """Let the share that is kept begin anew: nothing runs."""
    replica.share_began = offer.first_share
    replica.share_steps = 0
    replica.full = 0


@inner()
def note_step(replica: Replica, before: int) -> None:
    """A step or leap has ended, ``before`` which so many requests ran."""
    if replica.doing == LEAP:
        replica.share_steps += replica.steps
    if replica.running < before:
        replica.full = 0


@inner()
def emitted_of(supply: Supply, replica: Replica, position: int) -> int:
    """Tokens emitted by the decoding request at a place of the list of finishes."""
    place = replica.finishes + position
    attempt = supply.attempts[supply.finish_attempt[place]]
    return int(attempt.target - (supply.finish_v[place] - replica.vclock))


@inner()
def note_preemption(supply: Supply, replica: Replica) -> None:
    """Requests were preempted: the share begins anew by those that still decode."""
    emitted = 0
    longest = 0
    for position in range(replica.decoding):
        emitted += emitted_of(supply, replica, position)
        longest += wide(supply.longest[supply.finish_attempt[replica.finishes + position]])
    replica.share_began = share_after_preemption(emitted, longest, wide(replica.decoding))
    replica.share_steps = -1  # the step that follows does not count
    replica.full = 0


@inner()
def kept(supply: Supply, replica: Replica, offer: LiveDeployment) -> int:
    """Room kept for what running requests may still write besides their contexts, tokens."""
    most = CLIPPED_REST if offer.reserve == SHARE else FAR
    tokens = 0
    for position in range(replica.decoding):
        longest = wide(supply.longest[supply.finish_attempt[replica.finishes + position]])
        tokens += min(longest - emitted_of(supply, replica, position), most)
    if offer.reserve == SHARE:
        tokens = int(share_kept(offer.first_share, replica.share_began, replica.share_steps) * tokens)
    a = wide(replica.prefill_head)
    while a >= 0:
        attempt = supply.attempts[a]
        tokens += min(wide(supply.longest[a]) - attempt.emitted - 1, most)
        a = wide(attempt.next)
    return int(tokens)


@inner()
def fits(supply: Supply, replica: Replica, offer: LiveDeployment, a: int) -> bool:
    """Whether a waiting attempt can be admitted where room is kept for the rest of answers."""
    if replica.full != 0:
        return False
    most = CLIPPED_REST if offer.reserve == SHARE else FAR
    rest = min(wide(supply.longest[a]) - supply.attempts[a].emitted - 1, most)
    wanted = prefix_cache.needed_tokens(supply, offer, a) + rest
    return bool(replica.kv_held + kept(supply, replica, offer) + wanted <= offer.kv_capacity)


@inner()
def may_fit(supply: Supply, replica: Replica, offer: LiveDeployment) -> bool:
    """Whether the queue's head is to be looked at, or can be admitted, at a boundary of the leap under way."""
    # A whole reserve is as large at each boundary of a leap: what is written is not to be written any more. A share
    # may let the head in later or no more; so the next boundary asks, and whoever is refused there waits.
    return bool(replica.full == 0) if offer.reserve == SHARE else fits(supply, replica, offer, wide(replica.queue_head))


@inner()
def step_is_full(supply: Supply, replica: Replica, offer: LiveDeployment) -> bool:
    """Whether prefill, where it goes first, has enough for the next step."""
    left = 0
    a = wide(replica.prefill_head)
    while a >= 0:
        left += wide(supply.attempts[a].left)
        a = wide(supply.attempts[a].next)
    return bool(left >= offer.max_step_tokens)


@inner()
def shortest(supply: Supply, replica: Replica) -> int:
    """Heap position of the decoding request that has emitted least, of equals the longest prompt, then the newest."""
    best = 0
    for position in range(1, replica.decoding):
        here = supply.attempts[supply.finish_attempt[replica.finishes + position]]
        there = supply.attempts[supply.finish_attempt[replica.finishes + best]]
        more = emitted_of(supply, replica, position) - emitted_of(supply, replica, best)
        if more == 0:
            more = wide(there.prompt) - here.prompt
        if more < 0 or (more == 0 and here.order > there.order):
            best = position
    return best


@inner(forceinline=True)
def room_for_steps(replica: Replica, offer: LiveDeployment, preempted: bool) -> int:
    """Tokens for which there must be room before a step, or else somebody is preempted (one more, if some were)."""
    if offer.preempts_shortest != 0 and preempted and replica.decoding > 1:
        return int(RETRACT_STEPS * replica.decoding)
    return int(replica.decoding)
