"""Closed loops: the end of a turn begets the next one (semantics, section 13)."""

from collections.abc import Callable

import numpy as np

from sim.engines.next_turn import next_turn
from sim.engines.record import table
from sim.engines.reference.clock import Clock
from sim.engines.reference.request import LiveRequest
from sim.engines.requests import ArrivingRequest
from sim.engines.rules import ARRIVAL
from sim.engines.window import Window
from sim.engines.world import World


class Turns:
    """Turns that are still to come: their customers think.

    Parameters
    ----------
    world, clock
        The market and its time.
    hear
        What happens when one reaches its router; it is given a row of dtype ``sim.engines.world.REQUEST``.
    """

    def __init__(self, world: World, clock: Clock, hear: Callable[[np.void], None]) -> None:
        self._loops, self._clock, self._hear = world.loops, clock, hear
        self._ends_s = Window(world).ends_s
        self.thinking = 0

    def follow(self, request: LiveRequest) -> None:
        """A request has ended: let the turn after it come, if there is one before demand ends."""
        if self._loops is None or request.row["turn"] == 0:
            return
        rows = np.array([request.row])
        goes_on = next_turn(self._loops, table(rows, ArrivingRequest), 0, self._clock.now, self._clock.per_s)
        turn = rows[0]
        if goes_on and turn["arrive_s"] < self._ends_s:
            self.thinking += 1
            self._clock.at(float(turn["arrive_s"]), (ARRIVAL, int(turn["key"])), self._arrive, turn)

    def _arrive(self, row: np.void) -> None:
        self.thinking -= 1
        self._hear(row)
