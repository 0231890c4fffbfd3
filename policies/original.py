"""A real router's own class in the loop: it chooses and learns inside the simulator, in simulated time.

An original is given what a policy of ours is given, and answers with a row; ``policy_of`` makes a policy of it, to be
registered like any other, for the reference engine, which calls Python as it is. The time that it sees is the
simulation's: put a `SimulatedClock` in the place of ``time`` and ``datetime`` in its modules while it runs
(`replaced`).
``examples/real_router.py`` runs LiteLLM in this way; ``policies/litellm_original.py`` is its driver.
"""

import datetime as real
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from sim.policy import Event, Memory, Policy, Request

EPOCH: Final = real.datetime(1970, 1, 1, tzinfo=real.UTC)  # what an original's clock shows at time 0 of a run


class NameIn(NamedTuple):
    """A name in a module, or in a class."""

    module: ModuleType | type
    name: str


class Original(Protocol):
    """A router's own code, for the offers of one model at one router."""

    def choose(self, view: np.ndarray, request: Request, u: float) -> int:
        """Return the row of an open offer, or -1."""

    def observe(self, event: Event) -> None:
        """Hear of a dispatch, a first token, an end or a failure."""


class SimulatedClock:
    """Simulated time in the place of the modules ``time`` and ``datetime``, or of the class ``datetime.datetime``.

    Attributes
    ----------
    now_s
        The time of the simulation, which its owner sets; time 0 is the epoch.
    datetime
        A class whose ``now`` and ``utcnow`` are that time.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        clock = self

        class Simulated(real.datetime):
            @classmethod
            def now(cls, tz: real.tzinfo | None = None) -> "Simulated":
                return cls.fromtimestamp(clock.now_s, tz or real.UTC)

            @classmethod
            def utcnow(cls) -> "Simulated":
                return cls.now().replace(tzinfo=None)

        self.datetime = Simulated
        self.timezone, self.timedelta, self.UTC = real.timezone, real.timedelta, real.UTC

    def time(self) -> float:
        """Return the time of the simulation, seconds."""
        return self.now_s

    monotonic = perf_counter = time


@contextmanager
def replaced(names: Mapping[NameIn, object]) -> Iterator[None]:
    """Give some names in an original's modules other values while a block runs; names that are not there stay away."""
    before = {named: getattr(*named) for named in names if hasattr(*named)}
    try:
        for named in before:
            setattr(*named, names[named])
        yield
    finally:
        for (module, name), value in before.items():
            setattr(module, name, value)


class _Seats:
    """One original for each router and model of each run; the number of its seat stands in the policy's memory."""

    def __init__(self, make: Callable[[int], Original]) -> None:
        self.make = make
        self.taken: dict[int, Original] = {}
        self.last = 0

    def of(self, memory: Memory) -> Original:
        if memory.shared[0] == 0.0:
            self.last += 1
            memory.shared[0] = self.last
            self.taken[self.last] = self.make(len(memory.offers))
            weakref.finalize(memory.shared, self.taken.pop, self.last, None)
        return self.taken[int(memory.shared[0])]

    def choose(self, view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
        return self.of(memory).choose(view, request, u)

    def observe(self, memory: Memory, event: Event) -> None:
        self.of(memory).observe(event)


def policy_of(kind: str, make: Callable[[int], Original], summary: str, source: str, ties: str = "") -> Policy:
    """Make a policy of an original; scenarios that choose it need ``traffic.engine = "reference"``.

    Parameters
    ----------
    kind
        Name under which scenarios choose it, once it is registered.
    make
        Makes an original, given the number of offers that it routes among.
    summary, source, ties
        As of every `Policy`.
    """
    seats: Any = _Seats(make)
    return Policy(kind, seats.choose, summary, source, ties or "the original's own", observe=seats.observe,
                  shared_slots=1)
