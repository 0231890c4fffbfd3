"""The clock of the traffic: SimPy's, with times on a grid, one order of what coincides, and a stop before a time."""

import math
from collections.abc import Callable
from heapq import heappush
from typing import cast

import simpy
from simpy.events import EventPriority

from sim.engines.grid import on_grid

# The kind (sim.engines.rules), then what tells events of that kind apart: never the order in which they were made.
Order = tuple[int, ...]


class Clock(simpy.Environment):
    """A SimPy environment that calls functions at times of a grid.

    Parameters
    ----------
    per_s
        Points of the grid in a second.
    """

    def __init__(self, per_s: float) -> None:
        super().__init__()
        self.per_s = per_s

    def on_grid(self, time_s: float) -> float:
        """The point of the grid that is nearest to a time, seconds."""
        return float(on_grid(time_s, self.per_s))

    def after(self, delay_s: float, order: Order, action: Callable[..., None], *args: object) -> None:
        """Call ``action(*args)`` in ``delay_s`` seconds, among what happens then in its order."""
        self.at(self._now + delay_s, order, action, *args)

    def at(self, when_s: float, order: Order, action: Callable[..., None], *args: object) -> None:
        """Call ``action(*args)`` at the point of the grid nearest to ``when_s``.

        SimPy takes delays and two priorities only. Its queue holds tuples, of which the priority is a part: any that
        can be compared will do.
        """
        event = simpy.Event(self)
        event._ok, event._value = True, None
        assert event.callbacks is not None
        event.callbacks.append(lambda _: action(*args))
        priority = cast(EventPriority, order)
        heappush(self._queue, (self.on_grid(when_s), priority, next(self._eid), event))

    def run_before(self, until_s: float) -> None:
        """Process all events strictly before ``until_s`` (its point of the grid), then stand there.

        An infinite ``until_s`` processes every event and stands at the last one.

        Raises
        ------
        ValueError
            If ``until_s`` is in the past.
        """
        until_s = self.on_grid(until_s)
        if until_s < self._now:
            raise ValueError(f"until_s is {until_s}, but it is {self._now} already")
        # Strictly before: what is due at until_s comes after the calendar's events of that time.
        while self.peek() < until_s:
            self.step()
        if math.isfinite(until_s):
            self._now = until_s
