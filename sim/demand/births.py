"""What is drawn at a request's birth, class by class, before it becomes a row."""

from typing import NamedTuple, Protocol

import numpy as np

from sim.demand.arrivals import ArrivalProcess
from sim.demand.lengths import LengthSampler


class Births(NamedTuple):
    """The next requests of a class, in the order in which they are drawn.

    Attributes
    ----------
    born_s
        float64, s: when they leave the customer.
    horizon_s
        Requests of later draws are born at or after this time (``inf``: there are none).
    prompt, output
        int32, tokens.
    prefix
        Leading prompt tokens shared with the session's previous turn.
    session
        Number of the session within the class, -1 if none.
    client
        Which client of the class they belong to, from 0.
    turn
        Number of the turn in a closed loop, from 1; 0: nothing follows.
    opens
        bool: which of them begin anew, with what all prompts of the class begin with; True: all.
    """

    born_s: np.ndarray
    horizon_s: float
    prompt: np.ndarray
    output: np.ndarray
    prefix: np.ndarray | int = 0
    session: np.ndarray | int = -1
    client: np.ndarray | int = 0
    turn: int = 0
    opens: np.ndarray | bool = True


class BirthSource(Protocol):
    """A source of births."""

    @property
    def ordered(self) -> bool:
        """True if ``born_s`` never decreases, within a draw and from draw to draw."""

    def draw(self, n: int) -> Births:
        """Return about ``n`` arrivals' worth of births; what is drawn does not depend on ``n``."""


class SingleTurns:
    """Each arrival is one request."""

    ordered = True

    def __init__(self, arrivals: ArrivalProcess, prompt: LengthSampler, output: LengthSampler) -> None:
        self._arrivals = arrivals
        self._prompt = prompt
        self._output = output

    def draw(self, n: int) -> Births:
        """See ``BirthSource``."""
        born_s, horizon_s = self._arrivals.draw(n)
        return Births(born_s, horizon_s, self._prompt.draw(len(born_s)), self._output.draw(len(born_s)))
