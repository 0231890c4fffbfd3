"""The calendar: SimPy processes of the market, between whose events the traffic engine runs on."""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Final

from simpy import Environment, Event

from sim.engines.face import OfferHealth, TrafficEngine
from sim.engines.outcome import TrafficOutcome
from sim.engines.world import World
from sim.scenario import Traffic

Process = Callable[[Environment, OfferHealth], Generator[Event, Any, Any]]

LOOKS: Final = 20  # progress reports while requests arrive
DRAIN_LOOKS: Final = 60  # looks whether all requests have ended: a run ends at such a look


def run_traffic(
    world: World,
    engine: TrafficEngine,
    processes: Sequence[Process],
    progress: Callable[[float], None] | None = None,
) -> TrafficOutcome:
    """Run the market to its end: traffic from one calendar event to the next, then all events of that time.

    The calendar goes first at equal times: the engine serves what is due before an event, the event happens,
    then the engine goes on. The run ends at ``duration_s + drain_s``, or earlier once the engine is idle
    after ``duration_s``.

    Parameters
    ----------
    world
        The market.
    engine
        A traffic engine of that market at time 0.
    processes
        Calendar processes, ``process(env, engine)`` a SimPy generator each; at equal times in the order in
        which they scheduled their events, at time 0 in the order given.
    progress
        Called with the simulated time, in seconds, now and then; has no influence on the results.

    Returns
    -------
    TrafficOutcome
        The engine's counters at the end.
    """
    env = Environment()
    for process in processes:
        env.process(process(env, engine))
    for look_s in _looks(world.scenario.traffic):
        _run_until(env, engine, look_s)
        if progress is not None:
            progress(look_s)
        if look_s >= world.scenario.traffic.duration_s and engine.idle:
            break
    return engine.outcome()


def _run_until(env: Environment, engine: TrafficEngine, until_s: float) -> None:
    """Serve traffic and let calendar events happen before ``until_s``; events at that time stay for later."""
    while env.peek() < until_s:
        event_s = env.peek()
        engine.advance(event_s)
        while env.peek() == event_s:
            env.step()
    engine.advance(until_s)


def _looks(traffic: Traffic) -> Iterator[float]:
    """Times at which the run reports and checks whether it is over; the same whoever watches."""
    for i in range(1, LOOKS + 1):
        yield traffic.duration_s * (i / LOOKS)
    if traffic.drain_s > 0:
        for i in range(1, DRAIN_LOOKS + 1):
            yield traffic.duration_s + traffic.drain_s * (i / DRAIN_LOOKS)
