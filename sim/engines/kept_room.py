"""What a replica keeps free for the rest of running answers (docs/semantics.md, section 17).

Both engines take these few lines from here.
"""

from sim.compiled import hot
from sim.engines.rules import LEAST_SHARE, RETRACT_STEPS, SHARE_STEPS


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
