"""How much of a run its demand covers: a trace that is not started again may end before the run does."""

import math

from sim.demand.trace_files.client_pool import ClientPool
from sim.demand.traces import TraceRows, trace_of
from sim.scenario import Trace, TrafficScenario


def trace_speed(spec: Trace, trace: TraceRows | ClientPool, load: float) -> float:
    """Return how many seconds of a file are replayed in one of the run.

    Raises
    ------
    TraceError
        If a rate is asked of a file whose requests all have the same time.
    """
    return load if spec.rate_per_s is None else load * (spec.rate_per_s * trace.mean_gap_s)


def covered_s(spec: Trace, load: float) -> float:
    """Return how long the requests of a trace last in a run, in seconds; ``inf`` if they do not end.

    A mean gap follows the last request, as where a loop begins again: so many requests in that time are the rate of the
    file, or the rate asked for. A file whose requests all have the same time has no rate, and its end does not count.

    Raises
    ------
    TraceError
        If the file cannot be read.
    """
    if spec.loop or spec.resample:
        return math.inf
    trace = trace_of(spec)
    return trace.period_s / trace_speed(spec, trace, load)


def demand_covers_s(scenario: TrafficScenario) -> float:
    """Return how long the last class of a scenario has requests, in seconds; ``inf`` if they do not end.

    Raises
    ------
    TraceError
        If a file cannot be read.
    """
    arrivals = [demand.arrivals for demand in scenario.demand.values()]
    if not all(isinstance(spec, Trace) for spec in arrivals):
        return math.inf
    load = scenario.traffic.load
    return max((covered_s(spec, load) for spec in arrivals if isinstance(spec, Trace)), default=math.inf)
