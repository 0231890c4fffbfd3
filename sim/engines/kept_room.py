"""What a replica keeps free for the rest of running answers (docs/semantics.md, section 17).

Both engines take these few lines from here.
"""

from typing import Final

from sim.compiled import hot

# How engines differ (docs/semantics.md, section 17), in the order of their numbers.
RESERVES: Final = ("nothing", "share", "whole")  # room kept at an admission for the rest of running answers
NOTHING, SHARE, WHOLE = range(3)

# Source: SGLang, environ.py: SGLANG_MIN_NEW_TOKEN_RATIO_FACTOR, SGLANG_NEW_TOKEN_RATIO_DECAY_STEPS,
# SGLANG_CLIP_MAX_NEW_TOKENS_ESTIMATION and SGLANG_RETRACT_DECODE_STEPS.
LEAST_SHARE: Final = 0.14  # of the first share
SHARE_STEPS: Final = 600  # that only decode, until the share is the least
CLIPPED_REST: Final = 4096  # tokens of the rest of an answer that count at most, where a share is kept
RETRACT_STEPS: Final = 20  # for which there must be room once requests that had emitted least were preempted


@hot(cache=True, forceinline=True)
def share_kept(first: float, began: float, steps: int) -> float:
    """Share of the tokens that decoding requests may still write for which room is kept (E31).

    Parameters
    ----------
    first
        The share at first; it never falls below ``LEAST_SHARE`` of that.
    began
        Where it began: at ``first``, or at the estimate after a preemption.
    steps
        Steps that only decoded since then; -1 before the first of them after a preemption, which does not count.
    """
    least = LEAST_SHARE * first
    return max(began - max(steps, 0) * ((first - least) / SHARE_STEPS), least)


@hot(cache=True, forceinline=True)
def share_after_preemption(emitted: int, longest: int, requests: int) -> float:
    """Where the share begins anew (E31).

    Parameters
    ----------
    emitted
        Tokens that the requests which still decode have emitted in all.
    longest
        Tokens of their longest answers in all.
    requests
        How many they are.
    """
    return min(1.0, (emitted + RETRACT_STEPS * requests) / (longest + 1.0))
