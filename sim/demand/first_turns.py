"""What the feed knows of closed loops: the first turn of each. Engines draw the others (`sim.engines.next_turn`)."""

import math

import numpy as np

from sim.demand.arrivals import ArrivalProcess, OpenStream
from sim.demand.births import Births
from sim.demand.lengths import LengthSampler
from sim.scenario import Closed


class FirstTurns:
    """Each arrival opens a session and is its first turn."""

    ordered = True

    def __init__(self, arrivals: ArrivalProcess, prompt: LengthSampler, output: LengthSampler) -> None:
        self._arrivals = arrivals
        self._prompt, self._output = prompt, output
        self._opened = 0

    def draw(self, n: int) -> Births:
        """See ``BirthSource``; ``n`` counts sessions."""
        born_s, horizon_s = self._arrivals.draw(n)
        opened = np.arange(self._opened, self._opened + len(born_s))
        self._opened += len(born_s)
        return Births(born_s, horizon_s, self._prompt.draw(len(born_s)), self._output.draw(len(born_s)),
                      session=opened, turn=1)


class Users:
    """The first request of each user of a class with closed arrivals, a pause after time 0.

    Parameters
    ----------
    spec
        The scenario's arrivals; its own ``users`` is not read.
    users
        How many there are, load and size of the client included.
    in_sessions
        Whether they have conversations, which are numbered.
    prompt, output
        Prompt and output tokens.
    open_stream
        Opens the class's stream ``think``.
    """

    ordered = False

    def __init__(self, spec: Closed, users: int, in_sessions: bool, prompt: LengthSampler, output: LengthSampler,
                 open_stream: OpenStream) -> None:
        self._spec, self._users, self._in_sessions = spec, users, in_sessions
        self._prompt, self._output = prompt, output
        self._think = open_stream("think")

    def draw(self, n: int) -> Births:
        """See ``BirthSource``; all users come with the first call, whatever ``n`` is."""
        users, self._users = self._users, 0
        pauses = np.ones(users) if self._spec.pause == "constant" else self._think.standard_exponential(users)
        return Births(pauses * self._spec.think_s, math.inf, self._prompt.draw(users), self._output.draw(users),
                      session=np.arange(users) if self._in_sessions else -1, turn=1)
