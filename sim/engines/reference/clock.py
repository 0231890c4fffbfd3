"""The clock of the traffic: SimPy's, with events at a given time and a stop just before one."""

import math
from collections.abc import Callable
from heapq import heappush
from typing import Final

import simpy
from simpy.events import NORMAL, URGENT, EventPriority

# Order of events at the same time; within one of these, the order in which they were scheduled.
PUBLISH: Final = EventPriority(-2)
COPY_VIEW: Final = EventPriority(-1)
ARRIVAL: Final = URGENT
ORDINARY: Final = NORMAL  # messages, timers and steps


class Clock(simpy.Environment):
    """A SimPy environment that calls functions at times."""

    def after(self, delay_s: float, action: Callable[..., None], *args: object) -> None:
        """Call ``action(*args)`` in ``delay_s`` seconds."""
        timeout = self.timeout(delay_s)
        assert timeout.callbacks is not None  # only a processed event has none
        timeout.callbacks.append(lambda _: action(*args))

    def at(self, when_s: float, priority: EventPriority, action: Callable[..., None], *args: object) -> None:
        """Call ``action(*args)`` at ``when_s`` exactly.

        SimPy takes delays only, and ``now + (when_s - now)`` may miss ``when_s`` by a rounding error: enough
        to put a tick on the wrong side of a calendar event of the same time.
        """
        event = simpy.Event(self)
        event._ok, event._value = True, None
        assert event.callbacks is not None
        event.callbacks.append(lambda _: action(*args))
        heappush(self._queue, (when_s, priority, next(self._eid), event))

    def run_before(self, until_s: float) -> None:
        """Process all events strictly before ``until_s``, then stand at ``until_s``.

        An infinite ``until_s`` processes every event and stands at the last one.

        Raises
        ------
        ValueError
            If ``until_s`` is in the past.
        """
        if until_s < self._now:
            raise ValueError(f"until_s is {until_s}, but it is {self._now} already")
        # Strictly before: what is due at until_s comes after the calendar's events of that time.
        while self.peek() < until_s:
            self.step()
        if math.isfinite(until_s):
            self._now = until_s
