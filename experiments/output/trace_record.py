"""What was read of a scenario's traces: for the manifest, and for whoever waits at the command line."""

from collections.abc import Iterator
from typing import Any

from sim.demand.covered import covered_s
from sim.demand.trace_files.client_pool import ClientPool
from sim.demand.traces import TraceRows, trace_of
from sim.errors import TraceError
from sim.scenario import Scenario, Trace, TrafficScenario


def trace_record(scenario: Scenario) -> dict[str, dict[str, Any]]:
    """Return by class what was read of its trace: columns, rows, what was left out, and how long it lasts.

    ``covered_s`` is None of a trace that does not end.
    """
    if not isinstance(scenario, TrafficScenario):
        return {}
    load = scenario.traffic.load
    return {name: {"path": spec.path, **rows.record(), "covered_s": _or_none(covered_s(spec, load))}
            for name, spec, rows in _traces(scenario)}


def traces_told(scenario: Scenario | None) -> list[str]:
    """Return a sentence for each trace of which not every line was replayed, or which ends before the run does."""
    if not isinstance(scenario, TrafficScenario):
        return []
    return [sentence for name, spec, rows in _traces(scenario) for sentence in _sentences(scenario, name, spec, rows)]


def _traces(scenario: TrafficScenario) -> Iterator[tuple[str, Trace, TraceRows | ClientPool]]:
    for name, demand in scenario.demand.items():
        if isinstance(demand.arrivals, Trace):
            try:
                yield name, demand.arrivals, trace_of(demand.arrivals)
            except TraceError:  # the runs have said so
                continue


def _sentences(
    scenario: TrafficScenario, name: str, spec: Trace, rows: TraceRows | ClientPool
) -> Iterator[str]:
    yield from _left_out(name, spec, rows)
    ends_s, duration_s = covered_s(spec, scenario.traffic.load), scenario.traffic.duration_s
    if ends_s < duration_s:
        yield (f"\ndemand.{name}: {spec.path} ends at {ends_s:g} s of the {duration_s:g} s of the run, and is not "
               "started again (loop = true would); if no other demand goes on, rates are over the time that it covers")


def _left_out(name: str, spec: Trace, rows: TraceRows | ClientPool) -> Iterator[str]:
    if isinstance(rows, ClientPool):
        if rows.left_out:
            yield f"\ndemand.{name}: {rows.left_out} clients of {spec.path} have no lengths and are left out"
        return
    notes = rows.notes
    counts = {"left out as failed": notes.failed_rows, "left out as unusable": notes.unusable_rows,
              f"blank line{'s' if notes.blank_lines > 1 else ''} passed over": notes.blank_lines,
              "put in order": notes.sorted_rows}
    told = [f"{number:,} {what}" for what, number in counts.items() if number]
    if told:
        yield f"\ndemand.{name}: of {spec.path} {notes.rows:,} rows are replayed; {', '.join(told)}"


def _or_none(seconds: float) -> float | None:
    return seconds if seconds < float("inf") else None
