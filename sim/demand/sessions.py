"""Multi-turn sessions in an open loop: conversations whose prompts grow by what was said before.

Those of a closed loop are drawn turn by turn (`sim.demand.first_turns`, `sim.engines.next_turn`).
"""

import math

import numpy as np

from sim.demand.arrivals import ArrivalProcess, OpenStream
from sim.demand.births import Births
from sim.demand.lengths import LengthSampler
from sim.scenario import Sessions


def mean_turns(spec: Sessions) -> float:
    """Mean number of turns of a session: of a geometric with mean ``mean_turns``, cut at ``max_turns``.

    A class with sessions opens them at its request rate over this number, so that ``rate_per_s`` stays the
    rate of requests (once the first sessions have run their course: the market starts without old sessions).
    """
    stop = 1.0 / spec.mean_turns
    return (1.0 - (1.0 - stop) ** spec.max_turns) / stop


class SessionTurns:
    """Each arrival opens a session; all its turns are drawn at that moment, in turn order.

    Turn k + 1 is born a pause after turn k. Its prompt is its own new tokens plus the whole
    history (prompt and output of turn k), cut at ``prompt_maximum``. ``prefix`` is the history, which the
    provider of turn k may still hold in its cache; a prompt that was cut has lost its oldest tokens, so it
    shares no prefix.

    Parameters
    ----------
    spec
        The scenario's sessions.
    arrivals
        When sessions open.
    prompt, output
        New prompt tokens, and output tokens, of a turn.
    prompt_maximum
        Longest prompt, tokens, less those that all prompts of the class begin with.
    open_stream
        Opens the class's streams ``turns`` and ``think``.
    """

    ordered = False

    def __init__(
        self,
        spec: Sessions,
        arrivals: ArrivalProcess,
        prompt: LengthSampler,
        output: LengthSampler,
        prompt_maximum: int,
        open_stream: OpenStream,
    ) -> None:
        self._spec = spec
        self._arrivals = arrivals
        self._prompt, self._output = prompt, output
        self._prompt_maximum = prompt_maximum
        self._turns = open_stream("turns")
        self._think = open_stream("think")
        self._opened = 0

    def draw(self, n: int) -> Births:
        """See ``BirthSource``; ``n`` counts sessions."""
        opened_s, horizon_s = self._arrivals.draw(n)
        turns = self._turn_counts(len(opened_s))
        first = np.cumsum(turns) - turns  # position of each session's first turn
        later = np.ones(int(turns.sum()), dtype=bool)
        later[first] = False
        born_s = self._birth_times(opened_s, first, turns, later)
        prompt, prefix, output = self._tokens(first, turns, later)
        session = np.repeat(np.arange(self._opened, self._opened + len(turns)), turns)
        self._opened += len(turns)
        return Births(born_s, horizon_s, prompt, output, prefix, session, opens=~later)

    def _turn_counts(self, n: int) -> np.ndarray:
        """Geometric counts from 1, cut at the longest session."""
        draws = self._turns.standard_exponential(n)
        if self._spec.mean_turns == 1:
            return np.ones(n, dtype=np.int64)
        draws /= -math.log1p(-1.0 / self._spec.mean_turns)
        return np.minimum(draws, self._spec.max_turns - 1).astype(np.int64) + 1

    def _birth_times(
        self, opened_s: np.ndarray, first: np.ndarray, turns: np.ndarray, later: np.ndarray
    ) -> np.ndarray:
        times = np.zeros(len(later))
        pauses = len(later) - len(first)
        drawn = np.ones(pauses) if self._spec.pause == "constant" else self._think.standard_exponential(pauses)
        times[later] = drawn * self._spec.think_s
        times[first] = opened_s
        # turn by turn, so that a session's times round the same whatever else is in the draw
        position, left = first, turns
        while len(position):
            position, left = position[left > 1] + 1, left[left > 1] - 1
            times[position] += times[position - 1]
        return times

    def _tokens(self, first: np.ndarray, turns: np.ndarray, later: np.ndarray) -> tuple[np.ndarray, ...]:
        """Prompt, shared prefix and output of every turn."""
        fresh = self._prompt.draw(len(later)).astype(np.int64)
        output = self._output.draw(len(later))
        added = fresh.copy()
        added[1:] += np.where(later[1:], output[:-1], 0)
        whole = np.cumsum(added)
        whole -= np.repeat(whole[first] - added[first], turns)
        prompt = np.minimum(whole, self._prompt_maximum)
        prefix = np.where(whole <= self._prompt_maximum, whole - fresh, 0)
        return prompt.astype(np.int32), prefix.astype(np.int32), output
