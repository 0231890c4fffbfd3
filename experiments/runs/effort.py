"""How much work a run is, estimated before it begins: a run that would not end is refused with what to change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from sim.errors import ScenarioError
from sim.scenario import Closed

if TYPE_CHECKING:
    from sim.scenario import TrafficScenario
    from sim.scenario.network_settings import RegionFaults
    from sim.scenario.provider_settings import Faults

MOST_REQUESTS: Final = 1e10  # hours of the compiled engine at a million a second
MOST_EVENTS: Final = 1e8  # of the calendar, which is Python: a quarter of an hour
MOST_TICKS: Final = 1e10  # looks at all offers, in compiled code
MOST_RUNS: Final = 1_000_000  # of a study: each is a row of its plan, and held in memory


class Work(NamedTuple):
    """So much of something, and the fields that it comes from."""

    number: float
    what: str
    fields: str
    most: float


def check_effort(scenario: TrafficScenario) -> None:
    """Refuse a run that would not end within hours.

    Raises
    ------
    ScenarioError
        If its requests, calendar events or ticks are too many; the text has the estimate and the fields.
    """
    for work in (*_requests(scenario), *_events(scenario), *_ticks(scenario)):
        if work.number > work.most:
            raise ScenarioError(f"the run would take about {work.number:.2g} {work.what}, more than {work.most:g}: "
                                f"change {work.fields}")


def check_runs(points: int, replications: int) -> None:
    """Refuse a study of more runs than can be listed.

    Raises
    ------
    ScenarioError
        If there are too many.
    """
    if points * replications > MOST_RUNS:
        raise ScenarioError(f"replications is {replications}, which at {points:,} points makes "
                            f"{points * replications:,} runs; at most {MOST_RUNS:,} are allowed")


def _requests(scenario: TrafficScenario) -> Iterator[Work]:
    traffic = scenario.traffic
    for name, group in scenario.demand.items():
        if isinstance(group.arrivals, Closed):
            users = group.arrivals.users
            # an answer is taken to last a second: what it does last is known after the run only
            yield Work(users / (group.arrivals.think_s + 1.0) * traffic.load * traffic.duration_s, "requests",
                       f"demand.{name}.arrivals.users ({users}), traffic.load ({traffic.load:g}) or "
                       f"traffic.duration_s ({traffic.duration_s:g})", MOST_REQUESTS)
            continue
        rate = getattr(group.arrivals, "rate_per_s", None)  # of a trace without one, the file says
        turns = group.sessions.mean_turns if group.sessions else 1.0
        yield Work((rate or 0.0) * traffic.load * traffic.duration_s * turns, "requests",
                   f"demand.{name}.arrivals.rate_per_s ({rate}), traffic.load ({traffic.load:g}) or "
                   f"traffic.duration_s ({traffic.duration_s:g})", MOST_REQUESTS)


def _events(scenario: TrafficScenario) -> Iterator[Work]:
    places: dict[str, Faults | RegionFaults] = {
        f"network.faults.{name}": faults for name, faults in scenario.network.faults.items()}
    for name, provider in scenario.providers.items():
        places[f"providers.{name}.faults"] = provider.faults
        places |= {f"providers.{name}.offers.{key}.faults": offer.faults for key, offer in provider.offers.items()
                   if offer.faults is not None}
    for path, faults in places.items():
        for kind in ("outage", "slowdown"):
            between = getattr(faults, f"{kind}_mtbf_s", None)
            if between is not None:
                repair = getattr(faults, f"{kind}_mttr_s")
                yield Work(2 * _longest_s(scenario) / (between + repair), f"{kind}s and repairs",
                           f"{path}.{kind}_mtbf_s ({between:g}), {kind}_mttr_s ({repair:g}), {_times(scenario)}",
                           MOST_EVENTS)


def _ticks(scenario: TrafficScenario) -> Iterator[Work]:
    offers = sum(len(provider.offers) for provider in scenario.providers.values())
    periods = {"traffic.publish_period_s": (1, scenario.traffic.publish_period_s)}
    periods |= {f"routers.{name}.telemetry.stale_view_s": (_copies(scenario, name), router.telemetry.stale_view_s)
                for name, router in scenario.routers.items()}
    for path, (copies, period) in periods.items():
        if period:
            yield Work(copies * offers * _longest_s(scenario) / period, "looks at offers",
                       f"{path} ({period:g}), {_times(scenario)}", MOST_TICKS)


def _copies(scenario: TrafficScenario, router: str) -> int:
    """How many routers one of the scenario is."""
    if not scenario.routers[router].client_side:
        return 1
    return sum(spec.clients for spec in scenario.demand.values() if spec.router == router)


def _longest_s(scenario: TrafficScenario) -> float:
    return scenario.traffic.duration_s + scenario.traffic.drain_s


def _times(scenario: TrafficScenario) -> str:
    return f"traffic.duration_s ({scenario.traffic.duration_s:g}) or traffic.drain_s ({scenario.traffic.drain_s:g})"
