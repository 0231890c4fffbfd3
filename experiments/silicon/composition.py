"""What the steps of a saturated closed loop hold: it does not depend on how long they last.

A replica that always has as many requests as its batch holds goes through the same steps on fast and on slow hardware.
So they are walked once for each load, squeezed into a few dozen kinds of steps, and any constants of E1 then give the
mean TTFT and TPOT as two weighted sums of step times: microseconds, where the engine takes a second.
"""

import heapq
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from experiments.silicon.measured import MOST_STEP_TOKENS, SHORTEST, Load

ROUNDS: Final = 10  # requests of a benchmark over its concurrency, as InferenceX sends them
LEAST: Final = 60  # requests of a short benchmark
KINDS: Final = 12  # of steps that are kept of each load, for TTFT and for TPOT
# two irrational numbers: their multiples spread evenly over (0, 1), together too (Roberts 2018, R2 sequence)
SPREAD: Final = (0.7548776662466927, 0.5698402909980532)


class Kinds(NamedTuple):
    """Kinds of steps.

    Attributes
    ----------
    weight
        How often a request meets such a step, in the mean over requests.
    tokens, kv, pairs, decoding
        What the step holds, as in `sim.engines.steptime.step_time`; kv and pairs without what each sequence holds
        besides its tokens.
    running
        Requests whose cache is read.
    """

    weight: np.ndarray
    tokens: np.ndarray
    kv: np.ndarray
    pairs: np.ndarray
    decoding: np.ndarray
    running: np.ndarray


class Composition(NamedTuple):
    """Steps between a request's admission and its first token, and between that and its last one (per token)."""

    first: Kinds
    later: Kinds


class _Step(NamedTuple):
    """Some equal steps: what each holds, and its weight in TTFT and in TPOT."""

    first: float
    later: float
    tokens: float
    kv: float
    pairs: float
    decoding: float
    running: float


class Drawn(NamedTuple):
    """Lengths of a request, tokens."""

    prompt: int
    output: int


def lengths(load: Load, count: int) -> list[Drawn]:
    """Prompt and output tokens of so many requests, spread evenly over the lengths that are drawn."""
    number = np.arange(1, count + 1)
    share = [SHORTEST + (1.0 - SHORTEST) * (number * step % 1.0) for step in SPREAD]
    prompt, output = (np.maximum(1, np.rint(s * n)).astype(int) for s, n in zip(share, load[1:], strict=True))
    return list(map(Drawn, prompt.tolist(), np.maximum(2, output).tolist()))


def composition(load: Load) -> Composition:
    """The steps of a closed loop of so many users that send again at once."""
    count = max(LEAST, ROUNDS * load.concurrency)
    walk = _Walk(load.concurrency, lengths(load, count))
    steps = np.array(walk.steps(), dtype=float).T / np.array([[count]] * 2 + [[1.0]] * 5)
    return Composition(_squeezed(steps[0], steps[2:]), _squeezed(steps[1], steps[2:]))


class _Walk:
    """A replica that goes from boundary to boundary (docs/semantics.md, section 7), on a clock of tokens."""

    def __init__(self, batch: int, requests: Sequence[Drawn]) -> None:
        self.batch = batch
        self.waiting = deque(requests)
        self.clock = 0  # tokens that every decoding request has had
        self.ends: list[tuple[int, int, int]] = []  # of decoding requests: end on the clock, prompt and output, output
        self.prefills: deque[list[int]] = deque()  # prompt, output, tokens done
        self.kv = 0  # held by decoding requests
        self.later = 0.0  # sum of 1/(output - 1) of those that decode

    def steps(self) -> list[_Step]:
        """All steps until everything is served."""
        found = []
        while True:
            while self.waiting and len(self.ends) + len(self.prefills) < self.batch:
                prompt, output = self.waiting.popleft()
                self.prefills.append([prompt, output, 0])
            if self.prefills:
                found.append(self._mixed())
            elif self.ends:
                found.append(self._leap())
            else:
                return found

    def _leap(self) -> _Step:
        """Decode until the first request ends."""
        batch, steps = len(self.ends), self.ends[0][0] - self.clock
        kv = self.kv + batch * (steps + 1) / 2  # in the mean over the steps, their own tokens included
        step = _Step(0.0, self.later * steps, batch, kv, kv, batch, batch)
        self._decode(steps)
        return step

    def _mixed(self) -> _Step:
        """One step that decodes, and prefills what its budget holds."""
        batch = len(self.ends)
        budget = left = MOST_STEP_TOKENS - batch
        kv = pairs = float(self.kv + batch)
        begun = 0
        for prefill in self.prefills:
            chunk = min(left, prefill[0] - prefill[2])
            if chunk == 0:
                break
            pairs += chunk * prefill[2] + chunk * (chunk + 1) / 2
            prefill[2] += chunk
            kv += prefill[2]
            left -= chunk
            begun += 1
        step = _Step(len(self.prefills), self.later, batch + budget - left, kv, pairs, batch, batch + begun)
        self._decode(1)
        while self.prefills and self.prefills[0][2] == self.prefills[0][0]:
            self._start(*self.prefills.popleft()[:2])
        return step

    def _start(self, prompt: int, output: int) -> None:
        heapq.heappush(self.ends, (self.clock + output - 1, prompt + output - 1, output))
        self.kv += prompt
        self.later += 1.0 / (output - 1)

    def _decode(self, steps: int) -> None:
        self.clock += steps
        self.kv += len(self.ends) * steps
        while self.ends and self.ends[0][0] == self.clock:
            _, held, output = heapq.heappop(self.ends)
            self.kv -= held
            self.later -= 1.0 / (output - 1)


def _squeezed(weight: np.ndarray, columns: np.ndarray) -> Kinds:
    """At most so many kinds of steps, each the weighted mean of steps that are alike in tokens, then in KV."""
    used = np.flatnonzero(weight > 0)
    order = used[np.lexsort((columns[1, used], columns[0, used]))]
    weight, columns = weight[order], columns[:, order]
    bounds = np.searchsorted(np.cumsum(weight), np.arange(KINDS) / KINDS * weight.sum())
    starts = np.unique(np.minimum(bounds, len(weight) - 1))
    sums = np.add.reduceat(weight, starts)
    return Kinds(sums, *(np.add.reduceat(weight * column, starts) / sums for column in columns))
