"""What the calendar does to a shard between two turns of its loop, as functions that Python calls with its address."""

from typing import Any

import numpy as np

from sim.compiled import hot
from sim.engines.compiled import deployment, waiting
from sim.engines.compiled.shard_row import state_at


@hot(cache=True)
def begin_outage(row: int, o: int) -> None:
    """Begin an outage of an offer."""
    s: Any = state_at(row, 0)  # type: ignore[call-arg]
    deployment.begin_outage(s.globals[0], s.clock, s.supply, s.routing.lane_of, s.books.offer_work, o)


@hot(cache=True)
def slow_down(row: int, o: int, factor: float) -> None:
    """Change the factor on an offer's step times."""
    s: Any = state_at(row, 0)  # type: ignore[call-arg]
    deployment.slow_down(s.globals[0], s.clock, s.supply, o, factor)


@hot(cache=True)
def resize(row: int, o: int, replicas: int) -> None:
    """Change the number of an offer's replicas that take new requests."""
    s: Any = state_at(row, 0)  # type: ignore[call-arg]
    deployment.resize(s.globals[0], s.clock, s.supply, o, replicas)


@hot(cache=True)
def look_again(row: int, model: int) -> None:
    """Let every router look at who waits for a model."""
    s: Any = state_at(row, 0)  # type: ignore[call-arg]
    waiting.look_again(s.globals[0], s.clock, s.routing, model)


@hot(cache=True)
def add_leaps_so_far(row: int, offers: np.ndarray, now: float, work: np.ndarray) -> None:
    """Book the completed steps of leaps of some offers that are under way."""
    s: Any = state_at(row, 0)  # type: ignore[call-arg]
    for o in offers:
        deployment.add_leaps_so_far(s.globals[0], s.supply, o, now, work[o])


@hot(cache=True)
def add_time_at_the_end(row: int, now: float, work: np.ndarray) -> None:
    """Book the time inside the measured window of what is under way."""
    s: Any = state_at(row, 0)  # type: ignore[call-arg]
    deployment.add_time_at_the_end(s.globals[0], s.supply, now, work)
