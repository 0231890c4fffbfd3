"""Try a policy on views made by hand, without a market: for tests and for developing a policy."""

import numpy as np
from numba import types

from sim.compiled import njit
from sim.engines.policy_abi import (
    CHOOSE_SIGNATURE,
    EVENT_TYPE,
    MEMORY_TYPE,
    OBSERVE_SIGNATURE,
    REQUEST_TYPE,
    VIEW_TYPE,
    compile_choose,
    compile_observe,
)
from sim.policy import BoundPolicy, Event, Memory, Request
from sim.view import (
    CAPACITY_PER_S,
    COLUMNS,
    LAST_OUTAGE_S,
    NEVER,
    NO_LIMIT,
    OBSERVED_AT_S,
    OPEN,
    PRICE_CUT_S,
    PUBLISHED_AT_S,
    RPM_LIMIT,
    TPM_LIMIT,
    WEIGHT,
)

_CHOOSE = types.FunctionType(CHOOSE_SIGNATURE)
_OBSERVE = types.FunctionType(OBSERVE_SIGNATURE)


def blank_view(rows: int) -> np.ndarray:
    """View of ``rows`` open offers that cost nothing, have no limits and were never seen."""
    view = np.zeros((rows, COLUMNS))
    view[:, [OPEN, WEIGHT]] = 1.0
    view[:, [RPM_LIMIT, TPM_LIMIT, CAPACITY_PER_S]] = NO_LIMIT
    view[:, [LAST_OUTAGE_S, OBSERVED_AT_S, PUBLISHED_AT_S, PRICE_CUT_S]] = NEVER
    return view


def plain_request(now_s: float = 0.0, prompt_tokens: int = 1000, expected_output: float = 100.0) -> Request:
    """First attempt of a request without a session."""
    return Request(now_s, prompt_tokens, expected_output, 0, -1, 0, 0)


class Trial:
    """A bound policy in a seat of its own, with fresh memory.

    Parameters
    ----------
    bound
        The policy with its parameters (``policies.bind``).
    rows
        Number of offers of the views that it will see.
    compiled
        Run it as the compiled engine does; ``False`` runs the plain Python function.

    Raises
    ------
    PolicyError
        If it is to be compiled and cannot be.
    """

    def __init__(self, bound: BoundPolicy, rows: int, compiled: bool = True) -> None:
        policy = bound.policy
        self.policy = policy
        self.memory = Memory(
            np.zeros((rows, policy.offer_slots)), np.zeros(policy.shared_slots), bound.parameter_array()
        )
        self._choose = compile_choose(policy) if compiled else None
        self._observe = compile_observe(policy) if compiled else None

    def choose(self, view: np.ndarray, request: Request, u: float) -> int:
        """Row that the policy chooses, or -1."""
        if self._choose is None:
            return int(self.policy.choose(view, request, self.memory, u))
        return _choose_once(self._choose, view, request, self.memory, u)

    def observe(self, event: Event) -> None:
        """Tell the policy of an event."""
        if self._observe is not None:
            _observe_once(self._observe, self.memory, event)
        elif self.policy.observe is not None:
            self.policy.observe(self.memory, event)

    def counts(self, view: np.ndarray, request: Request, draws: int) -> np.ndarray:
        """How often each row is chosen in ``draws`` calls with evenly spaced uniforms (compiled only).

        The last entry counts refusals to choose.
        """
        return _count(self._choose, view, request, self.memory, draws)


@njit(types.int64(_CHOOSE, VIEW_TYPE, REQUEST_TYPE, MEMORY_TYPE, types.float64), cache=True)
def _choose_once(choose: object, view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    return choose(view, request, memory, u)  # type: ignore[operator, no-any-return]


@njit(types.void(_OBSERVE, MEMORY_TYPE, EVENT_TYPE), cache=True)
def _observe_once(observe: object, memory: Memory, event: Event) -> None:
    observe(memory, event)  # type: ignore[operator]


@njit(types.int64[::1](_CHOOSE, VIEW_TYPE, REQUEST_TYPE, MEMORY_TYPE, types.int64), cache=True)
def _count(choose: object, view: np.ndarray, request: Request, memory: Memory, draws: int) -> np.ndarray:
    counts = np.zeros(view.shape[0] + 1, dtype=np.int64)
    for draw in range(draws):
        counts[choose(view, request, memory, (draw + 0.5) / draws)] += 1  # type: ignore[operator]
    return counts
