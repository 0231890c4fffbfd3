"""Small made-up worlds of deployments, in which a router's decisions are obeyed: the same for an original and for ours.

They stand on Python's own generator alone, so that a recorded sequence of decisions meets the same events for ever.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from policies.trial import blank_view
from sim import view as v
from sim.policy import CANCELLED, DISPATCH, DONE, FAILED, RATE_LIMITED, SERVER_ERROR, TIMED_OUT, Event, Request

REST_S = 5.0  # a deployment that refused is closed so long
TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Happenings:
    """A world: how many deployments, how fast requests come, and what befalls them."""

    name: str
    seed: int
    deployments: int
    requests: int
    rate_per_s: float
    room: int  # requests in flight from which a deployment refuses one in two
    limited: float = 0.0  # share of deployments with posted limits
    rpm: float = 60.0
    tpm: float = 60_000.0
    late: float = 0.05  # share of attempts that time out
    broken: float = 0.03  # share that fails at once
    left: float = 0.02  # share that its customer gives up
    lag_s: float = 0.0  # longest time from a decision to the start of its request
    lost: float = 0.0  # share of decisions after which no request starts

    def play(self, decide: Callable[[np.ndarray, Request, float], int], tell: Callable[[Event], None]) -> int:
        """Let a router decide and tell it what happens; return the number of its decisions."""
        return _Play(self, decide, tell).run()


class _Play:
    def __init__(self, world: Happenings, decide: Callable[..., int], tell: Callable[[Event], None]) -> None:
        self.world, self.decide, self.tell = world, decide, tell
        self.rng = random.Random(world.seed)
        n = world.deployments
        self.first_s = [self.rng.uniform(0.2, 1.2) for _ in range(n)]
        self.token_s = [self.rng.uniform(0.005, 0.03) for _ in range(n)]
        self.prices = [(self.rng.choice([0.0, 0.1, 0.25]), self.rng.choice([0.4, 0.8])) for _ in range(n)]
        has_rpm = [self.rng.random() < world.limited for _ in range(n)]
        has_tpm = [self.rng.random() < world.limited for _ in range(n)]
        self.rpm = [self.rng.choice([1.0, 2.0, world.rpm, 2 * world.rpm]) if has else v.NO_LIMIT for has in has_rpm]
        self.tpm = [self.rng.choice([world.tpm, 2 * world.tpm]) if has else v.NO_LIMIT for has in has_tpm]
        self.slow = [1.0] * n
        self.closed_until = [0.0] * n
        self.in_flight = [0] * n
        self.minute = [[-1, 0, 0] for _ in range(n)]  # the minute, its requests and tokens, as they were placed
        self.due: list[tuple[float, int, Callable[[float], None]]] = []
        self.number = 0

    def run(self) -> int:
        now_s, decisions = 0.0, 0
        for _ in range(self.world.requests):
            now_s += self.rng.expovariate(self.world.rate_per_s)
            self._until(now_s)
            if self.rng.random() < 0.01:  # a deployment becomes slow, or quick again
                self.slow[self.rng.randrange(self.world.deployments)] = self.rng.choice([1.0, 1.0, 0.5, 4.0])
            decisions += self._place(now_s)
        self._until(now_s + 1000.0)
        return decisions

    def _until(self, until_s: float) -> None:
        while self.due and self.due[0][0] <= until_s:
            time_s, _, what = heapq.heappop(self.due)
            what(time_s)

    def _later(self, time_s: float, what: Callable[[float], None]) -> None:
        self.number += 1
        heapq.heappush(self.due, (time_s, self.number, what))

    def view(self, now_s: float) -> np.ndarray:
        view = blank_view(self.world.deployments)
        view[:, v.OPEN] = [float(until <= now_s) for until in self.closed_until]
        view[:, v.IN_FLIGHT] = self.in_flight
        view[:, [v.PRICE_IN, v.PRICE_OUT]] = self.prices
        view[:, v.RPM_LIMIT], view[:, v.TPM_LIMIT] = self.rpm, self.tpm
        for row, (minute, requests, tokens) in enumerate(self.minute):
            if minute == now_s // 60:
                view[row, [v.REQUESTS_THIS_MINUTE, v.TOKENS_THIS_MINUTE]] = requests, tokens
        return view

    def _place(self, now_s: float) -> int:
        prompt, u, wait = self.rng.randint(50, 4000), self.rng.random(), self.rng.random() * self.world.lag_s
        starts = self.rng.random() >= self.world.lost
        fate = [self.rng.random() for _ in range(4)]
        output = self.rng.randint(1, 600)
        view = self.view(now_s)
        if not view[:, v.OPEN].any():
            return 0
        row = self.decide(view, Request(now_s, prompt, 200.0, 0, -1, 0, 0), u)
        if row >= 0 and starts:
            self._later(now_s + wait, lambda start_s: self._start(row, start_s, prompt, output, fate))
            self._until(now_s)
        return 1

    def _start(self, row: int, now_s: float, prompt: int, output: int, fate: list[float]) -> None:
        if self.minute[row][0] != now_s // 60:
            self.minute[row] = [int(now_s // 60), 0, 0]
        self.minute[row][1] += 1
        self.minute[row][2] += prompt + 200
        busy = self.in_flight[row]
        self.in_flight[row] += 1
        self.tell(Event(DISPATCH, row, now_s, prompt, 0, 0.0, 0.0, 0))
        first_s = self.first_s[row] * self.slow[row] * (1.0 + busy / self.world.room) * (0.7 + 0.6 * fate[3])
        whole_s = first_s + output * self.token_s[row] * self.slow[row]
        if busy >= self.world.room and fate[0] < 0.5:
            took_s, kind, failure = 0.05, FAILED, RATE_LIMITED
        elif fate[1] < self.world.late:
            took_s, kind, failure = TIMEOUT_S, FAILED, TIMED_OUT
        elif fate[1] < self.world.late + self.world.broken:
            took_s, kind, failure = 0.02, FAILED, SERVER_ERROR
        else:
            took_s, kind, failure = whole_s, CANCELLED if fate[2] < self.world.left else DONE, 0
        end = Event(kind, row, now_s + took_s, prompt, output if kind == DONE else 0,
                    first_s if kind == DONE else 0.0, took_s, failure)
        self._later(now_s + took_s, lambda _: self._end(end))

    def _end(self, event: Event) -> None:
        self.in_flight[event.row] -= 1
        if event.failure == RATE_LIMITED:
            self.closed_until[event.row] = event.now_s + REST_S
        self.tell(event)


WORLDS = (
    Happenings("twelve, busy", seed=1, deployments=12, requests=1500, rate_per_s=4.0, room=6, limited=0.3),
    Happenings("three for hours", seed=2, deployments=3, requests=1500, rate_per_s=0.2, room=3, limited=0.5, rpm=4.0,
               tpm=20_000.0),
    Happenings("six with lags", seed=3, deployments=6, requests=1500, rate_per_s=2.0, room=8, limited=0.4, rpm=30.0,
               lag_s=4.0, lost=0.1),
)
STRATEGIES = ("latency", "least_busy", "cost", "usage", "shuffle")
